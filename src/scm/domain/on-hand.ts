import { add, compare, type DecimalText, subtract } from '#lib/decimal.ts'
import type { Tx } from '#postgres/database.ts'
import { refuse } from './infolog.ts'
import { checkFilled, checkReferences, type Reference } from './references.ts'
import { deleteRow, findRow, getRow, insertRow, updateRow } from './rows.queries.ts'
import { decimal, type Fields, firstText, has, type Row, text, without } from './rows.ts'

const ENTITY = 'InventWarehouseOnHandV2Entity'
const MANDATORY = { ItemNumber: 'Item number', InventoryWarehouseId: 'Warehouse' }
const COMPUTED = ['AvailableOnHandQuantity', 'TotalAvailableQuantity']

const REFERENCES: readonly Reference[] = [
  { field: 'ItemNumber', label: 'Item number', table: 'released_product', key: 'ItemNumber', tableLabel: 'Released products' },
  { field: 'InventoryWarehouseId', label: 'Warehouse', table: 'warehouse', key: 'WarehouseId', tableLabel: 'Warehouses' },
]

/** Stock of one product in one warehouse, in the product's inventory unit. */
export async function insertOnHand(tx: Tx, company: string, given: Fields): Promise<Row> {
  checkFilled(ENTITY, given, MANDATORY)
  await checkReferences(tx, { entity: ENTITY, company, fields: given }, REFERENCES)
  const warehouse = await getRow(tx, 'warehouse', { dataAreaId: company, WarehouseId: text(given, 'InventoryWarehouseId') })
  const product = await getRow(tx, 'released_product', { dataAreaId: company, ItemNumber: text(given, 'ItemNumber') })
  const site = firstText(text(given, 'InventorySiteId'), text(warehouse, 'OperationalSiteId'))
  return insertRow(tx, 'warehouse_on_hand', {
    ProductName: text(product, 'ProductName'),
    ...given,
    ...quantities(decimal(given, 'OnHandQuantity'), decimal(given, 'ReservedOnHandQuantity')),
    InventorySiteId: site,
    dataAreaId: company,
  })
}

export async function updateOnHand(tx: Tx, row: Row, given: Fields): Promise<Row> {
  const onHand = has(given, 'OnHandQuantity') ? decimal(given, 'OnHandQuantity') : decimal(row, 'OnHandQuantity')
  const reserved = has(given, 'ReservedOnHandQuantity')
    ? decimal(given, 'ReservedOnHandQuantity')
    : decimal(row, 'ReservedOnHandQuantity')
  return updateRow(tx, 'warehouse_on_hand', row.recid, {
    ...without(given, ['dataAreaId', 'ItemNumber', 'InventoryWarehouseId', 'InventorySiteId', ...COMPUTED]),
    ...quantities(onHand, reserved),
  })
}

export async function removeOnHand(tx: Tx, row: Row): Promise<void> {
  await deleteRow(tx, 'warehouse_on_hand', row.recid)
}

export type StockPlace = { company: string; itemNumber: string; warehouse: string }

/**
 * Moves stock: `reserve` changes what is set aside, `take` what is there. Refuses what would set aside more than is available or take
 * more than is there beside what is set aside for others. The row stays locked until the transaction ends.
 */
export async function moveStock(tx: Tx, place: StockPlace, move: { reserve: DecimalText; take: DecimalText }): Promise<void> {
  const where = { dataAreaId: place.company, ItemNumber: place.itemNumber, InventoryWarehouseId: place.warehouse }
  const row = await findRow(tx, 'warehouse_on_hand', where, 'lock')
  const onHand = row === undefined ? '0' : subtract(decimal(row, 'OnHandQuantity'), move.take)
  const reserved = row === undefined ? move.reserve : add(decimal(row, 'ReservedOnHandQuantity'), move.reserve)
  const asksForMore = compare(add(move.reserve, move.take), '0') > 0
  if ((asksForMore && compare(subtract(onHand, reserved), '0') < 0) || row === undefined) {
    const available = row === undefined ? '0' : decimal(row, 'AvailableOnHandQuantity')
    refuse(`Item number ${place.itemNumber}: only ${available} is available in warehouse ${place.warehouse}.`)
  }
  await updateRow(tx, 'warehouse_on_hand', row.recid, quantities(onHand, reserved))
}

export function quantities(onHand: DecimalText, reserved: DecimalText): Fields {
  const available = subtract(onHand, reserved)
  return {
    OnHandQuantity: onHand,
    ReservedOnHandQuantity: reserved,
    AvailableOnHandQuantity: available,
    TotalAvailableQuantity: available,
  }
}
