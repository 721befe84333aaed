import type { Tx } from '#postgres/database.ts'
import { insertAddress, removeAddress, updateAddress } from './addresses.ts'
import { customerAttachments, orderAttachments } from './attachments.ts'
import { insertContact, removeContact, updateContact } from './contacts.ts'
import { insertCustomer, removeCustomer, updateCustomer } from './customers.ts'
import { insertOnHand, removeOnHand, updateOnHand } from './on-hand.ts'
import { insertOnHandRequest, removeOnHandRequest, updateOnHandRequest } from './on-hand-requests.ts'
import { insertOrder, removeOrder, updateOrder } from './orders/order-header.ts'
import { insertLine, removeLine, updateLine } from './orders/order-line.ts'
import { insertElectronicAddress, removeElectronicAddress, updateElectronicAddress } from './parties/electronic-addresses.ts'
import {
  insertLocation,
  insertPlace,
  insertPostalAddress,
  removeLocation,
  removePlace,
  removePostalAddress,
  updateLocation,
  updatePlace,
  updatePostalAddress,
} from './parties/locations.ts'
import { insertParty, removeParty, updateParty } from './parties/parties.ts'
import { insertAgreement, removeAgreement, updateAgreement } from './price-agreements.ts'
import { insertQuotation, removeQuotation, updateQuotation } from './quotations/quotation-header.ts'
import { insertQuotationLine, removeQuotationLine, updateQuotationLine } from './quotations/quotation-line.ts'
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
  party: { insert: insertParty, update: updateParty, remove: removeParty },
  postal_location: { insert: insertLocation, update: updateLocation, remove: removeLocation },
  postal_address: { insert: insertPostalAddress, update: updatePostalAddress, remove: removePostalAddress },
  party_location: { insert: insertPlace, update: updatePlace, remove: removePlace },
  party_contact: { insert: insertElectronicAddress, update: updateElectronicAddress, remove: removeElectronicAddress },
  sales_quotation_header: { insert: insertQuotation, update: updateQuotation, remove: removeQuotation },
  sales_quotation_line: { insert: insertQuotationLine, update: updateQuotationLine, remove: removeQuotationLine },
  sales_order_attachment: orderAttachments,
  customer_attachment: customerAttachments,
  on_hand_request: { insert: insertOnHandRequest, update: updateOnHandRequest, remove: removeOnHandRequest },
  warehouse_on_hand: { insert: insertOnHand, update: updateOnHand, remove: removeOnHand },
}
