import type { Database } from '../../src/postgres/database.ts'
import { readCatalog } from '../../src/tables/catalog.ts'
import { optionOf } from '../../src/tables/definition.ts'
import { insertRows, newRowId, type RowValues } from '../../src/tables/rows.queries.ts'

/** Submits orders of Jane at Fabrikam as the portal does: one transaction with header, lines and their captured changes. */
export type Submitter = (requisition: string, linesCount: number) => Promise<string>

export async function createSubmitter(database: Database): Promise<Submitter> {
  const catalog = readCatalog()
  const [order, detail] = [catalog.get('salesorder'), catalog.get('salesorderdetail')]
  const [base] = await database.read(
    (tx) => tx<{ account: string; company: string; currency: string; contact: string }>`
      select a.accountid as account, a.msdyn_company as company, a.transactioncurrencyid as currency, c.contactid as contact
        from tables.contact c join tables.account a on a.accountid = c.parentcustomerid where c.emailaddress1 = 'jane@fabrikam.example'`,
  )
  if (base === undefined) throw new Error('the company has no Jane')
  const products = await database.read(
    (tx) => tx<{ product: string; uom: string }>`
      select productid as product, defaultuomid as uom from tables.product where msdyn_company = ${base.company}::uuid and msdyn_isstockedproduct
       order by msdyn_productnumber limit 20`,
  )
  let counter = 0
  return async (requisition, linesCount) => {
    const id = newRowId()
    const number = `T-${process.pid}-${Date.now().toString(36)}-${++counter}`
    const header: RowValues = {
      salesorderid: id,
      ordernumber: number,
      msdyn_customersorderreference: number,
      msdyn_customerrequisitionnumber: requisition,
      name: number,
      msdyn_ordertype: optionOf(order, 'msdyn_ordertype', 'item'),
      msdyn_company: base.company,
      customerid: base.account,
      customeridtype: 'account',
      msdyn_invoicecustomerid: base.account,
      msdyn_invoicecustomeridtype: 'account',
      msdyn_contactperson: base.contact,
      transactioncurrencyid: base.currency,
      submitdate: new Date().toISOString(),
    }
    const lines = products.slice(0, linesCount).map(
      ({ product, uom }, index): RowValues => ({
        salesorderid: id,
        msdyn_company: base.company,
        sequencenumber: index + 1,
        productid: product,
        uomid: uom,
        quantity: String(index + 1),
      }),
    )
    await database.transaction(async (tx) => {
      await insertRows(tx, order, [header])
      await insertRows(tx, detail, lines)
    })
    return id
  }
}
