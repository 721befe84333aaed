import type { Tx } from '#postgres/database.ts'
import { refuseField } from './infolog.ts'
import { checkFilled, checkMember, checkReferences, type Reference } from './references.ts'
import { deleteRow, insertRow, updateRow } from './rows.queries.ts'
import { type Fields, has, type Row, text, without } from './rows.ts'

type Kind = {
  table: string
  entity: string
  type: string
  subject: string
  owner: Reference
}

const ON_ORDER: Kind = {
  table: 'sales_order_attachment',
  entity: 'SalesOrderHeaderDocumentAttachmentEntity',
  type: 'DocumentAttachmentTypeCode',
  subject: 'AttachmentDescription',
  owner: {
    field: 'SalesOrderNumber',
    label: 'Sales order',
    table: 'sales_order_header',
    key: 'SalesOrderNumber',
    tableLabel: 'Sales orders',
  },
}

const ON_CUSTOMER: Kind = {
  table: 'customer_attachment',
  entity: 'CustomerAttachmentsEntity',
  type: 'TypeId',
  subject: 'Name',
  owner: {
    field: 'CustomerAccountNumber',
    label: 'Customer account',
    table: 'customer',
    key: 'CustomerAccount',
    tableLabel: 'Customers',
  },
}

/** Notes and links on sales orders. Whose they are and of which type stays as it is. */
export const orderAttachments = attachmentsOf(ON_ORDER)
export const customerAttachments = attachmentsOf(ON_CUSTOMER)

function attachmentsOf(kind: Kind) {
  return {
    async insert(tx: Tx, company: string, given: Fields): Promise<Row> {
      checkFilled(kind.entity, given, { [kind.owner.field]: kind.owner.label })
      await checkReferences(tx, { entity: kind.entity, company, fields: given }, [kind.owner])
      check(kind, { [kind.type]: 'Note', ...given })
      const fields = has(given, 'DocumentId') ? given : without(given, ['DocumentId'])
      return insertRow(tx, kind.table, { ...fields, dataAreaId: company })
    },
    async update(tx: Tx, row: Row, given: Fields): Promise<Row> {
      const fields = without(given, ['dataAreaId', 'DocumentId', kind.owner.field, kind.type])
      check(kind, { ...(row as unknown as Fields), ...fields })
      return updateRow(tx, kind.table, row.recid, fields)
    },
    remove: (tx: Tx, row: Row) => deleteRow(tx, kind.table, row.recid),
  }
}

function check(kind: Kind, fields: Fields): void {
  checkMember(kind.entity, fields, kind.type, ['Note', 'URL', 'File', 'Image'])
  if (!has(fields, kind.subject) && !has(fields, 'Notes'))
    refuseField(kind.entity, kind.subject, `A ${text(fields, kind.type)} needs a description or a text.`)
}
