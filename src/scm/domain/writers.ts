import type { Tx } from '#postgres/database.ts'
import { insertAddress, removeAddress, updateAddress } from './addresses.ts'
import { insertContact, removeContact, updateContact } from './contacts.ts'
import { insertCustomer, removeCustomer, updateCustomer } from './customers.ts'
import { insertOnHand, removeOnHand, updateOnHand } from './on-hand.ts'
import { insertOrder, removeOrder, updateOrder } from './orders/order-header.ts'
import { insertLine, removeLine, updateLine } from './orders/order-line.ts'
import { insertAgreement, removeAgreement, updateAgreement } from './price-agreements.ts'
import type { Fields, Row, WriteContext } from './rows.ts'

/**
 * Writes of one table with its rules: defaults, checks, numbers, totals. `fields` are the given fields only. Each throws InfologError
 * for what the rules refuse; the caller rolls the transaction back.
 */
export type Writer = {
  insert(tx: Tx, company: string, fields: Fields, context: WriteContext): Promise<Row>
  update(tx: Tx, row: Row, fields: Fields, context: WriteContext): Promise<Row>
  remove(tx: Tx, row: Row, context: WriteContext): Promise<void>
}

/** By table name. A table that is not here has no rules beyond its constraints. */
export const writers: Readonly<Record<string, Writer>> = {
  sales_order_header: { insert: insertOrder, update: updateOrder, remove: removeOrder },
  sales_order_line: { insert: insertLine, update: updateLine, remove: removeLine },
  customer: { insert: insertCustomer, update: updateCustomer, remove: removeCustomer },
  customer_address: { insert: insertAddress, update: updateAddress, remove: removeAddress },
  contact_person: { insert: insertContact, update: updateContact, remove: removeContact },
  sales_price_agreement: { insert: insertAgreement, update: updateAgreement, remove: removeAgreement },
  warehouse_on_hand: { insert: insertOnHand, update: updateOnHand, remove: removeOnHand },
}
