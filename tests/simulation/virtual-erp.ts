import type { Connector, RemoteFields, RemoteNotice, WriteGroup, WriteOutcome } from '../../src/connector/contract.ts'
import { AppError } from '../../src/lib/app-error.ts'
import { createMemoryErp, type MemoryErp } from '../support/memory-connector.ts'
import type { Dice } from './random.ts'
import type { Life, Timeline } from './timeline.ts'

/** What goes wrong at the ERP, as probabilities of one call or notice. */
export type ErpFaults = {
  /** Asks for later, with or without saying when. */
  throttled: number
  /** A write is carried out and its answer lost. */
  lost: number
  /** No answer for minutes: the caller gives up, what it asked for is carried out all the same. */
  hung: number
  /** A notice comes twice, late, or never. */
  doubled: number
  late: number
  dropped: number
  /** Out of service until then. */
  outUntilMs: number
}

export const NO_ERP_FAULTS: ErpFaults = { throttled: 0, lost: 0, hung: 0, doubled: 0, late: 0, dropped: 0, outUntilMs: 0 }

export type VirtualErp = {
  memory: MemoryErp
  /** The ERP as one process reaches it. */
  connect(life: Life): Connector
  /** Notices that have not arrived. */
  onTheWay(): number
}

/** Whoever writes this asks for a refusal. */
export const REFUSED = 'REFUSE'

const CALL_MS = 25
const ANSWER_MS = 8
const HUNG_MS = 130_000
const DELIVERY_MS_MAX = 10_000
const AGAIN_MS = 700

const company = { companyField: 'dataAreaId' }
const ENTITIES = {
  LegalEntities: { keyFields: ['LegalEntityId'] },
  Currencies: { keyFields: ['CurrencyCode'] },
  UnitsOfMeasure: { keyFields: ['UnitSymbol'] },
  CustomersV3: { keyFields: ['dataAreaId', 'CustomerAccount'], ...company },
  CDSContactsV2: {
    keyFields: ['dataAreaId', 'ContactPersonId'],
    ...company,
    numbered: { field: 'ContactPersonId', prefix: 'K' },
  },
  CDSReleasedDistinctProducts: { keyFields: ['dataAreaId', 'ItemNumber'], ...company },
  CDSSalesOrderHeaders: {
    keyFields: ['dataAreaId', 'SalesOrderNumber'],
    ...company,
    numbered: { field: 'SalesOrderNumber', prefix: 'SO-' },
  },
  CDSSalesOrderLines: { keyFields: ['dataAreaId', 'SalesOrderNumber', 'LineCreationSequenceNumber'], ...company },
} as const

/** The ERP in memory behind a network: calls and notices take virtual time, and go wrong as the faults say. */
export function createVirtualErp(world: {
  timeline: Timeline
  dice: Dice
  faults: ErpFaults
  /** It is given many groups at a time. */
  takesMany: boolean
  onChange: Parameters<typeof createMemoryErp>[1]
  /** Just before a group is carried out. */
  onGroup: (group: WriteGroup) => void
  /** Takes a notice as the process that listens does; undefined while none does. */
  receiver: () => ((body: unknown) => Promise<void>) | undefined
}): VirtualErp {
  const { timeline, dice, faults, takesMany } = world
  const memory = createMemoryErp(ENTITIES, world.onChange)
  const life: Life = { name: 'erp', isOver: false }
  let underWay = 0
  memory.deliverTo(async (body) => {
    const notice = body as RemoteNotice
    if (dice.chance(faults.dropped)) return
    for (let times = dice.chance(faults.doubled) ? 2 : 1; times > 0; times--)
      send(notice, dice.around(dice.chance(faults.late) ? 15_000 : 40))
  })

  function send(notice: RemoteNotice, afterMs: number): void {
    underWay++
    timeline.at(life, `notice ${notice.operation} ${notice.entity} ${notice.key}`, afterMs, () => {
      const receive = world.receiver()
      const again = () => {
        underWay--
        send(notice, AGAIN_MS)
      }
      if (receive === undefined || timeline.nowMs() < faults.outUntilMs) return again()
      let isOver = false
      const end = (then: () => void) => () => {
        if (!isOver) then()
        isOver = true
      }
      const done = end(() => void underWay--)
      timeline.at(life, 'a notice is not answered', DELIVERY_MS_MAX, end(again))
      receive(notice).then(done, end(again))
    })
  }

  async function open(): Promise<void> {
    if (timeline.nowMs() < faults.outUntilMs) throw new AppError('connector.unavailable', 'The ERP does not answer')
    if (dice.chance(faults.throttled))
      throw new AppError(
        'connector.unavailable',
        'Too many requests',
        dice.chance(0.5) ? { details: { afterMs: dice.upTo(8_000) } } : {},
      )
  }

  async function writeGroup(group: WriteGroup): Promise<readonly WriteOutcome[]> {
    const all = (outcome: WriteOutcome) => group.writes.map(() => outcome)
    if (timeline.nowMs() < faults.outUntilMs) return all({ kind: 'retry', afterMs: undefined, reason: 'The ERP does not answer' })
    if (dice.chance(faults.throttled))
      return all({ kind: 'retry', afterMs: dice.chance(0.5) ? dice.upTo(8_000) : undefined, reason: 'Too many requests' })
    const refusal = refusalOf(memory, group)
    if (refusal !== undefined) return all({ kind: 'rejected', code: 'erp.refused', message: refusal })
    world.onGroup(group)
    const outcomes = await memory.connector.writeGroup(group, new AbortController().signal)
    for (const write of group.writes)
      if (write.operation === 'delete' && write.entity === 'CDSSalesOrderHeaders') removeLines(memory, write.key)
    if (dice.chance(faults.lost)) return all({ kind: 'retry', afterMs: undefined, reason: 'The answer was lost' })
    return outcomes
  }

  function connect(caller: Life): Connector {
    const call = <T>(label: string, signal: AbortSignal, work: () => Promise<T>): Promise<T> =>
      new Promise((resolve, reject) => {
        if (caller.isOver) return
        if (signal.aborted) return reject(signal.reason)
        signal.addEventListener('abort', () => reject(signal.reason), { once: true })
        const answerMs = dice.around(dice.chance(faults.hung) ? HUNG_MS : ANSWER_MS)
        const answered = timeline.perform(life, `${caller.name} ${label}`, work, { afterMs: dice.around(CALL_MS), answerMs })
        answered.then(
          (result) => caller.isOver || resolve(result),
          (error: unknown) => caller.isOver || reject(error),
        )
      })
    const reading = <T>(work: () => Promise<T>) => open().then(work)
    const writeGroups = (groups: readonly WriteGroup[], signal: AbortSignal) =>
      call(`writes at once ${groups.flatMap(({ writes }) => writes.map(textOf)).join(', ')}`, signal, async () => {
        const outcomes: (readonly WriteOutcome[])[] = []
        for (const group of groups) outcomes.push(await writeGroup(group))
        return outcomes
      })
    const connector = memory.connector as Required<Connector>
    return {
      ...connector,
      describe: (signal) => call('describes', signal, () => reading(() => connector.describe(signal))),
      readPage: (request, signal) =>
        call(`reads a page of ${request.entity}`, signal, () => reading(() => connector.readPage(request, signal))),
      readRecords: (request, signal) =>
        call(`reads ${request.keys.join(' ')}`, signal, () => reading(() => connector.readRecords(request, signal))),
      registerEvents: (request, signal) =>
        call('registers', signal, () => reading(() => connector.registerEvents(request, signal))),
      readChanges: (request, signal) =>
        call(`reads changes of ${request.entity}`, signal, () => reading(() => connector.readChanges(request, signal))),
      splitRanges: (request, signal) =>
        call(`splits ${request.entity}`, signal, () => reading(() => connector.splitRanges(request, signal))),
      hashRange: (request, signal) =>
        call(`hashes ${request.entity}`, signal, () => reading(() => connector.hashRange(request, signal))),
      ping: (signal) => call('is pinged', signal, () => reading(() => connector.ping(signal))),
      writeGroup: (group, signal) => call(`writes ${group.writes.map(textOf).join(', ')}`, signal, () => writeGroup(group)),
      ...(takesMany ? { writeGroups } : {}),
    }
  }

  return { memory, connect, onTheWay: () => underWay }
}

function textOf(write: WriteGroup['writes'][number]): string {
  const fields =
    write.operation === 'delete'
      ? ''
      : ` ${Object.values(write.fields)
          .filter((value) => value !== null)
          .join('/')}`
  return `${write.operation} ${write.entity} ${write.operation === 'create' ? '' : write.key}${fields}`
}

/** An order takes its lines along. */
export function removeLines(memory: MemoryErp, orderKey: string): void {
  for (const line of memory.rows('CDSSalesOrderLines')) {
    const order = `dataAreaId=${line.dataAreaId},SalesOrderNumber=${line.SalesOrderNumber}`
    if (order === orderKey)
      memory.remove('CDSSalesOrderLines', `${order},LineCreationSequenceNumber=${line.LineCreationSequenceNumber}`)
  }
}

/** What this ERP does not take, however often it is asked. */
function refusalOf(memory: MemoryErp, group: WriteGroup): string | undefined {
  for (const write of group.writes) {
    if (write.operation === 'delete') continue
    if (Object.values(write.fields).some((value) => typeof value === 'string' && value.startsWith(REFUSED)))
      return 'That is not allowed.'
    if (write.operation !== 'create' || write.entity !== 'CDSSalesOrderLines' || write.parent !== undefined) continue
    const key = `dataAreaId=${write.company},SalesOrderNumber=${write.fields.SalesOrderNumber}`
    if (memory.get('CDSSalesOrderHeaders', key) === undefined) return 'There is no such order.'
  }
  return undefined
}

/** What stands in the ERP before the first copy. */
export function fillErp(memory: MemoryErp): void {
  const put = (entity: string, fields: RemoteFields) => void memory.put(entity, fields)
  const usmf = { dataAreaId: 'usmf' }
  put('LegalEntities', { LegalEntityId: 'USMF', Name: 'Contoso' })
  put('Currencies', { CurrencyCode: 'USD', Name: 'Dollar', Symbol: '$' })
  put('UnitsOfMeasure', {
    UnitSymbol: 'ea',
    UnitClass: 'Quantity',
    DecimalPrecision: 0,
    IsBaseUnit: 'Yes',
    SystemOfUnits: 'None',
  })
  for (const account of ['C1', 'C2', 'C3'])
    put('CustomersV3', {
      ...usmf,
      CustomerAccount: account,
      OrganizationName: `Customer ${account}`,
      PartyType: 'Organization',
      SalesCurrencyCode: 'USD',
      InvoiceAccount: 'C2',
    })
  put('CDSContactsV2', {
    ...usmf,
    ContactPersonId: 'P1',
    FirstName: 'Nora',
    LastName: 'Ek',
    AssociatedContactType: 'Customer',
    AssociatedContactNumber: 'C1',
    PrimaryEmailAddress: 'nora@fabrikam.example',
  })
  put('CDSReleasedDistinctProducts', {
    ...usmf,
    ItemNumber: 'A1',
    ProductNumber: 'A1',
    ProductName: 'Bolt',
    SalesUnitSymbol: 'ea',
    CurrencyCode: 'USD',
    SalesPrice: '12.50',
    ProductType: 'Item',
  })
  putOrder(memory, 'E-1', 'C1', ['1', '2'])
}

/** An order as the ERP's people make it, its lines numbered 1, 3, 5 …: the portal's are even. Answers the line keys. */
export function putOrder(memory: MemoryErp, number: string, customer: string, quantities: readonly string[]): string[] {
  const order = { dataAreaId: 'usmf', SalesOrderNumber: number }
  memory.put('CDSSalesOrderHeaders', {
    ...order,
    OrderingCustomerAccountNumber: customer,
    CurrencyCode: 'USD',
    SalesOrderProcessingStatus: 'Active',
  })
  return quantities.map((quantity, index) => putLine(memory, number, 2 * index + 1, quantity))
}

export function putLine(memory: MemoryErp, number: string, line: number, quantity: string): string {
  return memory.put('CDSSalesOrderLines', {
    dataAreaId: 'usmf',
    SalesOrderNumber: number,
    LineCreationSequenceNumber: line,
    ProductNumber: 'A1',
    SalesUnitSymbol: 'ea',
    OrderedSalesQuantity: quantity,
  })
}
