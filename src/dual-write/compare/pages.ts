import type { RecordPage, RemoteRecord } from '#connector/contract.ts'
import type { QueryRow } from '#tables/row-query.ts'
import { readRowsById } from '#tables/rows.queries.ts'
import { type ComparedLink, findComparedLinks } from '../comparison.queries.ts'
import type { Core } from '../core.ts'
import { fieldsIn, passes } from '../mapping/filter.ts'
import { mapToPortal } from '../mapping/to-portal.ts'
import { selectionOf } from '../sync/copy-pages.ts'
import type { TableMap } from '../table-map.ts'
import { comparedFields, differingColumns, isAsAgreed } from './columns.ts'
import { boundsOf, type Pass, type RangeState } from './ranges.ts'
import { findRowsOfKeys } from './rows-of-keys.ts'

export type PageFindings = {
  /** Records within the map's filter. */
  rows: number
  /** Keys that are linked, and of these the ones from before the pass began: what `digestLinkedKeys` must find, too. */
  linkedKeys: string[]
  oldKeys: string[]
  /** A record that belongs here has no link yet. */
  isIncomplete: boolean
  /** Keys that seem to differ and must be looked at whole. */
  suspects: string[]
}

const PAGE_ROWS_MAX = 1_000

export function readComparedPage(
  core: Core,
  of: Pass,
  at: { range: RangeState; after: string | undefined },
  signal: AbortSignal,
): Promise<RecordPage> {
  const { range, after } = at
  const isWhole = range.from === null && range.before === null
  return core.connector.readPage(
    {
      ...selectionOf(core, of.map, of.company),
      fields: readsValues(of) ? comparedFields(of.map) : keyFields(of.map),
      rowsMax: Math.min(PAGE_ROWS_MAX, core.connector.capabilities.pageRowsMax),
      ...(isWhole ? {} : { range: boundsOf(range) }),
      ...(after === undefined ? {} : { after }),
    },
    signal,
  )
}

function readsValues(of: Pass): boolean {
  return of.isExact || of.memory !== undefined
}

/** Compares one page with what the portal has, in as many statements as the map has lookups, and a few. */
export function findSuspects(core: Core, of: Pass, records: readonly RemoteRecord[]): Promise<PageFindings> {
  if (of.map.rows !== 'own') return findForeignSuspects(core, of, records)
  const { map } = of
  return core.database.read(async (tx) => {
    const links = await findComparedLinks(
      tx,
      { map: map.name, startedAt: of.startedAt },
      records.map((record) => record.key),
    )
    const rows = await readRowsById(
      tx,
      map.table,
      [...links.values()].map((link) => link.rowId),
    )
    const mapped = readsValues(of)
      ? new Map((await mapToPortal(core, tx, map, records)).map((one) => [one.record.key, one]))
      : undefined
    const isSame = (record: RemoteRecord, link: ComparedLink, row: QueryRow) => {
      const whole = mapped?.get(record.key)
      if (whole === undefined) return record.version === link.remoteVersion && isAsAgreed(map, row, link.agreed)
      return whole.misfits.length === 0 && differingColumns(map, whole, row, link.agreed).length === 0
    }
    const findings: PageFindings = { rows: 0, linkedKeys: [], oldKeys: [], isIncomplete: false, suspects: [] }
    for (const record of records) {
      const link = links.get(record.key)
      const isExcluded = map.filter.erp !== undefined && !passes(map.filter.erp, record.fields)
      if (!isExcluded) findings.rows += 1
      // Its link is accounted for, whatever becomes of it below.
      if (link !== undefined) findings.linkedKeys.push(record.key)
      if (link?.isOld) findings.oldKeys.push(record.key)
      if (link === undefined && !isExcluded) findings.isIncomplete = true
      const row = link === undefined ? undefined : rows.get(link.rowId)
      const isRight = isExcluded ? link === undefined : link !== undefined && row !== undefined && isSame(record, link, row)
      if (!isRight) findings.suspects.push(record.key)
    }
    return findings
  })
}

function findForeignSuspects(core: Core, of: Pass, records: readonly RemoteRecord[]): Promise<PageFindings> {
  const { map } = of
  return core.database.read(async (tx) => {
    const mapped = (await mapToPortal(core, tx, map, records)).filter((one) => !one.excluded)
    const rowsOf = await findRowsOfKeys(core, tx, map, mapped)
    const differs = mapped.filter((one) => {
      const rows = rowsOf.get(one) ?? []
      return map.rows === 'shared' ? rows.length === 0 : rows.some((row) => differingColumns(map, one, row, undefined).length > 0)
    })
    return {
      ...{ rows: mapped.length, linkedKeys: [], oldKeys: [], isIncomplete: false },
      suspects: differs.map((one) => one.record.key),
    }
  })
}

function keyFields(map: TableMap): string[] {
  const fields = [...map.recordKey, ...(map.companyField === undefined ? [] : [map.companyField])]
  return [...new Set([...fields, ...(map.filter.erp === undefined ? [] : fieldsIn(map.filter.erp))])]
}
