import { runConformance } from '../../src/connector/conformance.ts'
import type { RecordWrite } from '../../src/connector/contract.ts'
import type { Faults, Subject } from '../../src/connector/subject.ts'
import { createJsonConnector, type DocumentStore, type JsonDocument } from './connector.ts'

// Step 3 of docs/connector-guide.md: the suite on a document in memory whose line can be made to fail.
runConformance('of the guide', async () => createSubject())

const EMPTY: JsonDocument = {
  entities: {
    Groups: {
      keyFields: ['company', 'code'],
      companyField: 'company',
      fields: { company: 'string', code: 'string', text: 'string' },
    },
    Items: { keyFields: ['item'], fields: { item: 'string', price: 'decimal', since: 'date', stocked: 'boolean' } },
    Orders: {
      keyFields: ['company', 'number'],
      companyField: 'company',
      numbered: 'number',
      fields: { company: 'string', number: 'string', reference: 'string' },
    },
    Lines: {
      keyFields: ['company', 'number', 'line'],
      companyField: 'company',
      references: { item: { entity: 'Items', field: 'item' } },
      fields: { company: 'string', number: 'string', line: 'integer', item: 'string' },
    },
  },
  records: { Items: [{ fields: { item: 'P1' }, version: 1 }] },
  counter: 1,
}

function createSubject(): Subject {
  let text = JSON.stringify(EMPTY)
  const line = createLine({
    read: async () => text,
    async write(next) {
      text = next
    },
  })
  return {
    connect: () => createJsonConnector(line.store),
    company: 'usmf',
    otherCompany: 'frrt',
    plain: { entity: 'Groups', keyField: 'code', textField: 'text' },
    roundTrips: [
      {
        title: 'text, decimals, days, yes and no',
        entity: 'Items',
        fields: { item: 'Ünïcode 漢字 "q"', price: '12345678901234567.89', since: '2024-02-29', stocked: false },
        findBy: { item: 'Ünïcode 漢字 "q"' },
      },
    ],
    group: {
      writes: orderWrites,
      async find(reference) {
        const { records } = JSON.parse(text) as JsonDocument
        const orders = (records.Orders ?? []).filter((order) => order.fields.reference === reference)
        return orders.map((order) => ({
          lines: (records.Lines ?? []).filter((one) => one.fields.number === order.fields.number).length,
          ready: true,
        }))
      },
    },
    faults: line.faults,
    async [Symbol.asyncDispose]() {
      line.faults.none()
    },
  }
}

function orderWrites(reference: string, items: readonly ('good' | 'bad')[]): RecordWrite[] {
  const header: RecordWrite = {
    operation: 'create',
    entity: 'Orders',
    company: 'usmf',
    fields: { reference },
    findBy: { reference },
  }
  const lines = items.map(
    (item, index): RecordWrite => ({
      operation: 'create',
      entity: 'Lines',
      company: 'usmf',
      fields: { line: index + 1, item: item === 'good' ? 'P1' : 'NOPE' },
      findBy: { line: index + 1 },
      parent: { index: 0, fields: { number: 'number' } },
    }),
  )
  return [header, ...lines]
}

type Plan = { lose?: number; cutFrom?: number; outage?: 'cut' | 'page'; stall?: boolean }

/** The line between connector and ERP: what goes wrong is told by count. */
function createLine(erp: DocumentStore): { store: DocumentStore; faults: Faults } {
  let plan: Plan = {}
  let writes = 0
  const set = (next: Plan) => {
    plan = next
    writes = 0
  }
  const pass = async (signal: AbortSignal) => {
    if (plan.stall === true) await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
    if (plan.outage === 'cut') throw new Error('the line is cut')
  }
  return {
    store: {
      async read(signal) {
        await pass(signal)
        return plan.outage === 'page' ? '<html>Bad Gateway</html>' : erp.read(signal)
      },
      async write(text, signal) {
        await pass(signal)
        writes++
        if (plan.cutFrom !== undefined && writes >= plan.cutFrom) throw new Error('the line is cut')
        await erp.write(text, signal)
        if (writes === plan.lose) throw new Error('the answer is lost')
      },
    },
    faults: {
      none: () => set({}),
      loseAnswer: (nth) => set({ lose: nth }),
      cutFrom: (nth) => set({ cutFrom: nth }),
      outage: (kind) => set({ outage: kind }),
      stall: () => set({ stall: true }),
      writesSeen: () => writes,
    },
  }
}
