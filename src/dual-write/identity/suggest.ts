import type { RemoteRecord } from '#connector/contract.ts'
import { AppError } from '#lib/app-error.ts'
import type { Tx } from '#postgres/database.ts'
import { COMPANY_COLUMN } from '#tables/definition.ts'
import { engineRows } from '#tables/predicate.ts'
import { cursorOf } from '#tables/query.ts'
import type { QueryRow, RowQuery } from '#tables/row-query.ts'
import { findCompanyId, listRows, type RowId } from '#tables/rows.queries.ts'
import type { Core } from '../core.ts'
import type { MatchRule, PairSuggestion } from '../facets-rows.ts'
import { findLinksByKey, findLinksByRow } from '../links.queries.ts'
import { portalRows } from '../mapping/filters.ts'
import { type MappedRecord, mapToPortal } from '../mapping/to-portal.ts'
import { textOf } from '../mapping/values.ts'
import { selectionOf } from '../sync/copy-pages.ts'
import type { TableMap } from '../table-map.ts'

const PAGE_ROWS_MAX = 1_000
/** Rows without a record that are held against the records. */
const ROWS_MAX = 100_000
const RECORDS_MAX = 1_000_000
const READ_MS_MAX = 120_000

type Sought = { map: TableMap; company: string | undefined; rules: readonly MatchRule[]; rowsMax: number }

/**
 * Pairs of rows and records without a link that meet one of the rules, in the order of the rules: which row is which record, as far as
 * their values tell. Reads both sides; changes nothing.
 */
export async function suggestPairs(core: Core, sought: Sought, signal: AbortSignal): Promise<PairSuggestion[]> {
  const { map } = sought
  const rules = sought.rules.length === 0 ? rulesOf(map) : sought.rules
  checkRules(map, rules)
  const rows = await readRows(core, map, sought.company)
  if (rows.length === 0) return []
  const index = rules.map((rule) => Map.groupBy(rows, (row) => keyOf(map, rule, row) ?? ''))
  const found: Found[] = []
  for await (const mapped of readRecords(core, map, sought.company, signal)) {
    for (const one of mapped) found.push(...matchesOf(map, rules, index, one))
    if (found.length >= sought.rowsMax * FOUND_PER_SUGGESTION) break
  }
  return toSuggestions(map, rules, found).slice(0, sought.rowsMax)
}

/** More than one record may match a row, so more is looked at than is shown. */
const FOUND_PER_SUGGESTION = 4

type Found = { rule: number; key: string; row: QueryRow; one: MappedRecord }

/** The integration key, an e-mail address, the name with the postal code, the name alone: as far as the map carries them. */
function rulesOf(map: TableMap): MatchRule[] {
  const carried = new Set(map.columns.flatMap((one) => (one.toPortal && one.column !== undefined ? [one.column.name] : [])))
  const [name, post] = [map.table.nameColumn, 'address1_postalcode']
  const key = map.key.filter((column) => column !== COMPANY_COLUMN)
  const rules: MatchRule[] = [
    { name: 'integration key', columns: key.map((column) => ({ column, as: 'exact' as const })) },
    { name: 'e-mail address', columns: [{ column: 'emailaddress1', as: 'loose' }] },
    {
      name: 'name and postal code',
      columns: [
        { column: name, as: 'loose' },
        { column: post, as: 'loose' },
      ],
    },
    { name: 'name', columns: [{ column: name, as: 'loose' }] },
  ]
  return rules.filter((rule) => rule.columns.length > 0 && rule.columns.every(({ column }) => carried.has(column)))
}

function checkRules(map: TableMap, rules: readonly MatchRule[]): void {
  for (const rule of rules)
    for (const { column } of rule.columns)
      if (!map.table.columns.has(column))
        throw new AppError('request.invalid', `The rule "${rule.name}" names ${column}, which ${map.table.name} does not have`)
}

/** One text for what a rule compares; undefined where a value is missing: nothing is like nothing. */
function keyOf(map: TableMap, rule: MatchRule, values: QueryRow): string | undefined {
  const parts: string[] = []
  for (const { column, as } of rule.columns) {
    const definition = map.table.columns.get(column)
    const text = definition === undefined ? null : textOf(definition, values[column])
    const part = text === null ? '' : as === 'exact' ? text : as === 'domain' ? domainOf(text) : looseOf(text)
    if (part === '') return undefined
    parts.push(part)
  }
  return parts.join('\u001f')
}

function looseOf(text: string): string {
  return text
    .normalize('NFKD')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}@]/gu, '')
}

function domainOf(text: string): string {
  return text.slice(text.lastIndexOf('@') + 1).toLowerCase()
}

async function readRows(core: Core, map: TableMap, company: string | undefined): Promise<QueryRow[]> {
  const found: QueryRow[] = []
  const companyId = company === undefined ? undefined : await core.database.read((tx) => findCompanyId(tx, company))
  let page: RowQuery = {
    table: map.table,
    columns: [...map.table.columns.keys()].filter((name) => name !== map.table.idColumn),
    predicate: portalRows(core.catalog, map) ?? engineRows,
    ...filterOf(map, companyId),
    orderBy: [{ column: map.table.idColumn, descending: false }],
    rowsMax: PAGE_ROWS_MAX,
  }
  for (;;) {
    const rows = await core.database.read(async (tx) => {
      const read = await listRows(tx, core.catalog, page)
      const linked = await findLinksByRow(
        tx,
        map.name,
        read.map((row) => idOf(map, row)),
      )
      found.push(...read.filter((row) => !linked.has(idOf(map, row))))
      return read
    })
    const last = rows.at(-1)
    if (last === undefined || rows.length < PAGE_ROWS_MAX || found.length >= ROWS_MAX) return found
    page = { ...page, after: cursorOf(page, last) }
  }
}

function filterOf(map: TableMap, companyId: RowId | undefined): Pick<RowQuery, 'filter'> {
  if (companyId === undefined || !map.table.columns.has(COMPANY_COLUMN)) return {}
  return {
    filter: {
      kind: 'compare',
      operator: 'eq',
      left: { kind: 'path', names: [COMPANY_COLUMN], position: 0 },
      right: { kind: 'literal', literal: { type: 'guid', value: companyId }, position: 0 },
      position: 0,
    },
  }
}

async function* readRecords(
  core: Core,
  map: TableMap,
  company: string | undefined,
  signal: AbortSignal,
): AsyncGenerator<MappedRecord[]> {
  let after: string | undefined
  let seen = 0
  do {
    const page = await core.connector.readPage(
      {
        ...selectionOf(core, map, company ?? ''),
        fields: map.fields,
        rowsMax: Math.min(PAGE_ROWS_MAX, core.connector.capabilities.pageRowsMax),
        ...(after === undefined ? {} : { after }),
      },
      AbortSignal.any([signal, AbortSignal.timeout(READ_MS_MAX)]),
    )
    yield await core.database.read((tx) => mapUnlinked(core, tx, map, page.records))
    seen += page.records.length
    after = page.next
  } while (after !== undefined && seen < RECORDS_MAX)
}

async function mapUnlinked(core: Core, tx: Tx, map: TableMap, records: readonly RemoteRecord[]): Promise<MappedRecord[]> {
  const links = await findLinksByKey(
    tx,
    map.name,
    records.map((record) => record.key),
  )
  const mapped = await mapToPortal(
    core,
    tx,
    map,
    records.filter((record) => !links.has(record.key)),
  )
  return mapped.filter((one) => !one.excluded)
}

/** What the first rule that any row meets says. */
function matchesOf(
  map: TableMap,
  rules: readonly MatchRule[],
  index: readonly ReadonlyMap<string, readonly QueryRow[]>[],
  one: MappedRecord,
): Found[] {
  for (const [position, rule] of rules.entries()) {
    const key = keyOf(map, rule, one.values)
    const rows = key === undefined ? [] : (index[position]?.get(key) ?? [])
    // Companies do not share rows.
    const same = rows.filter(
      (row) => !map.table.columns.has(COMPANY_COLUMN) || row[COMPANY_COLUMN] === one.values[COMPANY_COLUMN],
    )
    if (key !== undefined && same.length > 0) return same.map((row) => ({ rule: position, key, row, one }))
  }
  return []
}

function toSuggestions(map: TableMap, rules: readonly MatchRule[], found: readonly Found[]): PairSuggestion[] {
  const perRow = Map.groupBy(found, ({ row }) => idOf(map, row))
  const perRecord = Map.groupBy(found, ({ one }) => one.record.key)
  return [...found]
    .sort((a, b) => a.rule - b.rule)
    .flatMap(({ rule: position, row, one }) => {
      const rule = rules[position]
      if (rule === undefined) return []
      const isOnly = perRow.get(idOf(map, row))?.length === 1 && perRecord.get(one.record.key)?.length === 1
      const shown = [...new Set([map.table.nameColumn, ...rule.columns.map(({ column }) => column)])]
      return [
        {
          map: map.name,
          company: one.company ?? '',
          rowId: idOf(map, row),
          remoteKey: one.record.key,
          rule: rule.name,
          certain: isOnly && rule.columns.some(({ as }) => as === 'exact'),
          columns: shown.flatMap((column) => {
            const definition = map.table.columns.get(column)
            if (definition === undefined) return []
            return [{ column, portal: textOf(definition, row[column]), erp: textOf(definition, one.values[column]) }]
          }),
        },
      ]
    })
}

function idOf(map: TableMap, row: QueryRow): RowId {
  return String(row[map.table.idColumn])
}
