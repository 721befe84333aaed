import { z } from 'zod'

/** The shape of a definition's file, as people write it: what schemas/table.schema.json says, kept in one place. */
export const LOGICAL_NAME = z.string().regex(/^[a-z][a-z0-9_]{0,62}$/, 'a logical name has lower-case letters, digits and _')

/** A text, or one for each language: `Return`, `{ en: Return, fr: Retour }`. */
const LABEL = z.union([
  z.string().min(1).max(200),
  z.record(z.string().regex(/^[a-z]{2}(-[A-Z]{2})?$/), z.string().min(1).max(200)),
])
const DECIMAL = z.union([z.number(), z.string().regex(/^-?\d{1,30}(\.\d{1,20})?$/, 'a decimal number')])

const columnShape = z.strictObject({
  type: z.enum([
    'string',
    'memo',
    'integer',
    'bigint',
    'decimal',
    'money',
    'boolean',
    'date',
    'datetime',
    'choice',
    'choices',
    'lookup',
    'customer',
    'uniqueidentifier',
    'file',
    'image',
  ]),
  label: LABEL.optional(),
  description: z.string().max(2_000).default(''),
  required: z.boolean().default(false),
  /** Characters, of a string or memo. */
  length: z.int().min(1).max(1_048_576).optional(),
  /** Decimals that a decimal or money keeps. */
  scale: z.int().min(0).max(20).optional(),
  min: DECIMAL.optional(),
  max: DECIMAL.optional(),
  /** The whole text must match; the message says so to people. */
  pattern: z.strictObject({ expression: z.string().min(1).max(500), message: z.string().min(1).max(300) }).optional(),
  /** What a new row has where nobody says; of a choice its member or value. */
  default: z.union([z.string().max(4_000), z.number(), z.boolean()]).optional(),
  /** 'RMA-{SEQNUM:6}-{DATETIMEUTC:yyyy}-{RANDSTRING:4}' */
  autonumber: z.string().min(1).max(200).optional(),
  /** An expression over the row's own columns: 'quantity mul priceperunit'. */
  calculated: z.string().min(1).max(2_000).optional(),
  /** Member → value, or → value and label. */
  options: z
    .record(
      z.string().regex(/^[A-Za-z][A-Za-z0-9_-]{0,62}$/),
      z.union([z.int(), z.strictObject({ value: z.int(), label: LABEL.optional() })]),
    )
    .optional(),
  behaviour: z.enum(['user_local', 'time_zone_independent']).optional(),
  /** The table a lookup points to. A customer points to account or contact. */
  target: LOGICAL_NAME.optional(),
  onDelete: z.enum(['set null', 'cascade', 'restrict']).default('set null'),
  /** What the rows that point here are called from the target. */
  collection: LOGICAL_NAME.optional(),
  /** Of a file or image. */
  maxKb: z.int().min(1).max(1_048_576).optional(),
  accept: z.array(z.string().regex(/^[a-z]+\/([a-z0-9.+-]+|\*)$/, "a media type, as 'application/pdf' or 'image/*'")).optional(),
})

const MANY_COLUMNS = z.array(LOGICAL_NAME).min(1).max(16)
const parts = {
  columns: z.record(LOGICAL_NAME, columnShape),
  /** Alternate keys by name. */
  keys: z.record(LOGICAL_NAME, MANY_COLUMNS).default({}),
  indexes: z.array(MANY_COLUMNS).default([]),
  /** Columns that a search box looks into. */
  search: z.array(LOGICAL_NAME).default([]),
}

/** A whole table. */
export const tableShape = z.strictObject({
  table: LOGICAL_NAME,
  set: LOGICAL_NAME,
  label: LABEL.optional(),
  description: z.string().max(2_000).default(''),
  id: LOGICAL_NAME,
  /** The column that names a row to people. */
  name: LOGICAL_NAME,
  scope: z.enum(['company', 'global']),
  /** Whether every change of a row is remembered with its author. Deletions always are. */
  history: z.boolean().optional(),
  ...parts,
})

/** What an installation adds to a standard table. */
export const extensionShape = z.strictObject({
  extend: LOGICAL_NAME,
  history: z.boolean().optional(),
  ...parts,
  columns: parts.columns.default({}),
})

export type ColumnFile = z.infer<typeof columnShape>
export type TableFile = z.infer<typeof tableShape>
export type ExtensionFile = z.infer<typeof extensionShape>
export type LabelFile = z.infer<typeof LABEL>
