import { required } from '#lib/assert.ts'
import { identifier, type Sql, sql, trueSql } from '#postgres/sql.ts'
import type { Catalog } from '#tables/catalog.ts'
import { COMPANY_COLUMN, type TableDefinition } from '#tables/definition.ts'
import { noRows, type RowPredicate, rowsBelow } from '#tables/predicate.ts'
import type { TablePermission } from '../policy.ts'
import type { Visitor } from '../visitor.ts'

/** The rows of one permission for one visitor. `noRows` (the very object) when the visitor lacks what the scope is measured by. */
export function compileScope(
  catalog: Catalog,
  byName: ReadonlyMap<string, TablePermission>,
  permission: TablePermission,
  visitor: Visitor,
): RowPredicate {
  const { scope } = permission
  const table = catalog.get(permission.table)
  const grant = (condition: (alias: Sql) => Sql): RowPredicate => ({ reason: permission.name, sql: condition })
  const contact = visitor.kind === 'contact' ? visitor : undefined
  switch (scope.accessType) {
    case 'global':
      return grant(() => trueSql)
    case 'company': {
      const companyId = contact?.companyId ?? null
      return companyId === null ? noRows : grant((alias) => equals(alias, COMPANY_COLUMN, companyId))
    }
    case 'account': {
      const accountId = contact?.accountId ?? null
      return accountId === null ? noRows : grant((alias) => pointsTo(alias, table, scope.relationship, 'account', accountId))
    }
    case 'contact':
      return contact === undefined
        ? noRows
        : grant((alias) => pointsTo(alias, table, scope.relationship, 'contact', contact.contactId))
    case 'self':
      return contact === undefined ? noRows : grant((alias) => equals(alias, table.idColumn, contact.contactId))
    case 'parent': {
      const parent = required(byName.get(scope.permission), 'the parent permission')
      const parentRows = compileScope(catalog, byName, parent, visitor)
      return parentRows === noRows
        ? noRows
        : rowsBelow(permission.name, table, scope.through, catalog.get(parent.table), parentRows)
    }
    default:
      return scope satisfies never
  }
}

function pointsTo(alias: Sql, table: TableDefinition, relationship: string | undefined, target: string, id: string): Sql {
  if (relationship === undefined) return equals(alias, table.idColumn, id)
  if (table.columns.get(relationship)?.type !== 'customer') return equals(alias, relationship, id)
  return sql`(${equals(alias, relationship, id)} and ${alias}.${identifier(`${relationship}type`)} = ${target})`
}

function equals(alias: Sql, column: string, id: string): Sql {
  return sql`${alias}.${identifier(column)} = ${id}::uuid`
}
