import type { EntityDescription } from '#connector/contract.ts'
import type { Type } from '#lib/expression/ast.ts'

/** What a field's values are to an expression; undefined where the entity has no such field. */
export function typeOfField(entity: EntityDescription, name: string): Type | undefined {
  // A side that does not describe its fields is taken at its word.
  if (entity.fields.size === 0) return 'unknown'
  const field = entity.fields.get(name)
  switch (field?.type) {
    case undefined:
      return undefined
    case 'integer':
    case 'decimal':
      return 'number'
    case 'boolean':
    case 'date':
    case 'datetime':
      return field.type
    default:
      return 'text'
  }
}
