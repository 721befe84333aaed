import { add, type DecimalText, subtract } from '#lib/decimal.ts'
import type { Tx } from '#postgres/database.ts'
import { refuse } from './infolog.ts'
import { checkFilled, checkReferences, type Reference } from './references.ts'
import { deleteRow, findRow, insertRow, listRows } from './rows.queries.ts'
import { dayOf, decimal, type Fields, has, isYes, type Row, text, type WriteContext } from './rows.ts'

const ENTITY = 'InventCDSInventoryOnHandRequestEntity'
const MANDATORY = { RequestId: 'Request', ProductNumber: 'Product number' }

const REFERENCES: readonly Reference[] = [
  {
    field: 'ProductNumber',
    label: 'Product number',
    table: 'released_product',
    key: 'ProductNumber',
    tableLabel: 'Released products',
  },
  { field: 'InventorySiteId', label: 'Site', table: 'operational_site', key: 'SiteId', tableLabel: 'Sites' },
  { field: 'InventoryWarehouseId', label: 'Warehouse', table: 'warehouse', key: 'WarehouseId', tableLabel: 'Warehouses' },
]

/** A question about stock, answered at once: an entry for each warehouse asked about where the product is kept. */
export async function insertOnHandRequest(tx: Tx, company: string, given: Fields, context: WriteContext): Promise<Row> {
  checkFilled(ENTITY, given, MANDATORY)
  await checkReferences(tx, { entity: ENTITY, company, fields: given }, REFERENCES)
  const key = { dataAreaId: company, RequestId: text(given, 'RequestId') }
  if ((await findRow(tx, 'on_hand_request', key)) !== undefined)
    refuse(`Cannot create a record in On-hand requests. Request: ${key.RequestId}. The record already exists.`)
  const request = await insertRow(tx, 'on_hand_request', { ...given, dataAreaId: company })
  const product = await findRow(tx, 'released_product', { dataAreaId: company, ProductNumber: text(given, 'ProductNumber') })
  const item = product === undefined ? '' : text(product, 'ItemNumber')
  for (const place of await listRows(
    tx,
    'warehouse_on_hand',
    { dataAreaId: company, ItemNumber: item },
    'InventoryWarehouseId',
  )) {
    if (isAskedAbout(request, place)) await insertRow(tx, 'on_hand_entry', entryOf(request, place, context))
  }
  return request
}

/** An answered question stays as it was asked. */
export async function updateOnHandRequest(_tx: Tx, row: Row): Promise<Row> {
  return refuse(`Request ${text(row, 'RequestId')} is answered and cannot be changed. Ask anew.`)
}

export async function removeOnHandRequest(tx: Tx, row: Row): Promise<void> {
  await deleteRow(tx, 'on_hand_request', row.recid)
}

function isAskedAbout(request: Row, place: Row): boolean {
  return ['InventorySiteId', 'InventoryWarehouseId'].every(
    (field) => !has(request, field) || text(request, field) === text(place, field),
  )
}

/** The reference ERP plans nothing: what can be promised is what is available, today. */
function entryOf(request: Row, place: Row, context: WriteContext): Fields {
  const onHand = decimal(place, 'OnHandQuantity')
  const reserved = decimal(place, 'ReservedOnHandQuantity')
  const ordered = decimal(place, 'OrderedQuantity')
  const reservedOrdered = decimal(place, 'ReservedOrderedQuantity')
  const available: DecimalText = subtract(onHand, reserved)
  const availableOrdered = subtract(ordered, reservedOrdered)
  const total = add(available, availableOrdered)
  const promised = isYes(request, 'IsATPCalculation')
    ? { ATPQuantity: total, ProjectedOnHandQuantity: onHand, ProjectedIssueQuantity: reserved, ProjectedReceiptQuantity: ordered }
    : {}
  return {
    dataAreaId: text(request, 'dataAreaId'),
    RequestId: text(request, 'RequestId'),
    InventorySiteId: text(place, 'InventorySiteId'),
    InventoryWarehouseId: text(place, 'InventoryWarehouseId'),
    ATPDate: dayOf(context.nowMs),
    OrderQuantity: decimal(request, 'OrderQuantity'),
    OnHandQuantity: onHand,
    ReservedOnHandQuantity: reserved,
    AvailableOnHandQuantity: available,
    UnavailableOnHandQuantity: '0',
    OrderedQuantity: ordered,
    ReservedOrderedQuantity: reservedOrdered,
    AvailableOrderedQuantity: availableOrdered,
    OnOrderQuantity: decimal(place, 'OnOrderQuantity'),
    TotalAvailableQuantity: total,
    ...promised,
  }
}
