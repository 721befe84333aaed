import type { RemoteFields, WriteGroup } from '../../src/connector/contract.ts'

/** What people can edit on both sides: each value is written once in a history, so that it tells who wrote it and when. */
export const SIDES = [
  {
    map: 'customers',
    table: 'account',
    entity: 'CustomersV3',
    columns: [
      ['telephone1', 'PrimaryContactPhone'],
      ['fax', 'PrimaryContactFax'],
      ['description', 'SalesMemo'],
    ],
    // A version of the map may lack it for a while: only the end is judged.
    loose: [['websiteurl', 'PrimaryContactURL']],
    marks: true,
  },
  {
    map: 'contacts',
    table: 'contact',
    entity: 'CDSContactsV2',
    columns: [
      ['jobtitle', 'EmploymentProfession'],
      ['telephone1', 'PrimaryPhoneNumber'],
      ['description', 'Notes'],
    ],
    loose: [],
    // What is deleted in the ERP stays in the portal, marked.
    marks: true,
  },
  {
    map: 'sales-order-headers',
    table: 'salesorder',
    entity: 'CDSSalesOrderHeaders',
    columns: [
      ['emailaddress', 'Email'],
      ['shipto_line1', 'DeliveryAddressStreet'],
      ['msdyn_customerrequisitionnumber', 'CustomerRequisitionNumber'],
    ],
    loose: [],
    marks: false,
  },
  {
    map: 'sales-order-lines',
    table: 'salesorderdetail',
    entity: 'CDSSalesOrderLines',
    columns: [
      ['quantity', 'OrderedSalesQuantity'],
      ['msdyn_linedescription', 'LineDescription'],
      ['shipto_line1', 'DeliveryAddressStreet'],
    ],
    loose: [],
    marks: false,
  },
] as const

export type Side = (typeof SIDES)[number]

/** What was claimed before a pause may still go. */
const UNDER_WAY_MS_MAX = 400

export function sideOf(name: string): Side {
  const side = SIDES.find((one) => one.table === name || one.entity === name || one.map === name)
  if (side === undefined) throw new Error(`nothing is edited in ${name}`)
  return side
}

/**
 * What the people of a history did and what became of records, kept apart from the engine: the oracle's memory. `wrong` collects what can
 * be seen to be wrong while it happens.
 */
export type Ledger = {
  readonly wrong: string[]
  /** Who wrote a value first. */
  readonly authors: ReadonlyMap<string, 'portal' | 'erp'>
  /** Values of a record's fields in the order in which they stood there. */
  readonly records: ReadonlyMap<string, RemoteFields[]>
  readonly gone: ReadonlySet<string>
  /** Line keys of orders that the ERP's people made, by order; not during the first copy, which brings orders before lines. */
  readonly erpOrders: ReadonlyMap<string, readonly string[]>
  /** Maps of which nothing may go to the ERP, since when. */
  readonly pausedAt: Map<string, number>
  /** Lines of an order as the portal submitted it, by its reference. */
  readonly submitted: Map<string, { lines: number; deleted: number }>
  author(side: 'portal' | 'erp'): string
  /** This number for a line, or the next one of its side that no line of the history has: the portal's are even, the ERP's odd. */
  lineNumber(wanted: number): number
  beginLive(): void
  onErpOrder(key: string, lines: readonly string[]): void
  onRecord(change: { entity: string; key: string; operation: string; fields: RemoteFields | undefined }): void
  onGroup(group: WriteGroup, nowMs: number): void
  /** Writes of the engine to the ERP so far. */
  written(): number
}

export function createLedger(): Ledger {
  const wrong: string[] = []
  const authors = new Map<string, 'portal' | 'erp'>()
  const records = new Map<string, RemoteFields[]>()
  const gone = new Set<string>()
  const references = new Map<string, string>()
  const erpOrders = new Map<string, readonly string[]>()
  const lineNumbers = new Set<number>()
  let isLive = false
  let [values, writes] = [0, 0]

  const ledger: Ledger = {
    wrong,
    authors,
    records,
    gone,
    erpOrders,
    beginLive() {
      isLive = true
    },
    onErpOrder(key, lines) {
      if (isLive) erpOrders.set(key, lines)
    },
    pausedAt: new Map(),
    submitted: new Map(),
    author(side) {
      const value = String(1_000 + ++values)
      authors.set(value, side)
      return value
    },
    lineNumber(wanted) {
      let number = wanted
      while (lineNumbers.has(number)) number += 2
      lineNumbers.add(number)
      return number
    },
    onRecord({ entity, key, operation, fields }) {
      const name = `${entity} ${key}`
      if (fields === undefined) return void gone.add(name)
      if (operation === 'create') {
        if (records.has(name) && !gone.has(name)) wrong.push(`${name} was created over the record that is there`)
        const reference = fields.CustomersOrderReference ?? fields.PrimaryEmailAddress
        if (typeof reference === 'string') {
          const before = references.get(`${entity} ${reference}`)
          // Somebody may have deleted it in the ERP before the portal knew that it had arrived.
          if (before !== undefined && !gone.has(`${entity} ${before}`))
            wrong.push(`${reference} was created twice in the ERP: ${before} and ${key}`)
          references.set(`${entity} ${reference}`, key)
        }
      }
      // A record that was deleted and made again, by whoever had not heard of that, is another one.
      const before = gone.delete(name) ? [] : (records.get(name) ?? [])
      records.set(name, [...before, { ...fields }])
    },
    onGroup(group, nowMs) {
      writes += group.writes.length
      for (const write of group.writes) {
        const pausedAtMs = ledger.pausedAt.get(mapOf(write.entity))
        if (pausedAtMs !== undefined && nowMs > pausedAtMs + UNDER_WAY_MS_MAX)
          wrong.push(`${write.operation} ${write.entity} went to the ERP though its map was paused`)
        if (write.operation !== 'update') continue
        for (const [field, value] of Object.entries(write.fields))
          if (authors.get(plain(value)) === 'erp') wrong.push(`echo: ${write.key} is told its own ${field} ${value}`)
      }
      const [first, ...lines] = group.writes
      if (first?.operation !== 'create' || first.entity !== 'CDSSalesOrderHeaders') return
      const order = ledger.submitted.get(String(first.fields.CustomersOrderReference))
      if (order !== undefined && lines.length < order.lines - order.deleted)
        wrong.push(`${first.fields.CustomersOrderReference} came without all of its lines: ${lines.length} of ${order.lines}`)
    },
    written: () => writes,
  }
  return ledger
}

function mapOf(entity: string): string {
  return SIDES.find((side) => side.entity === entity)?.map ?? ''
}

/** Text in one form for both sides: '1017.0000' is '1017'. */
export function plain(value: unknown): string {
  const text = value === null || value === undefined ? '' : String(value)
  return /^\d+\.\d+$/.test(text) ? String(Number(text)) : text
}
