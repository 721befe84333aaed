import fc from 'fast-check'
import { add } from '#lib/decimal.ts'
import type { Type } from '#lib/expression/ast.ts'
import type { ColumnDefinition } from '#tables/definition.ts'
import type { ColumnValue } from '#tables/rows.queries.ts'
import type { ColumnMap, LookupTarget } from '../table-map.ts'
import { ID_SEPARATOR, ownKey } from './world.ts'

/** Any value that the column may hold, but nothing. */
export function valueIn(column: ColumnDefinition): fc.Arbitrary<ColumnValue> {
  switch (column.type) {
    case 'integer':
      return fc.integer({ min: Number(column.min ?? -(2 ** 31) + 1), max: Number(column.max ?? 2 ** 31 - 1) })
    case 'bigint':
      return fc.bigInt({ min: -(10n ** 17n), max: 10n ** 17n }).map(String)
    case 'choice':
      return column.options.size === 0 ? fc.integer({ min: 1, max: 999_999_999 }) : fc.constantFrom(...column.options.values())
    case 'choices':
      return fc.uniqueArray(fc.integer({ min: 1, max: 999_999 }), { minLength: 1, maxLength: 5 }).map((all) => all.join(','))
    case 'decimal':
    case 'money':
      return decimal(column.scale ?? 10)
    case 'boolean':
      return fc.boolean()
    case 'date':
      return date
    case 'datetime':
      return moment
    case 'uniqueidentifier':
      return fc.uuid()
    default:
      return text(Math.min(column.length ?? 40, 40))
  }
}

/** What the column of this map may hold: of a list of values, one of them. */
export function mappedValue(one: ColumnMap, column: ColumnDefinition): fc.Arbitrary<ColumnValue> {
  const listed = [...(one.values?.toPortal.values() ?? [])].filter((value) => value !== null)
  if (listed.length > 0) return fc.constantFrom(...listed)
  return one.lowerCase ? valueIn(column).map((value) => String(value).toLowerCase()) : valueIn(column)
}

/** The id of an imagined row behind a lookup: its key. */
export function idOf(target: LookupTarget): fc.Arbitrary<string> {
  const parts = ownKey(target).map((name) => {
    const part = target.parts.find((one) => one.column.name === name)
    if (part !== undefined) return valueIn(part.column).map((value) => String(value).replaceAll(ID_SEPARATOR, '-'))
    const hop = target.hops.find((one) => one.column.name === name)
    return hop === undefined ? fc.constant('x') : idOf(hop.target)
  })
  return fc.tuple(...parts).map((all) => all.join(ID_SEPARATOR))
}

/** What a name in an expression may stand for. */
export function valueOfType(type: Type): fc.Arbitrary<ColumnValue> {
  switch (type) {
    case 'number':
      return decimal(6)
    case 'boolean':
      return fc.boolean()
    case 'date':
      return date
    case 'datetime':
      return moment
    default:
      return text(20)
  }
}

/** Up to 15 digits before the point: what both sides keep exactly. */
export function decimal(scale: number): fc.Arbitrary<string> {
  return fc
    .tuple(fc.bigInt({ min: -(10n ** 15n), max: 10n ** 15n }), fc.integer({ min: 0, max: scale }))
    .map(([digits, places]) => {
      const plain = String(digits < 0n ? -digits : digits).padStart(places + 1, '0')
      const whole = places === 0 ? plain : `${plain.slice(0, -places)}.${plain.slice(-places)}`
      return add('0', digits < 0n ? `-${whole}` : whole)
    })
}

/** Neither side has text of space alone, and control characters are no part of business data. */
const text = (charactersMax: number) =>
  fc
    .string({
      unit: fc.oneof(
        { weight: 9, arbitrary: fc.constantFrom(...LETTERS) },
        fc.string({ unit: 'grapheme', minLength: 1, maxLength: 1 }).filter((one) => one.length === 1),
      ),
      minLength: 1,
      maxLength: charactersMax,
    })
    .filter((one) => one.trim() === one)
const LETTERS = 'abcdefgXYZ0123456789 -/.,\'"&éßÅ漢'

const date = fc
  .date({ min: new Date('1950-01-01'), max: new Date('2080-12-31'), noInvalidDate: true })
  .map((one) => one.toISOString().slice(0, 10))
const moment = fc
  .date({ min: new Date('1950-01-01'), max: new Date('2080-12-31'), noInvalidDate: true })
  .map((one) => one.toISOString())
