import type { RemoteRecord } from '#connector/contract.ts'
import { recordKey } from '#connector/record-key.ts'
import type { Tx } from '#postgres/database.ts'
import { COMPANY_COLUMN, type TableDefinition } from '#tables/definition.ts'
import type { ColumnValue, RowId } from '#tables/rows.queries.ts'
import { type Core, PARENT } from '../core.ts'
import type { LookupMap, LookupTarget, TableMap } from '../table-map.ts'
import { passes } from './filter.ts'
import { KEY_SEPARATOR } from './lookup-index.ts'
import { textOf, toPortalValue } from './values.ts'

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
export async function mapToPortal(core: Core, tx: Tx, map: TableMap, records: readonly RemoteRecord[]): Promise<MappedRecord[]> {
  const mapped = records.map((record) => mapPlain(map, record))
  if (map.table.scope === 'company' && map.companyField !== undefined) await fillCompany(core, tx, mapped)
  for (const lookup of map.lookups) if (lookup.toPortal) await fillLookup(core, tx, map, lookup, mapped)
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
    excluded: map.filter.erp !== undefined && !passes(map.filter.erp, record.fields),
  }
  for (const column of map.columns) {
    if (!column.toPortal || column.column === undefined) continue
    const remote = column.field === undefined ? null : record.fields[column.field]
    if (remote === undefined) continue
    const value = toPortalValue(column, column.column, remote)
    if (value !== null && typeof value === 'object') mapped.misfits.push(value.misfit)
    else mapped.values[column.column.name] = value
  }
  return mapped
}

async function fillCompany(core: Core, tx: Tx, mapped: readonly MappedRecord[]): Promise<void> {
  const table = core.catalog.get('cdm_company')
  const codes = mapped.flatMap((one) => one.company ?? [])
  const ids = await core.index.find(tx, table, ['cdm_companycode'], codes)
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

async function fillLookup(core: Core, tx: Tx, map: TableMap, lookup: LookupMap, mapped: readonly MappedRecord[]): Promise<void> {
  const open = new Map<MappedRecord, MissingTarget>()
  const name = lookup.column.name
  for (const [position, target] of lookup.targets.entries()) {
    const columns = keyColumnsOf(target)
    const keys = new Map<MappedRecord, string>()
    for (const one of position === 0 ? mapped : open.keys()) {
      const key = keyOf(target, one)
      if (key === undefined) continue
      if (key === null) setLookup(lookup, one, null, undefined)
      else keys.set(one, key)
    }
    if (keys.size === 0) continue
    const ids = await core.index.find(tx, target.table, columns, [...keys.values()])
    for (const [one, key] of keys) {
      const id = ids.get(key)
      if (id !== undefined) {
        setLookup(lookup, one, id, target)
        open.delete(one)
      } else if (!open.has(one)) {
        const remote = remoteOf(core, target, one)
        open.set(one, { column: name, required: isRequired(map, lookup), table: target.table, keyColumns: columns, key, remote })
      }
    }
  }
  for (const [one, missing] of open) {
    setLookup(lookup, one, null, undefined)
    one.missing.push(missing)
  }
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
  return [...target.parts.map((part) => part.column.name), ...(target.inCompany ? [COMPANY_COLUMN] : [])]
}

/** Undefined: the record does not say. Null: it says "none". */
function keyOf(target: LookupTarget, mapped: MappedRecord): string | null | undefined {
  const texts: string[] = []
  for (const part of target.parts) {
    const value = mapped.record.fields[part.field]
    if (value === undefined) return undefined
    const text = textOf(part.column, value)
    if (text === null) return null
    texts.push(text)
  }
  if (target.inCompany) texts.push(String(mapped.values[COMPANY_COLUMN] ?? ''))
  return texts.join(KEY_SEPARATOR)
}

/** What the ERP calls the record behind a missing target: the fields that name it here, under the names they have there. */
function remoteOf(core: Core, target: LookupTarget, mapped: MappedRecord): MissingTarget['remote'] {
  for (const maker of core.maps) {
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
