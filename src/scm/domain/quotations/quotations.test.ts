import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Tx } from '#postgres/database.ts'
import { createTestDatabase } from '../../../../tests/support/database.ts'
import { createSmallCompany, SMALL_COMPANY_NOW_MS } from '../../../../tests/support/small-company.ts'
import { listInconsistencies } from '../consistency.queries.ts'
import { getRow, listRows } from '../rows.queries.ts'
import { type Row, text } from '../rows.ts'
import { insertQuotation, removeQuotation, updateQuotation } from './quotation-header.ts'
import { insertQuotationLine, updateQuotationLine } from './quotation-line.ts'

const context = { nowMs: SMALL_COMPANY_NOW_MS }

test('a quotation is priced as an order would be, and a new quantity finds its price anew unless it was given by hand', async () => {
  await inTransaction(async (tx) => {
    const header = await quote(tx)
    const number = text(header, 'SalesQuotationNumber')
    const line = await insertQuotationLine(
      tx,
      'usmf',
      { SalesQuotationNumber: number, ItemNumber: 'P1', RequestedSalesQuantity: '3' },
      context,
    )
    assert.equal(text(line, 'LineAmount'), '30')
    const more = await updateQuotationLine(tx, line, { RequestedSalesQuantity: '5', SalesPrice: '8' }, context)
    assert.equal(text(more, 'LineAmount'), '40')
    const again = await updateQuotationLine(tx, more, { RequestedSalesQuantity: '10' }, context)
    assert.equal(text(again, 'LineAmount'), '80')
    const after = await getRow(tx, 'sales_quotation_header', { recid: header.recid })
    assert.equal(text(after, 'QuotationTotalAmount'), '80')
    assert.deepEqual(await listInconsistencies(tx), [])
  })
})

test('a confirmed quotation is a sales order at the prices it was quoted, and cannot be changed or confirmed again', async () => {
  await inTransaction(async (tx) => {
    const header = await quote(tx)
    const number = text(header, 'SalesQuotationNumber')
    await insertQuotationLine(
      tx,
      'usmf',
      { SalesQuotationNumber: number, ItemNumber: 'P1', RequestedSalesQuantity: '4', SalesPrice: '9' },
      context,
    )
    await updateQuotation(tx, header, { SalesQuotationStatus: 'Sent' }, context)
    const confirmed = await updateQuotation(tx, header, { SalesQuotationStatus: 'Confirmed' }, context)
    const order = await getRow(tx, 'sales_order_header', {
      dataAreaId: 'usmf',
      SalesOrderNumber: text(confirmed, 'GeneratedSalesOrderNumber'),
    })
    assert.deepEqual([text(order, 'OrderTotalAmount'), text(order, 'QuotationNumber')], ['36', number])
    const [line] = await listRows(tx, 'sales_quotation_line', { SalesQuotationNumber: number }, 'recid')
    assert.equal(line?.SalesQuotationStatus, 'Confirmed')
    await assert.rejects(
      updateQuotation(tx, header, { SalesQuotationStatus: 'Lost' }, context),
      /cannot go from Confirmed to Lost/,
    )
    await assert.rejects(updateQuotation(tx, header, { CustomersReference: 'X' }, context), /cannot be changed/)
    await assert.rejects(removeQuotation(tx, header), /is confirmed/)
    assert.deepEqual(await listInconsistencies(tx), [])
  })
})

test('a quotation without lines, and one that is past its day, cannot be confirmed', async () => {
  await inTransaction(async (tx) => {
    const empty = await quote(tx)
    await assert.rejects(updateQuotation(tx, empty, { SalesQuotationStatus: 'Confirmed' }, context), /has no lines/)
    const late = await quote(tx, { SalesQuotationExpiryDate: '2026-03-01T12:00:00Z' })
    const fields = { SalesQuotationNumber: text(late, 'SalesQuotationNumber'), ItemNumber: 'P2' }
    await insertQuotationLine(tx, 'usmf', fields, context)
    await assert.rejects(updateQuotation(tx, late, { SalesQuotationStatus: 'Confirmed' }, context), /valid until 2026-03-01/)
  })
})

function quote(tx: Tx, more: Record<string, string> = {}): Promise<Row> {
  return insertQuotation(tx, 'usmf', { RequestingCustomerAccountNumber: 'US-001', ...more }, context)
}

async function inTransaction(run: (tx: Tx) => Promise<void>): Promise<void> {
  await using t = await createTestDatabase()
  await createSmallCompany(t.database)
  await t.database.transaction(run)
}
