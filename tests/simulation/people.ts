import type { RemoteFields } from '../../src/connector/contract.ts'
import type { Database, Tx } from '../../src/postgres/database.ts'
import type { Catalog } from '../../src/tables/catalog.ts'
import { engineRows } from '../../src/tables/predicate.ts'
import { deleteRow, insertRows, newRowId, readRowsById, updateRow } from '../../src/tables/rows.queries.ts'
import { type Ledger, SIDES, type Side } from './ledger.ts'
import type { Dice } from './random.ts'
import { putLine, putOrder, REFUSED, removeLines, type VirtualErp } from './virtual-erp.ts'

type World = { dice: Dice; ledger: Ledger; erp: VirtualErp; database: Database; catalog: Catalog; refusals: boolean }

const ITEM_ORDER = 192350000
const LINES_MAX = 3
/** From here on: no line number is also a value that somebody wrote, which would tell of the wrong author. */
const LINE_NUMBERS = 100_000

/** One thing that somebody does in the portal, in one transaction as its pages do. */
export async function actInPortal(world: World, tx: Tx): Promise<void> {
  const { dice } = world
  const choice = dice.random()
  if (choice < 0.6) await editRow(world, tx, dice.pick(SIDES))
  else if (choice < 0.75) await placeOrder(world, tx)
  else if (choice < 0.83) await addLine(world, tx)
  else if (choice < 0.9) await deleteSome(world, tx, 'salesorderdetail')
  else if (choice < 0.92) await deleteSome(world, tx, 'salesorder')
  else await addContact(world, tx)
}

/** One thing that somebody does in the ERP. */
export function actInErp({ dice, ledger, erp: { memory } }: World): void {
  const choice = dice.random()
  const orders = memory.rows('CDSSalesOrderHeaders')
  const numberOf = (fields: RemoteFields) => String(fields.SalesOrderNumber)
  if (choice < 0.7) {
    changeRecord(memory, dice, ledger, dice.pick(SIDES))
  } else if (choice < 0.82) {
    const number = `E-${ledger.author('erp')}`
    const quantities = Array.from({ length: 1 + dice.upTo(LINES_MAX) }, () => ledger.author('erp'))
    ledger.onErpOrder(
      `dataAreaId=usmf,SalesOrderNumber=${number}`,
      putOrder(memory, number, dice.pick(['C1', 'C2', 'C3']), quantities),
    )
  } else if (choice < 0.9 && orders.length > 0) {
    putLine(
      memory,
      numberOf(dice.pick(orders)),
      ledger.lineNumber(LINE_NUMBERS + 1 + 2 * dice.upTo(10_000)),
      ledger.author('erp'),
    )
  } else if (choice < 0.95) {
    const lines = memory.rows('CDSSalesOrderLines')
    if (lines.length > 0) memory.remove('CDSSalesOrderLines', keyOf('CDSSalesOrderLines', dice.pick(lines)))
  } else if (choice < 0.98) {
    const contacts = memory.rows('CDSContactsV2')
    if (contacts.length > 1) memory.remove('CDSContactsV2', keyOf('CDSContactsV2', dice.pick(contacts)))
  } else if (orders.length > 1) {
    const key = keyOf('CDSSalesOrderHeaders', dice.pick(orders))
    removeLines(memory, key)
    memory.remove('CDSSalesOrderHeaders', key)
  }
}

function changeRecord(memory: VirtualErp['memory'], dice: Dice, ledger: Ledger, side: Side): void {
  const records = memory.rows(side.entity)
  if (records.length === 0) return
  const fields = [...side.columns, ...side.loose].filter(() => dice.chance(0.4)).map(([, field]) => [field, ledger.author('erp')])
  if (fields.length > 0) memory.change(side.entity, keyOf(side.entity, dice.pick(records)), Object.fromEntries(fields))
}

/** The record's key, from fields that are its key. */
function keyOf(entity: string, fields: RemoteFields): string {
  const names = {
    CustomersV3: ['CustomerAccount'],
    CDSContactsV2: ['ContactPersonId'],
    CDSSalesOrderHeaders: ['SalesOrderNumber'],
    CDSSalesOrderLines: ['SalesOrderNumber', 'LineCreationSequenceNumber'],
  }[entity]
  return ['dataAreaId', ...(names ?? [])].map((name) => `${name}=${fields[name]}`).join(',')
}

/** Ids in the order of their making. */
async function idsOf(tx: Tx, table: string): Promise<string[]> {
  const queries = {
    account: () => tx<{ id: string }>`select accountid as id from tables.account order by 1`,
    contact: () => tx<{ id: string }>`select contactid as id from tables.contact order by 1`,
    salesorder: () => tx<{ id: string }>`select salesorderid as id from tables.salesorder order by 1`,
    salesorderdetail: () => tx<{ id: string }>`select salesorderdetailid as id from tables.salesorderdetail order by 1`,
  }
  const rows = await queries[table as keyof typeof queries]()
  return rows.map((row) => row.id)
}

async function editRow({ dice, ledger, catalog, refusals }: World, tx: Tx, side: Side): Promise<void> {
  const ids = await idsOf(tx, side.table)
  const columns = [...side.columns, ...side.loose].filter(() => dice.chance(0.4)).map(([column]) => column)
  if (ids.length === 0 || columns.length === 0) return
  const values = columns.map((column) => {
    const value = ledger.author('portal')
    return [column, refusals && column !== 'quantity' && dice.chance(0.1) ? refused(ledger, value) : value]
  })
  await updateRow(tx, catalog.get(side.table), dice.pick(ids), Object.fromEntries(values), { predicate: engineRows })
}

function refused(ledger: Ledger, value: string): string {
  ;(ledger.authors as Map<string, 'portal'>).set(`${REFUSED} ${value}`, 'portal')
  return `${REFUSED} ${value}`
}

/** Whatever the ERP has refused gets a value that it takes. */
export async function correctRows({ ledger, catalog }: World, tx: Tx): Promise<void> {
  for (const side of SIDES) {
    const definition = catalog.get(side.table)
    for (const [id, row] of await readRowsById(tx, definition, await idsOf(tx, side.table))) {
      const wrong = [...side.columns, ...side.loose].filter(([column]) => String(row[column] ?? '').startsWith(REFUSED))
      const values = wrong.map(([column]) => [column, ledger.author('portal')])
      if (values.length > 0) await updateRow(tx, definition, id, Object.fromEntries(values), { predicate: engineRows })
    }
  }
}

type Known = { companyId: string; productId: string; unitId: string; customerId: string }

async function known(tx: Tx): Promise<Known | undefined> {
  const [row] = await tx<Known>`
    select (select cdm_companyid from tables.cdm_company limit 1) as "companyId", (select productid from tables.product limit 1) as "productId",
           (select uomid from tables.uom limit 1) as "unitId", (select accountid from tables.account where accountnumber = 'C1') as "customerId"`
  return row === undefined || Object.values(row).includes(null as never) ? undefined : row
}

async function placeOrder({ dice, ledger, catalog }: World, tx: Tx): Promise<void> {
  const at = await known(tx)
  if (at === undefined) return
  const reference = `W-${ledger.author('portal')}`
  const salesorderid = newRowId()
  const lines = 1 + dice.upTo(LINES_MAX)
  ledger.submitted.set(reference, { lines, deleted: 0 })
  await insertRows(tx, catalog.get('salesorder'), [
    {
      salesorderid,
      ordernumber: reference,
      msdyn_customersorderreference: reference,
      msdyn_ordertype: ITEM_ORDER,
      customerid: at.customerId,
      customeridtype: 'account',
      msdyn_company: at.companyId,
      shipto_line1: ledger.author('portal'),
    },
  ])
  const rows = Array.from({ length: lines }, (_, index) => lineOf(at, salesorderid, 2 * (index + 1), ledger.author('portal')))
  await insertRows(tx, catalog.get('salesorderdetail'), rows)
}

function lineOf(at: Known, salesorderid: string, sequencenumber: number, quantity: string) {
  return { salesorderid, sequencenumber, productid: at.productId, uomid: at.unitId, quantity, msdyn_company: at.companyId }
}

async function addLine({ dice, ledger, catalog }: World, tx: Tx): Promise<void> {
  const [at, orders] = [await known(tx), await idsOf(tx, 'salesorder')]
  if (at === undefined || orders.length === 0) return
  const line = lineOf(at, dice.pick(orders), ledger.lineNumber(LINE_NUMBERS + 2 * dice.upTo(10_000)), ledger.author('portal'))
  await insertRows(tx, catalog.get('salesorderdetail'), [line])
}

async function addContact({ dice, ledger, catalog }: World, tx: Tx): Promise<void> {
  const [at, accounts] = [await known(tx), await idsOf(tx, 'account')]
  if (at === undefined || accounts.length === 0) return
  const value = ledger.author('portal')
  await insertRows(tx, catalog.get('contact'), [
    {
      firstname: 'Kim',
      lastname: `Contact ${value}`,
      emailaddress1: `${value}@example.com`,
      jobtitle: value,
      parentcustomerid: dice.pick(accounts),
      msdyn_company: at.companyId,
    },
  ])
}

async function deleteSome({ dice, ledger, catalog }: World, tx: Tx, table: 'salesorder' | 'salesorderdetail'): Promise<void> {
  const ids = await idsOf(tx, table)
  if (ids.length < 2) return
  const id = dice.pick(ids)
  const lost = await tx<{ id: string; reference: string | null }>`
    select l.salesorderdetailid as id, o.ordernumber as reference
      from tables.salesorderdetail l join tables.salesorder o using (salesorderid) where ${id}::uuid in (l.salesorderdetailid, o.salesorderid)`
  for (const { reference } of lost) {
    const order = ledger.submitted.get(String(reference))
    if (order !== undefined) order.deleted++
  }
  await deleteRow(tx, catalog.get(table), id, engineRows)
}
