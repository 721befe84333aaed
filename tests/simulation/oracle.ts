import type { Tx } from '../../src/postgres/database.ts'
import type { MemoryErp } from '../support/memory-connector.ts'
import { type Ledger, plain, SIDES, type Side, sideOf } from './ledger.ts'

type Row = Record<string, unknown>
type Change = {
  xid: number
  table: string
  operation: 'INSERT' | 'UPDATE' | 'DELETE'
  id: string
  new: Row | null
  old: Row | null
}
type Link = { map: string; rowId: string; key: string }
/** What was queued for the ERP, by which transaction. */
type Captured = { xid: number; map: string; id: string; columns: string[] }

/** What the oracle looks at, read from both sides without the engine. */
type Seen = {
  rows: Map<string, Row>
  history: Change[]
  links: Link[]
  captured: Captured[]
  lost: Set<string>
  /** Values of a row in the order in which they stood there. */
  versions: Map<string, Row[]>
}

/** Housekeeping of the portal: no value that anybody gave. */
const OWN = new Set(['modifiedon', 'versionnumber', 'createdon'])
const INACTIVE = 1

/**
 * Judges a history after it has become quiet: both sides equal; the last edit stands, and where two were made without knowing of each
 * other, the one that the map prefers, with the other kept as lost; no value comes back that was replaced; every record once; an
 * order never without its lines. Answers what is wrong, in sentences.
 */
export async function judge(world: { ledger: Ledger; memory: MemoryErp; tx: Tx }): Promise<string[]> {
  const { ledger, memory, tx } = world
  const seen = await see(tx)
  return [
    ...ledger.wrong,
    ...SIDES.flatMap((side) => judgePairs(side, seen, ledger, memory)),
    ...judgeOrders(seen, ledger),
    ...judgeUpdates(seen),
    ...judgeCaptured(seen, ledger),
  ]
}

async function see(tx: Tx): Promise<Seen> {
  const history = await tx<Change>`
    select xid, table_name as "table", operation, id, new, old from sim.history order by seq`
  const links = await tx<Link>`select map, row_id as "rowId", remote_key as key from dual_write.row_link order by map, remote_key`
  const captured = await tx<Captured>`select xid, map, id, columns from sim.captured order by xid, map, id`
  const lost = await tx<{ lost: string }>`select lost from dual_write.conflict where lost is not null`
  const rows = new Map<string, Row>()
  const versions = new Map<string, Row[]>()
  for (const change of history) {
    if (change.new === null) rows.delete(change.id)
    else {
      rows.set(change.id, change.new)
      versions.set(change.id, [...(versions.get(change.id) ?? []), change.new])
    }
  }
  return { rows, history, links, captured, lost: new Set(lost.map((one) => plain(one.lost))), versions }
}

/** Every row has its record and every record its row, and they hold the same, for the right reasons. */
function judgePairs(side: Side, seen: Seen, ledger: Ledger, memory: MemoryErp): string[] {
  const wrong: string[] = []
  const links = seen.links.filter((link) => link.map === side.map)
  const linkedRows = new Set(links.map((link) => link.rowId))
  const linkedKeys = new Set(links.map((link) => link.key))
  for (const change of seen.history) {
    const row = change.table === side.table && change.operation === 'INSERT' ? seen.rows.get(change.id) : undefined
    if (row !== undefined && !linkedRows.has(change.id) && !isMarked(side, row))
      wrong.push(`${side.table} ${change.id} is in the portal alone`)
  }
  for (const name of ledger.records.keys()) {
    const [entity, key = ''] = name.split(/ (.*)/)
    if (entity === side.entity && !ledger.gone.has(name) && !linkedKeys.has(key)) wrong.push(`${name} is in the ERP alone`)
  }
  for (const { rowId, key } of links) {
    const [row, record] = [seen.rows.get(rowId), memory.get(side.entity, key)]
    if (row === undefined || record === undefined) {
      wrong.push(
        `${side.entity} ${key} is linked to row ${rowId}, of which there is only ${row === undefined ? 'the record' : 'the row'}`,
      )
      continue
    }
    if (isMarked(side, row)) wrong.push(`${side.entity} ${key} was made for a row whose record the ERP had deleted`)
    for (const [column, field] of side.loose)
      if (plain(row[column]) !== plain(record[field])) wrong.push(`${side.entity} ${key} ${column}: the sides differ`)
    for (const [column, field] of side.columns) {
      const ours = runs((seen.versions.get(rowId) ?? []).map((one) => plain(one[column])))
      const theirs = runs((ledger.records.get(`${side.entity} ${key}`) ?? []).map((one) => plain(one[field])))
      for (const problem of judgeColumn(ours, theirs, ledger, seen.lost))
        wrong.push(`${side.entity} ${key} ${column}: ${problem} (portal ${ours.join(' > ')}, ERP ${theirs.join(' > ')})`)
    }
  }
  return wrong
}

/** Its record is gone, and the map keeps such rows, marked. */
function isMarked(side: Side, row: Row): boolean {
  return side.marks && row.statecode === INACTIVE
}

/** Each value once, however often it was written. */
function runs(values: readonly string[]): string[] {
  return values.filter((value, index) => index === 0 || value !== values[index - 1])
}

function judgeColumn(ours: readonly string[], theirs: readonly string[], ledger: Ledger, lost: ReadonlySet<string>): string[] {
  const final = ours.at(-1) ?? ''
  if (final !== (theirs.at(-1) ?? '')) return ['the sides differ']
  const wrong: string[] = []
  for (const [name, values] of Object.entries({ portal: ours, ERP: theirs })) {
    const authored = values.filter((value) => ledger.authors.has(value))
    if (new Set(authored).size < authored.length) wrong.push(`an older value came back in the ${name}`)
  }
  const lastOurs = ours.findLast((value) => ledger.authors.get(value) === 'portal')
  const lastTheirs = theirs.findLast((value) => ledger.authors.get(value) === 'erp')
  if (lastOurs === undefined && lastTheirs === undefined) return wrong
  if (lastOurs === undefined || lastTheirs === undefined) {
    const only = lastOurs ?? lastTheirs
    return final === only ? wrong : [...wrong, `the last edit ${only} is lost`]
  }
  const oursKnewTheirs = isBefore(ours, lastTheirs, lastOurs)
  const theirsKnewOurs = isBefore(theirs, lastOurs, lastTheirs)
  const wins = oursKnewTheirs ? lastOurs : lastTheirs
  if (final !== wins) wrong.push(`${wins} should stand`)
  if (!oursKnewTheirs && !theirsKnewOurs && !lost.has(lastOurs)) wrong.push(`${lastOurs} lost, and is not kept`)
  return wrong
}

function isBefore(values: readonly string[], first: string, second: string): boolean {
  const [a, b] = [values.indexOf(first), values.indexOf(second)]
  return a >= 0 && b >= 0 && a < b
}

/** What the ERP's people made as one came to the portal as one. */
function judgeOrders(seen: Seen, ledger: Ledger): string[] {
  const made = new Map(seen.history.filter((one) => one.operation === 'INSERT').map((one) => [one.id, one.xid]))
  const rowOf = new Map(seen.links.map((link) => [`${link.map} ${link.key}`, link.rowId]))
  const wrong: string[] = []
  for (const [key, lines] of ledger.erpOrders) {
    const order = made.get(rowOf.get(`sales-order-headers ${key}`) ?? '')
    for (const line of lines) {
      const xid = made.get(rowOf.get(`sales-order-lines ${line}`) ?? '')
      if (order !== undefined && xid !== undefined && xid !== order)
        wrong.push(`${key} stood in the portal without its line ${line}`)
    }
  }
  return wrong
}

/** A write that changes nothing is an echo, or work for nothing. */
function judgeUpdates(seen: Seen): string[] {
  return seen.history
    .filter(({ operation, new: after, old: before }) => {
      if (operation !== 'UPDATE' || after === null || before === null) return false
      return Object.keys(after).every((name) => OWN.has(name) || JSON.stringify(after[name]) === JSON.stringify(before[name]))
    })
    .map((one) => `an update of ${one.table} ${one.id} changed nothing`)
}

/** What came from the ERP is not queued to be told to it. */
function judgeCaptured({ history, captured }: Seen, ledger: Ledger): string[] {
  const changes = new Map(history.map((one) => [`${one.xid} ${one.id}`, one]))
  return captured.flatMap(({ xid, map, id, columns }) => {
    const change = changes.get(`${xid} ${id}`)
    if (change === undefined || sideOf(change.table).map !== map) return []
    const isTheirs = (name: string) => ledger.authors.get(plain(change.new?.[name])) === 'erp'
    return columns
      .filter((name) => isTheirs(name) && plain(change.new?.[name]) !== plain(change.old?.[name]))
      .map((name) => `echo: ${map} queues ${name} of ${id} for the ERP, from where it came`)
  })
}
