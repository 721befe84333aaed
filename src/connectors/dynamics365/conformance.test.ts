import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { runConformance } from '#connector/conformance.ts'
import type { RecordWrite } from '#connector/contract.ts'
import type { Faults, Subject } from '#connector/subject.ts'
import type { Clock } from '#lib/clock.ts'
import { silentLog } from '#log/log.ts'
import { systemClock } from '#log/system-clock.ts'
import { startTestErp } from '../../../tests/support/scm.ts'
import { createSmallCompany } from '../../../tests/support/small-company.ts'
import { createDynamics365Connector } from './connector.ts'

// On the reference ERP over HTTP and a real PostgreSQL.
runConformance('dynamics365', startSubject)

const WAIT_MS_MAX = 20_000
const STALL_MS = 59_999

async function startSubject(): Promise<Subject> {
  const clock = createHurriedClock()
  const line = createLine(clock)
  const erp = await startTestErp({ faults: line.scmFaults, clock: line.clock })
  await createSmallCompany(erp.database)
  await erp.database.pool.query(`insert into scm.legal_entity ("LegalEntityId", "Name") values ('FRRT', 'Contoso France')`)
  return {
    connect: () =>
      createDynamics365Connector({
        url: erp.url,
        tokenUrl: `${erp.url}/oauth2/token`,
        clientId: erp.client.id,
        clientSecret: erp.client.secret,
        clock,
        log: silentLog,
        concurrencyMax: 4,
      }),
    company: 'usmf',
    otherCompany: 'frrt',
    plain: { entity: 'CustomerGroups', keyField: 'CustomerGroupId', textField: 'Description' },
    roundTrips: ROUND_TRIPS,
    group: {
      writes: orderWrites,
      async find(reference) {
        const { rows } = await erp.database.pool.query<{ lines: number; ready: boolean }>(
          `select (select count(*)::int from scm.sales_order_line l
                    where l."dataAreaId" = h."dataAreaId" and l."SalesOrderNumber" = h."SalesOrderNumber") as lines,
                  h."IsSalesProcessingStopped" = 'No' as ready
             from scm.sales_order_header h where h."CustomersOrderReference" = $1 order by h."SalesOrderNumber"`,
          [reference],
        )
        return rows
      },
    },
    faults: line.faults,
    // Decision 12: a departure of the reference ERP.
    comparesCase: true,
    listen,
    async [Symbol.asyncDispose]() {
      line.faults.none()
      await erp[Symbol.asyncDispose]()
    },
  }
}

const ROUND_TRIPS: Subject['roundTrips'] = [
  {
    title: 'text of any script, enums',
    entity: 'CustomersV3',
    fields: {
      CustomerAccount: 'RT-1',
      OrganizationName: 'Ünïcode 漢字 עברית 🚲 "quoted" back\\slash <b>\'s & Co.',
      CustomerGroupId: '10',
      SalesCurrencyCode: 'USD',
      CreditLimitIsMandatory: 'Yes',
      CreditLimit: '1234567.89',
    },
    findBy: { CustomerAccount: 'RT-1' },
  },
  {
    title: 'decimals that no float holds',
    entity: 'Currencies',
    fields: { CurrencyCode: 'RT1', RoundingRulePrices: '0.000000123456789', GeneralRoundingRule: '12345678901234567.89' },
    findBy: { CurrencyCode: 'RT1' },
  },
  {
    title: 'whole numbers',
    entity: 'UnitsOfMeasure',
    fields: { UnitSymbol: 'rt', DecimalPrecision: 7, IsBaseUnit: 'Yes' },
    findBy: { UnitSymbol: 'rt' },
  },
  {
    title: 'days and moments',
    entity: 'CDSSalesOrderHeaders',
    fields: {
      OrderingCustomerAccountNumber: 'US-001',
      CustomersOrderReference: 'RT-ORDER',
      RequestedReceiptDate: '2026-11-23',
      RequestedShippingDate: '2024-02-29',
      ConfirmedReceiptDate: null,
      DeliveryValidFrom: '2026-03-01T23:30:15.000Z',
    },
    findBy: { CustomersOrderReference: 'RT-ORDER' },
  },
]

function orderWrites(reference: string, items: readonly ('good' | 'bad')[]): RecordWrite[] {
  const header: RecordWrite = {
    operation: 'create',
    entity: 'CDSSalesOrderHeaders',
    company: 'usmf',
    fields: { OrderingCustomerAccountNumber: 'US-001', CustomersOrderReference: reference, IsSalesProcessingStopped: 'No' },
    findBy: { CustomersOrderReference: reference },
  }
  const lines = items.map(
    (item, index): RecordWrite => ({
      operation: 'create',
      entity: 'CDSSalesOrderLines',
      company: 'usmf',
      fields: {
        LineCreationSequenceNumber: index + 1,
        ProductNumber: item === 'good' ? 'P1' : 'NOPE',
        OrderedSalesQuantity: '2',
      },
      findBy: { LineCreationSequenceNumber: index + 1 },
      parent: { index: 0, fields: { SalesOrderNumber: 'SalesOrderNumber' } },
    }),
  )
  return [header, ...lines]
}

/** Waits end at once and the clock says they took their time. */
function createHurriedClock(): Clock {
  let skippedMs = 0
  return {
    nowMs: () => systemClock.nowMs() + skippedMs,
    random: systemClock.random,
    async sleep(ms, signal) {
      await new Promise((done) => setImmediate(done))
      if (signal?.aborted !== true) skippedMs += ms
    },
  }
}

type Plan = {
  lose?: number
  cutFrom?: number
  outage?: 'cut' | 'page'
  throttle?: { left: number; seconds: number }
  stall?: boolean
}

/** The line to the reference ERP, request by request: its own fault plan works by chance, this one by count. */
function createLine(connectorClock: Clock) {
  let plan: Plan = {}
  let writes = 0
  let times: number[] = []
  let release = () => {}
  let released = Promise.resolve()
  const set = (next: Plan) => {
    plan = next
    writes = 0
    times = []
    release()
    if (next.stall === true) {
      released = new Promise((done) => {
        release = done
      })
    }
  }
  const faults: Faults = {
    none: () => set({}),
    loseAnswer: (nth) => set({ lose: nth }),
    cutFrom: (nth) => set({ cutFrom: nth }),
    outage: (kind) => set({ outage: kind }),
    throttle: (requests, seconds) => set({ throttle: { left: requests, seconds } }),
    stall: () => set({ stall: true }),
    writesSeen: () => writes,
    requestTimesMs: () => times,
  }
  return {
    faults,
    /** A stalled request waits until something else is planned. */
    clock: {
      ...systemClock,
      sleep: (ms: number, signal?: AbortSignal) => (ms === STALL_MS ? released : systemClock.sleep(ms, signal)),
    },
    scmFaults: {
      get: () => ({}),
      set: () => {},
      fault(method: string, path: string) {
        const isData = path.startsWith('/data/')
        if (isData) times.push(connectorClock.nowMs())
        if (isData && method !== 'GET') writes++
        const isCut =
          plan.outage === 'cut' || (isData && plan.cutFrom !== undefined && method !== 'GET' && writes >= plan.cutFrom)
        return {
          latencyMs: plan.stall === true ? STALL_MS : 0,
          outage: isCut ? ('cut' as const) : plan.outage === 'page' ? ('gateway' as const) : (false as const),
          loseAnswer: isData && method !== 'GET' && writes === plan.lose,
        }
      },
      throttle() {
        if (plan.throttle === undefined || plan.throttle.left <= 0) return undefined
        plan.throttle.left--
        return plan.throttle.seconds
      },
    },
  }
}

/** Somebody who takes every event. */
async function listen() {
  const bodies: unknown[] = []
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    bodies.push(JSON.parse(Buffer.concat(chunks).toString()))
    response.writeHead(204).end()
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/events`,
    bodies,
    async waitUntil(isDone: () => boolean): Promise<void> {
      for (let waitedMs = 0; !isDone() && waitedMs < WAIT_MS_MAX; waitedMs += 20) await systemClock.sleep(20)
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((done) => server.close(done))
    },
  }
}
