import type { RemoteRecord } from '#connector/contract.ts'
import { recordKey } from '#connector/record-key.ts'
import { evaluate } from '#lib/expression/evaluate.ts'
import type { Tx } from '#postgres/database.ts'
import { COMPANY_COLUMN, type TableDefinition } from '#tables/definition.ts'
import type { ColumnValue, RowId } from '#tables/rows.queries.ts'
import { type Core, PARENT } from '../core.ts'
import type { ColumnMap, LookupMap, LookupTarget, TableMap } from '../table-map.ts'
import { answerLookups } from './expression-lookups.ts'
import { passes } from './filter.ts'
import { type MapGround, rowsOfDatabase } from './ground.ts'
import { KEY_SEPARATOR } from './lookup-index.ts'
import { shapeValue, textOf, toPortalValue } from './values.ts'

/** A record in the form of our table. */
export type MappedRecord = {
  record: RemoteRecord
  /** Legal entity as the ERP writes it. */
  company: string | null
  values: Record<string, ColumnValue>
  /** Lookups whose target is not here yet. */
  missing: MissingTarget[]
  /** Why the row must be kept back. */
  misfits: string[]
  /** What was lost on the way: texts that were cut. */
  warnings: string[]
  /** The record is outside the map's filter. */
  excluded: boolean
}

export type MissingTarget = {
  column: string
  required: boolean
  table: TableDefinition
  keyColumns: readonly string[]
  key: string
  /** The record that makes the missing row, where a map says how it is called. */
  remote: { map: string; remoteKey: string } | undefined
}

/** Maps records with few queries, however many they are. Fields that a record does not carry leave their columns out. */
export function mapToPortal(core: Core, tx: Tx, map: TableMap, records: readonly RemoteRecord[]): Promise<MappedRecord[]> {
  return mapRecords(rowsOfDatabase(core, tx), map, records)
}

/** The same with rows of other tables from wherever they are: map tests need no database. */
export async function mapRecords(ground: MapGround, map: TableMap, records: readonly RemoteRecord[]): Promise<MappedRecord[]> {
  const mapped = records.map((record) => mapPlain(map, record))
  if (map.table.scope === 'company' && map.companyField !== undefined) await fillCompany(ground, mapped)
  for (const one of map.columns) {
    if (one.toPortal && one.portalExpression !== undefined) await fillExpression(ground, one, mapped)
  }
  for (const lookup of map.lookups) if (lookup.toPortal) await fillLookup(ground, map, lookup, mapped)
  return mapped
}

function mapPlain(map: TableMap, record: RemoteRecord): MappedRecord {
  const company = map.companyField === undefined ? null : record.fields[map.companyField]
  const mapped: MappedRecord = {
    record,
    company: company === null || company === undefined ? null : String(company).toLowerCase(),
    values: {},
    missing: [],
    misfits: [],
    warnings: [],
    excluded: map.filter.erp !== undefined && !passes(map.filter.erp, record.fields),
  }
  const warn = (warning: string) => void mapped.warnings.push(warning)
  for (const column of map.columns) {
    if (!column.toPortal || column.column === undefined || column.portalExpression !== undefined) continue
    const remote = column.field === undefined ? null : record.fields[column.field]
    if (remote === undefined) continue
    const value = toPortalValue(column, column.column, remote, warn)
    if (value !== null && typeof value === 'object') mapped.misfits.push(value.misfit)
    else mapped.values[column.column.name] = value
  }
  return mapped
}

async function fillCompany(ground: MapGround, mapped: readonly MappedRecord[]): Promise<void> {
  const table = ground.catalog.get('cdm_company')
  const codes = mapped.flatMap((one) => one.company ?? [])
  const ids = await ground.find(table, ['cdm_companycode'], codes)
  for (const one of mapped) {
    const id = ids.get(one.company ?? '')
    if (id !== undefined) one.values[COMPANY_COLUMN] = id
    else
      one.missing.push({
        column: COMPANY_COLUMN,
        required: true,
        table,
        keyColumns: ['cdm_companycode'],
        key: one.company ?? '',
        remote: undefined,
      })
  }
}

async function fillExpression(ground: MapGround, one: ColumnMap, mapped: readonly MappedRecord[]): Promise<void> {
  const { column, portalExpression: expression } = one
  if (column === undefined || expression === undefined) return
  const asked = mapped.filter(({ record }) => expression.names.every((name) => record.fields[name] !== undefined))
  const answers = await answerLookups(ground, expression, asked, column.name)
  for (const record of asked) {
    const outcome = evaluate(expression, record.record.fields, answers.get(record))
    if ('failure' in outcome) {
      record.misfits.push(`${one.field ?? column.name}: ${outcome.failure}`)
      continue
    }
    const warn = (warning: string) => void record.warnings.push(warning)
    for (const warning of outcome.warnings) warn(`${column.name}: ${warning}`)
    const value = shapeValue(one, column, outcome.value, warn)
    if (value !== null && typeof value === 'object') record.misfits.push(value.misfit)
    else record.values[column.name] = value
  }
}

async function fillLookup(ground: MapGround, map: TableMap, lookup: LookupMap, mapped: readonly MappedRecord[]): Promise<void> {
  const open = new Map<MappedRecord, MissingTarget>()
  const asking = { column: lookup.column.name, required: isRequired(map, lookup) }
  for (const [position, target] of lookup.targets.entries()) {
    const results = await resolve(ground, asking, target, position === 0 ? mapped : [...open.keys()])
    for (const [one, result] of results) {
      if (result === null) setLookup(lookup, one, null, undefined)
      else if (typeof result !== 'string') open.set(one, open.get(one) ?? result)
      else {
        setLookup(lookup, one, result, target)
        open.delete(one)
      }
    }
  }
  for (const [one, missing] of open) {
    setLookup(lookup, one, null, undefined)
    one.missing.push(missing)
  }
}

type Asking = Pick<MissingTarget, 'column' | 'required'>

/** The row behind a lookup for each record that names one: its id, null for "none", or what is missing. Hops are found first. */
async function resolve(
  ground: MapGround,
  asking: Asking,
  target: LookupTarget,
  records: readonly MappedRecord[],
): Promise<Map<MappedRecord, RowId | null | MissingTarget>> {
  const results = new Map<MappedRecord, RowId | null | MissingTarget>()
  const hops: Map<MappedRecord, RowId | null | MissingTarget>[] = []
  for (const hop of target.hops) hops.push(await resolve(ground, asking, hop.target, records))
  const keys = new Map<MappedRecord, string>()
  for (const one of records) {
    const behind = hops.map((hop) => hop.get(one))
    const missing = behind.find((found) => found !== null && typeof found === 'object')
    const key = missing === undefined ? keyOf(target, one, behind as (RowId | null | undefined)[]) : undefined
    if (missing !== undefined && missing !== null) results.set(one, missing)
    else if (key === null) results.set(one, null)
    else if (key !== undefined) keys.set(one, key)
  }
  if (keys.size === 0) return results
  const columns = keyColumnsOf(target)
  const ids = await ground.find(target.table, columns, [...keys.values()])
  for (const [one, key] of keys) {
    const remote = () => remoteOf(ground.maps, target, one)
    results.set(one, ids.get(key) ?? { ...asking, table: target.table, keyColumns: columns, key, remote: remote() })
  }
  return results
}

/** A key without its lookup is no key. */
function isRequired(map: TableMap, lookup: LookupMap): boolean {
  return lookup.column.required || map.key.includes(lookup.column.name)
}

export function setLookup(
  lookup: Pick<LookupMap, 'column'>,
  mapped: Pick<MappedRecord, 'values'>,
  id: RowId | null,
  target: Pick<LookupTarget, 'table'> | undefined,
): void {
  mapped.values[lookup.column.name] = id
  if (lookup.column.type === 'customer') mapped.values[`${lookup.column.name}type`] = target?.table.name ?? null
}

export function keyColumnsOf(target: LookupTarget): string[] {
  return [
    ...target.parts.map((part) => part.column.name),
    ...target.hops.map((hop) => hop.column.name),
    ...(target.inCompany ? [COMPANY_COLUMN] : []),
  ]
}

/** Undefined: the record does not say. Null: it says "none". `behind` are the rows that the hops lead to. */
function keyOf(
  target: LookupTarget,
  mapped: MappedRecord,
  behind: readonly (RowId | null | undefined)[],
): string | null | undefined {
  const texts: string[] = []
  for (const part of target.parts) {
    const value = mapped.record.fields[part.field]
    if (value === undefined) return undefined
    const text = textOf(part.column, value)
    if (text === null) return null
    texts.push(text)
  }
  for (const id of behind) {
    if (id === undefined || id === null) return id
    texts.push(id)
  }
  if (target.inCompany) texts.push(String(mapped.values[COMPANY_COLUMN] ?? ''))
  return texts.join(KEY_SEPARATOR)
}

/** What the ERP calls the record behind a missing target: the fields that name it here, under the names they have there. */
function remoteOf(maps: readonly TableMap[], target: LookupTarget, mapped: MappedRecord): MissingTarget['remote'] {
  for (const maker of maps) {
    if (maker.table !== target.table || maker.rows !== 'own') continue
    const fields: Record<string, string | number | boolean | null> = {}
    if (maker.companyField !== undefined) fields[maker.companyField] = mapped.company
    for (const part of target.parts) {
      const field = maker.columns.find(
        (one) => one.column?.name === part.column.name && maker.recordKey.includes(one.field ?? ''),
      )
      const value = mapped.record.fields[part.field]
      if (field?.field !== undefined && value !== undefined) fields[field.field] = value
    }
    if (maker.recordKey.every((name) => fields[name] !== undefined && fields[name] !== null))
      return { map: maker.name, remoteKey: recordKey(maker.recordKey, maker.companyField, fields) }
  }
  return undefined
}

/** The sentence for a row that waits. */
export function waitsFor(missing: readonly MissingTarget[]): { code: string; reason: string } {
  const names = missing.map((one) => `${one.table.name} ${one.key.split(KEY_SEPARATOR)[0] ?? ''}`)
  return { code: PARENT, reason: `Waits for ${names.join(', ')}, which is not here yet` }
}
