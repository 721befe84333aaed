import type { DecimalText } from '#lib/decimal.ts'
import type { JsonObject } from '#lib/json.ts'
import type { Tx } from '#postgres/database.ts'
import type { RowId } from '#tables/rows.queries.ts'

/**
 * Drafts of orders, each seen by its own contact alone, and only where the account in use is the one it was begun for (null: none, of an
 * administrator): every statement names both.
 */
export type DraftOwner = { contactId: RowId; accountId: RowId | null }

export type StoredDraft = {
  draftId: RowId
  state: 'open' | 'submitted' | 'discarded'
  schemaVersion: number
  information: JsonObject
  version: number
  /** What its order was made from, or corrected to at last. */
  submittedVersion: number | null
  orderId: RowId | null
  changedAt: string
}

export type StoredLine = { lineId: RowId; productId: RowId; uomId: RowId; quantity: DecimalText }

/** Oldest open drafts of a contact beyond this many are given up when a new one begins. */
const DRAFTS_OPEN_MAX = 20
export const DRAFT_LINES_MAX = 500

export async function insertDraft(
  tx: Tx,
  owner: DraftOwner,
  draft: { draftId: RowId; schemaVersion: number; information: JsonObject },
): Promise<void> {
  await tx`
    insert into customer_portal.draft (draft_id, contact_id, account_id, schema_version, information)
    values (${draft.draftId}, ${owner.contactId}, ${owner.accountId}::uuid, ${draft.schemaVersion}, ${JSON.stringify(draft.information)}::jsonb)`
  await tx`
    update customer_portal.draft set state = 'discarded', changed_at = clock_timestamp()
     where draft_id in (select draft_id from customer_portal.draft
                         where contact_id = ${owner.contactId} and account_id is not distinct from ${owner.accountId}::uuid and state = 'open'
                         order by changed_at desc offset ${DRAFTS_OPEN_MAX} limit 100)`
}

export async function findDraft(tx: Tx, owner: DraftOwner, draftId: RowId): Promise<StoredDraft | undefined> {
  const [draft] = await tx<StoredDraft>`
    select draft_id as "draftId", state, schema_version as "schemaVersion", information, version, submitted_version as "submittedVersion",
           order_id as "orderId", changed_at as "changedAt"
      from customer_portal.draft
     where draft_id = ${draftId}::uuid and contact_id = ${owner.contactId} and account_id is not distinct from ${owner.accountId}::uuid`
  return draft
}

/** The same, and whoever else wants to change it waits until this transaction ends. */
export async function lockDraft(tx: Tx, owner: DraftOwner, draftId: RowId): Promise<StoredDraft | undefined> {
  const [draft] = await tx<StoredDraft>`
    select draft_id as "draftId", state, schema_version as "schemaVersion", information, version, submitted_version as "submittedVersion",
           order_id as "orderId", changed_at as "changedAt"
      from customer_portal.draft
     where draft_id = ${draftId}::uuid and contact_id = ${owner.contactId} and account_id is not distinct from ${owner.accountId}::uuid
       for update`
  return draft
}

/** The draft that became this order, where the owner wrote it. */
export async function findDraftOfOrder(tx: Tx, owner: DraftOwner, orderId: RowId): Promise<RowId | undefined> {
  const [draft] = await tx<{ draftId: RowId }>`
    select draft_id as "draftId" from customer_portal.draft
     where order_id = ${orderId}::uuid and contact_id = ${owner.contactId} and account_id is not distinct from ${owner.accountId}::uuid`
  return draft?.draftId
}

export type OpenDraft = { draftId: RowId; changedAt: string; lines: number }

/** Open drafts, latest first. */
export function listOpenDrafts(tx: Tx, owner: DraftOwner): Promise<OpenDraft[]> {
  return tx<OpenDraft>`
    select d.draft_id as "draftId", d.changed_at as "changedAt",
           (select count(*)::int from customer_portal.draft_line l where l.draft_id = d.draft_id and l.removed_at is null) as lines
      from customer_portal.draft d
     where d.contact_id = ${owner.contactId} and d.account_id is not distinct from ${owner.accountId}::uuid and d.state = 'open'
     order by d.changed_at desc limit ${DRAFTS_OPEN_MAX}`
}

export async function updateInformation(
  tx: Tx,
  draftId: RowId,
  information: { schemaVersion: number; values: JsonObject },
): Promise<void> {
  await tx`
    update customer_portal.draft
       set information = ${JSON.stringify(information.values)}::jsonb, schema_version = ${information.schemaVersion},
           version = version + 1, changed_at = clock_timestamp()
     where draft_id = ${draftId}`
}

/** The draft is over: submitted as this order, or given up, also after its order was refused. Its lines stay, to tell what was asked for. */
export async function closeDraft(tx: Tx, draftId: RowId, orderId: RowId | null): Promise<void> {
  await tx`
    update customer_portal.draft
       set state = case when ${orderId}::uuid is null then 'discarded' else 'submitted' end, order_id = ${orderId}::uuid,
           submitted_version = case when ${orderId}::uuid is not null then version end, changed_at = clock_timestamp()
     where draft_id = ${draftId}`
}

export function listLines(tx: Tx, draftId: RowId): Promise<StoredLine[]> {
  return tx<StoredLine>`
    select line_id as "lineId", product_id as "productId", uom_id as "uomId", quantity
      from customer_portal.draft_line where draft_id = ${draftId} and removed_at is null order by position limit ${DRAFT_LINES_MAX}`
}

/** The line of this id even where it has been removed. */
export async function findLine(tx: Tx, draftId: RowId, lineId: RowId): Promise<(StoredLine & { removed: boolean }) | undefined> {
  const [line] = await tx<StoredLine & { removed: boolean }>`
    select line_id as "lineId", product_id as "productId", uom_id as "uomId", quantity, removed_at is not null as removed
      from customer_portal.draft_line where draft_id = ${draftId} and line_id = ${lineId}::uuid`
  return line
}

/** Lines whose id is there already are left as they are. */
export async function insertLines(tx: Tx, draftId: RowId, lines: readonly StoredLine[]): Promise<void> {
  if (lines.length === 0) return
  await tx`
    insert into customer_portal.draft_line (line_id, draft_id, product_id, uom_id, quantity)
    select l.line_id, ${draftId}, l.product_id, l.uom_id, l.quantity
      from unnest(${lines.map((one) => one.lineId)}::uuid[], ${lines.map((one) => one.productId)}::uuid[],
                  ${lines.map((one) => one.uomId)}::uuid[], ${lines.map((one) => one.quantity)}::numeric[])
           with ordinality as l(line_id, product_id, uom_id, quantity, place)
     order by l.place
    on conflict (line_id) do nothing`
  await touchDraft(tx, draftId)
}

export async function updateLine(
  tx: Tx,
  draftId: RowId,
  line: { lineId: RowId; uomId: RowId; quantity: DecimalText },
): Promise<void> {
  await tx`
    update customer_portal.draft_line set uom_id = ${line.uomId}, quantity = ${line.quantity}::numeric
     where draft_id = ${draftId} and line_id = ${line.lineId}`
  await touchDraft(tx, draftId)
}

export async function setLineRemoved(tx: Tx, draftId: RowId, line: { lineId: RowId; removed: boolean }): Promise<void> {
  await tx`
    update customer_portal.draft_line set removed_at = case when ${line.removed}::boolean then clock_timestamp() end
     where draft_id = ${draftId} and line_id = ${line.lineId}`
  await touchDraft(tx, draftId)
}

async function touchDraft(tx: Tx, draftId: RowId): Promise<void> {
  await tx`update customer_portal.draft set version = version + 1, changed_at = clock_timestamp() where draft_id = ${draftId}`
}

/** Contacts with drafts from before drafts had an account. */
export async function listContactsOfEarlierDrafts(tx: Tx, contactsMax: number): Promise<RowId[]> {
  const rows = await tx<{ contactId: RowId }>`
    select distinct contact_id as "contactId" from customer_portal.draft where not account_known limit ${contactsMax}`
  return rows.map((row) => row.contactId)
}

export async function settleEarlierDrafts(
  tx: Tx,
  contactIds: readonly RowId[],
  accountIds: readonly (RowId | null)[],
): Promise<void> {
  await tx`
    update customer_portal.draft d set account_id = o.account_id, account_known = true
      from unnest(${contactIds}::uuid[], ${accountIds}::uuid[]) as o(contact_id, account_id)
     where d.contact_id = o.contact_id and not d.account_known`
}
