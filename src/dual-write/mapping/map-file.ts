import { z } from 'zod'

/** The shape of a map file: what maps/table-map.schema.json says, kept in one place (see scripts of the schema's test). */
const NAME = z.string().regex(/^[a-z][a-z0-9-]{1,62}$/, 'a map name has lower-case letters, digits and hyphens')
const COLUMN = z.string().regex(/^[a-z][a-z0-9_]{0,62}$/)
/** A data entity, or a table with its schema. */
const ENTITY = z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)?$/)
const FIELD = z.string().regex(/^[A-Za-z_][A-Za-z0-9_]{0,127}$/)
const SCALAR = z.union([z.string(), z.number(), z.boolean()])
/** The ERP's value → ours. '' is no value there, null is none here. */
export const valueList = z.record(z.string(), z.union([SCALAR, z.null()]))

/** A file of lists that maps share, by name. */
export const valueLists = z.record(z.string(), valueList)
export type ValueList = z.infer<typeof valueList>
export type ValueLists = Readonly<Record<string, Readonly<ValueList>>>

/** `portalWhile`: the portal's value stays while the condition holds for the row, the ERP's afterwards. */
const mergeRule = z.union([z.enum(['erp', 'portal', 'newest']), z.strictObject({ portalWhile: z.string().min(1) })])

const columnFile = z.strictObject({
  /** Field of the data entity; absent where a constant or an expression goes to the portal. */
  field: FIELD.optional(),
  /** `=` and `><` both ways, `>` and `>>` to the portal, `<` and `<<` to the ERP. */
  dir: z.enum(['=', '><', '>', '>>', '<', '<<']),
  /** Column, path `lookup.column`, or polymorphic path `customerid.account(accountnumber).contact(msdyn_contactpersonid)`. */
  column: z.string().optional(),
  /** Name of a list of values.yaml, or a list: the ERP's value → ours. */
  values: z.union([z.string(), valueList]).optional(),
  /**
   * What a value outside the list does: `pass` takes it as it is, `default` takes the entry's default, `hold` keeps the row back with a
   * reason, `empty` (the default) leaves the other side empty.
   */
  unmapped: z.enum(['pass', 'default', 'hold', 'empty']).optional(),
  constant: SCALAR.optional(),
  /** What the other side gets where this one has nothing: for the portal where the entry goes there, else for the ERP. */
  default: z.union([SCALAR, z.strictObject({ toPortal: SCALAR.optional(), toErp: SCALAR.optional() })]).optional(),
  /** An expression over the record's fields (docs/maps.md). */
  toPortal: z.string().min(1).optional(),
  /** An expression over the row's columns; or several, by field. */
  toErp: z.union([z.string().min(1), z.record(FIELD, z.string().min(1))]).optional(),
  case: z.literal('lower').optional(),
  else: COLUMN.optional(),
  /** Whose value stays when both sides changed the column; the map's `winner` when absent. */
  wins: mergeRule.optional(),
})

export const mapFile = z.strictObject({
  map: NAME,
  /** English, or by language. */
  title: z.union([z.string().min(1), z.strictObject({ en: z.string().min(1), fr: z.string().min(1).optional() })]),
  version: z.string().regex(/^\d+\.\d+\.\d+$/),
  table: COLUMN,
  entity: ENTITY,
  rows: z.enum(['own', 'existing', 'shared']).default('own'),
  /** Name of an alternate key of the table. */
  key: COLUMN,
  recordKey: z.array(FIELD).min(1),
  companyField: FIELD.optional(),
  filter: z.strictObject({ erp: z.string().optional(), portal: z.string().optional() }).optional(),
  winner: z.enum(['erp', 'portal']).default('erp'),
  deletes: z
    .strictObject({
      toPortal: z.enum(['propagate', 'mark', 'ignore', 'refuse']).default('ignore'),
      toErp: z.enum(['propagate', 'mark', 'ignore', 'refuse']).default('ignore'),
      /** Fields that mark a record as gone, for `toErp: mark`. */
      markErp: z.record(FIELD, SCALAR).optional(),
      /** Told to the person whose deletion is refused. */
      reason: z.string().min(1).optional(),
    })
    .default({ toPortal: 'ignore', toErp: 'ignore' }),
  /** What becomes of the other side's row when a row leaves the map's filter. */
  leaves: z
    .strictObject({
      toPortal: z.enum(['delete', 'mark', 'keep']).optional(),
      toErp: z.enum(['delete', 'mark', 'keep']).default('keep'),
    })
    .default({ toErp: 'keep' }),
  /** `manual`: ships and validates, but begins only when a person runs it. */
  start: z.enum(['auto', 'manual']).default('auto'),
  /** Maps that must not run at the same time, since they carry the same rows another way. */
  excludes: z.array(NAME).default([]),
  /** A save of the portal waits for the ERP's answer before it counts as placed. */
  confirmFirst: z.boolean().default(false),
  /** Values that a new row takes when a person gives up sending it: its readers see that nothing will come of it. */
  givenUp: z.record(COLUMN, SCALAR).optional(),
  publisher: z.string().min(1).default('comptoir'),
  /** Which side's values stay in an initial sync where both have the row; `winner` when absent. */
  initialWinner: z.enum(['erp', 'portal']).optional(),
  group: z.strictObject({ parent: NAME, through: COLUMN }).optional(),
  findBy: z.array(FIELD).default([]),
  fillFrom: z.strictObject({ through: COLUMN, columns: z.record(COLUMN, COLUMN) }).optional(),
  columns: z.array(columnFile).min(1),
})

export type MapFile = z.infer<typeof mapFile>
export type MergeRuleFile = z.infer<typeof mergeRule>
export type ColumnFile = z.infer<typeof columnFile>
