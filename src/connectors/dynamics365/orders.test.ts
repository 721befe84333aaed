import assert from 'node:assert/strict'
import test from 'node:test'
import type { RecordWrite } from '#connector/contract.ts'
import { silentLog } from '#log/log.ts'
import { systemClock } from '#log/system-clock.ts'
import { startTestErp } from '../../../tests/support/scm.ts'
import { createSmallCompany } from '../../../tests/support/small-company.ts'
import { createDynamics365Connector } from './connector.ts'

const SIGNAL = new AbortController().signal

type Create = Extract<RecordWrite, { operation: 'create' }>

const LINE: Create = {
  operation: 'create',
  entity: 'CDSSalesOrderLines',
  company: 'usmf',
  fields: { LineCreationSequenceNumber: 1, ProductNumber: 'P1', OrderedSalesQuantity: '1' },
  findBy: { LineCreationSequenceNumber: 1 },
  parent: { index: 0, fields: { SalesOrderNumber: 'SalesOrderNumber' } },
}

test('headers of earlier attempts that arrived late: the one with lines is the order, the empty ones on hold are taken away', async () => {
  await using erp = await startOrders()
  for (const hold of ['Yes', 'Yes', 'No'] as const) await erp.write(1, header('LATE', hold))
  const [first] = await erp.write(2, header('LATE', 'No'), LINE)
  assert.equal(first?.kind, 'applied')
  // Of three, two were ours to take: the third is not on hold, so a person has had it in hand.
  assert.deepEqual(await erp.orders(), [
    { hold: 'No', lines: 1 },
    { hold: 'No', lines: 0 },
  ])
  await erp.write(1, header('LATE', 'Yes'))
  const [again] = await erp.write(3, header('LATE', 'No'), LINE)
  assert.equal(again?.kind === 'applied' ? again.key : '', first?.kind === 'applied' ? first.key : undefined)
  assert.equal((await erp.orders()).length, 2)
})

test('an order that lost its lines between two attempts is not left on hold; one that a person has stopped since stays so', async () => {
  await using cut = await startOrders()
  // What an attempt leaves that is cut off before its lines.
  await cut.write(1, header('CUT', 'Yes'))
  const [alone] = await cut.write(2, header('CUT'))
  assert.equal(alone?.kind === 'applied' ? alone.fields?.IsSalesProcessingStopped : alone?.kind, 'No')
  assert.deepEqual(await cut.orders(), [{ hold: 'No', lines: 0 }])

  await using erp = await startOrders()
  await erp.write(1, header('STOP'), LINE)
  assert.deepEqual(await erp.orders(), [{ hold: 'No', lines: 1 }])
  await erp.query(`update scm.sales_order_header set "IsSalesProcessingStopped" = 'Yes'`)
  const [stopped] = await erp.write(2, header('STOP'), LINE)
  assert.equal(stopped?.kind === 'applied' ? stopped.fields?.IsSalesProcessingStopped : stopped?.kind, 'Yes')
  assert.deepEqual(await erp.orders(), [{ hold: 'Yes', lines: 1 }])
})

test('an order that was cut off before its lines and is known by its number is completed and released, whatever its reference is by now', async () => {
  await using erp = await startOrders()
  const [left] = await erp.write(1, header('HALF', 'Yes'))
  assert.ok(left?.kind === 'applied')
  await erp.query(`update scm.sales_order_header set "CustomersOrderReference" = 'of the seller'`)
  // Another attempt was carried out late.
  await erp.write(1, header('HALF', 'Yes'))
  const known = { ...header('HALF'), earlierKey: left.key }
  const [made] = await erp.write(2, known, LINE)
  assert.equal(made?.kind === 'applied' ? made.key : made?.kind, left.key)
  assert.deepEqual(await erp.orders(), [{ hold: 'No', lines: 1 }])
  await erp.query('delete from scm.sales_order_line')
  await erp.query('delete from scm.sales_order_header')
  assert.deepEqual(
    (await erp.write(3, known, LINE)).map((one) => one.kind),
    ['retry', 'retry'],
  )
  assert.deepEqual(await erp.orders(), [])
})

test('a line of another order with the same number is not taken for ours', async () => {
  await using erp = await startOrders()
  const numbers: string[] = []
  for (const reference of ['A', 'B']) {
    const [outcome] = await erp.write(1, header(reference))
    numbers.push(String(outcome?.kind === 'applied' ? outcome.fields?.SalesOrderNumber : ''))
  }
  for (const number of numbers) {
    const { parent: _, ...line } = { ...LINE, fields: { ...LINE.fields, SalesOrderNumber: number } }
    const [outcome] = await erp.write(2, line)
    assert.equal(
      outcome?.kind === 'applied' ? outcome.key : '',
      `dataAreaId=usmf,SalesOrderNumber=${number},LineCreationSequenceNumber=1`,
    )
  }
})

function header(reference: string, hold?: 'Yes' | 'No'): Create {
  return {
    operation: 'create',
    entity: 'CDSSalesOrderHeaders',
    company: 'usmf',
    fields: {
      OrderingCustomerAccountNumber: 'US-001',
      CustomersOrderReference: reference,
      ...(hold === undefined ? {} : { IsSalesProcessingStopped: hold }),
    },
    findBy: { CustomersOrderReference: reference },
  }
}

/** The reference ERP with a small company and no order. */
async function startOrders() {
  const erp = await startTestErp()
  await createSmallCompany(erp.database)
  const connector = createDynamics365Connector({
    url: erp.url,
    tokenUrl: `${erp.url}/oauth2/token`,
    clientId: erp.client.id,
    clientSecret: erp.client.secret,
    clock: systemClock,
    log: silentLog,
  })
  return {
    write: (attempt: number, ...writes: RecordWrite[]) => connector.writeGroup({ attempt, writes }, SIGNAL),
    query: (text: string) => erp.database.pool.query(text),
    /** In the order of their numbers. */
    async orders() {
      const { rows } = await erp.database.pool.query<{ hold: string; lines: number }>(
        `select h."IsSalesProcessingStopped" as hold,
                (select count(*)::int from scm.sales_order_line l where l."SalesOrderNumber" = h."SalesOrderNumber") as lines
           from scm.sales_order_header h order by h."SalesOrderNumber"`,
      )
      return rows
    },
    [Symbol.asyncDispose]: () => erp[Symbol.asyncDispose](),
  }
}
