import assert from 'node:assert/strict'
import { withPortalDatabase } from '../../bench/portal-database.ts'
import type { RunningComptoir } from '../support/comptoir.ts'
import { type ErpClient, openErp } from '../support/erp-client.ts'

type Values = (string | null)[]

/** What is read of both sides, each in its own language: SQL here, OData there; key first. Nothing of the engine is used. */
const PAIRS: readonly { name: string; path: string; fields: readonly string[]; keyFields: number; sql: string }[] = [
  {
    name: 'customers',
    path: "CustomersV3?cross-company=true&$filter=PartyType eq 'Organization'",
    fields: ['dataAreaId', 'CustomerAccount', 'OrganizationName', 'PrimaryContactPhone', 'SalesMemo'],
    keyFields: 2,
    sql: `select lower(c.cdm_companycode), a.accountnumber, a.name, a.telephone1, a.description
            from tables.account a join tables.cdm_company c on c.cdm_companyid = a.msdyn_company where a.customertypecode = 3`,
  },
  {
    name: 'sales orders',
    path: 'CDSSalesOrderHeaders?cross-company=true',
    fields: ['dataAreaId', 'SalesOrderNumber', 'CustomerRequisitionNumber', 'Email', 'DeliveryAddressCity', 'OrderTotalAmount'],
    keyFields: 2,
    sql: `select lower(c.cdm_companycode), o.msdyn_salesordernumber, o.msdyn_customerrequisitionnumber, o.emailaddress, o.shipto_city, o.totalamount::text
            from tables.salesorder o join tables.cdm_company c on c.cdm_companyid = o.msdyn_company`,
  },
  {
    name: 'sales order lines',
    path: 'CDSSalesOrderLines?cross-company=true',
    fields: ['dataAreaId', 'SalesOrderNumber', 'LineCreationSequenceNumber', 'OrderedSalesQuantity', 'SalesPrice', 'LineAmount'],
    keyFields: 3,
    sql: `select lower(c.cdm_companycode), o.msdyn_salesordernumber, l.sequencenumber::text, l.quantity::text, l.priceperunit::text, l.extendedamount::text
            from tables.salesorderdetail l join tables.salesorder o using (salesorderid) join tables.cdm_company c on c.cdm_companyid = l.msdyn_company`,
  },
]

/** Reads both sides through and compares them row by row. Answers how many rows were compared; fails with the first differences. */
export async function compareSides(comptoir: RunningComptoir): Promise<number> {
  const erp = await openErp(comptoir)
  let rows = 0
  for (const pair of PAIRS) {
    const theirs = index(await readErp(erp, pair.path, pair.fields), pair.keyFields)
    const ours = index(await readPortal(comptoir, pair.sql), pair.keyFields)
    const different = [...new Set([...theirs.keys(), ...ours.keys()])].filter((key) => theirs.get(key) !== ours.get(key))
    assert.deepEqual(
      different.slice(0, 10).map((key) => ({ key, portal: ours.get(key), erp: theirs.get(key) })),
      [],
      `${different.length} of ${theirs.size} ${pair.name} differ`,
    )
    rows += theirs.size
  }
  return rows
}

async function readErp(erp: ErpClient, path: string, fields: readonly string[]): Promise<Values[]> {
  const records = await erp.readAll<Record<string, unknown>>(`${path}&$select=${fields.join(',')}`)
  return records.map((record) => fields.map((field) => textOf(record[field])))
}

function readPortal(comptoir: RunningComptoir, sql: string): Promise<Values[]> {
  return withPortalDatabase(comptoir, async ({ pool }) => {
    const { rows } = await pool.query<unknown[]>({ text: sql, rowMode: 'array' })
    return rows.map((row) => row.map(textOf))
  })
}

/** No value is the same as an empty text there, and a number is the same with or without its last zeros. */
function textOf(value: unknown): string | null {
  const text = value === null || value === undefined ? '' : String(value)
  if (text === '') return null
  return /^-?\d+(\.\d+)?$/.test(text) && text.includes('.') ? String(Number(text)) : text
}

function index(rows: readonly Values[], keyFields: number): Map<string, string> {
  const byKey = new Map<string, string>()
  for (const row of rows) {
    const key = row.slice(0, keyFields).join(' ')
    assert.ok(!byKey.has(key), `${key} is there twice`)
    byKey.set(key, row.slice(keyFields).join(' | '))
  }
  return byKey
}
