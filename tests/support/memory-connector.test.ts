import { runConformance } from '../../src/connector/conformance.ts'
import type { RecordWrite } from '../../src/connector/contract.ts'
import type { Faults, Subject } from '../../src/connector/subject.ts'
import { createMemoryErp, type MemoryErp } from './memory-connector.ts'

// What the engine is tried on keeps the contract that it is tried on.
runConformance('of the tests', async () => createSubject())

const WAIT_MS_MAX = 20_000

function createSubject(): Subject {
  const erp = createMemoryErp({
    Groups: {
      keyFields: ['company', 'code'],
      companyField: 'company',
      fields: { company: 'string', code: 'string', text: 'string' },
    },
    Items: {
      keyFields: ['item'],
      fields: { item: 'string', price: 'decimal', since: 'date', at: 'datetime', stocked: 'boolean' },
    },
    Orders: {
      keyFields: ['company', 'number'],
      companyField: 'company',
      numbered: { field: 'number', prefix: 'SO-' },
      fields: { company: 'string', number: 'string', reference: 'string' },
    },
    Lines: {
      keyFields: ['company', 'number', 'line'],
      companyField: 'company',
      fields: { company: 'string', number: 'string', line: 'integer', item: 'string' },
      refuse: ({ item }) => (item === 'bad' ? 'There is no such item.' : undefined),
    },
  })
  return {
    connect: () => ({ ...erp.connector }),
    company: 'usmf',
    otherCompany: 'frrt',
    plain: { entity: 'Groups', keyField: 'code', textField: 'text' },
    roundTrips: [
      {
        title: 'text, decimals, days, moments, yes and no',
        entity: 'Items',
        fields: {
          item: 'Ünïcode 漢字 "q"',
          price: '12345678901234567.89',
          since: '2024-02-29',
          at: '2026-03-01T23:30:15.000Z',
          stocked: false,
        },
        findBy: { item: 'Ünïcode 漢字 "q"' },
      },
    ],
    group: {
      writes: orderWrites,
      async find(reference) {
        const orders = erp.rows('Orders').filter((order) => order.reference === reference)
        return orders.map((order) => ({
          lines: erp.rows('Lines').filter((line) => line.number === order.number).length,
          ready: true,
        }))
      },
    },
    faults: faultsOf(erp),
    async listen() {
      const bodies: unknown[] = []
      erp.deliverTo(async (body) => void bodies.push(body))
      return {
        url: 'http://localhost/events',
        bodies,
        async waitUntil(isDone) {
          for (let ms = 0; !isDone(); ms += 10) {
            if (ms > WAIT_MS_MAX) throw new Error('The events did not come in time')
            await new Promise((done) => setTimeout(done, 10))
          }
        },
        async [Symbol.asyncDispose]() {
          erp.deliverTo(undefined)
        },
      }
    },
    async [Symbol.asyncDispose]() {
      erp.deliverTo(undefined)
    },
  }
}

function orderWrites(reference: string, items: readonly ('good' | 'bad')[]): RecordWrite[] {
  const company = 'usmf'
  const findBy = { reference }
  const header: RecordWrite = { operation: 'create', entity: 'Orders', company, fields: findBy, findBy }
  const lines = items.map((item, index): RecordWrite => {
    const line = { line: index + 1 }
    const parent = { index: 0, fields: { number: 'number' } }
    return { operation: 'create', entity: 'Lines', company, fields: { ...line, item }, findBy: line, parent }
  })
  return [header, ...lines]
}

function faultsOf({ faults }: MemoryErp): Faults {
  let seen = 0
  const none = () => {
    seen = 0
    Object.assign(faults, { outage: false, stall: false, onGroup: () => void seen++ })
  }
  const each = (answer: () => 'cut' | 'lose_answer' | undefined) => {
    none()
    faults.onGroup = () => {
      seen++
      return answer()
    }
  }
  none()
  return {
    none,
    loseAnswer: (nth) => each(() => (seen === nth ? 'lose_answer' : undefined)),
    cutFrom: (nth) => each(() => (seen >= nth ? 'cut' : undefined)),
    outage() {
      none()
      faults.outage = true
    },
    stall() {
      none()
      faults.stall = true
    },
    writesSeen: () => seen,
  }
}
