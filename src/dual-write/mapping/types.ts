import type { FieldDescription, FieldType } from '#connector/contract.ts'
import type { ColumnDefinition, ColumnType } from '#tables/definition.ts'

/** Field types whose values a column takes as they are. Text takes anything; anything takes text that has its form. */
const TAKES: Readonly<Record<ColumnType, readonly FieldType[]>> = {
  string: ['string', 'enum', 'guid', 'integer', 'decimal', 'date', 'datetime', 'boolean'],
  memo: ['string', 'enum', 'guid', 'integer', 'decimal', 'date', 'datetime', 'boolean'],
  integer: ['integer', 'decimal'],
  bigint: ['integer', 'decimal'],
  decimal: ['integer', 'decimal'],
  money: ['integer', 'decimal'],
  choice: ['integer'],
  boolean: ['boolean', 'enum'],
  date: ['date', 'datetime'],
  datetime: ['date', 'datetime'],
  choices: ['string'],
  uniqueidentifier: ['guid', 'string'],
  lookup: [],
  customer: [],
  file: [],
  image: [],
}

/** Column types whose values a field takes as they are. */
const GOES: Readonly<Record<FieldType, readonly ColumnType[]>> = {
  string: ['string', 'memo', 'choices', 'uniqueidentifier'],
  enum: ['string'],
  guid: ['uniqueidentifier', 'string'],
  integer: ['integer', 'bigint', 'choice'],
  decimal: ['integer', 'bigint', 'decimal', 'money'],
  boolean: ['boolean'],
  date: ['date', 'datetime'],
  datetime: ['date', 'datetime'],
}

/** Why a field and a column do not go together without a transform, in a way that the map has; undefined where they do. */
export function whyUnlike(
  field: FieldDescription,
  column: ColumnDefinition,
  way: { toPortal: boolean; toErp: boolean },
): string | undefined {
  if (way.toPortal && !TAKES[column.type].includes(field.type)) return `a ${column.type} column does not take a ${field.type}`
  if (way.toErp && !GOES[field.type].includes(column.type)) return `a ${field.type} field does not take a ${column.type}`
  return undefined
}
