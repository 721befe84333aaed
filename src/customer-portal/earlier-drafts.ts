import type { Database } from '#postgres/database.ts'
import type { Catalog } from '#tables/catalog.ts'
import { readRowsById } from '#tables/rows.queries.ts'
import { listContactsOfEarlierDrafts, settleEarlierDrafts } from './drafts.queries.ts'

const CONTACTS_MAX = 1_000

/** Drafts from before drafts had an account become drafts for the contact's own. Once there are none of these it costs one statement. */
export async function settleDraftsOfEarlier({ database, catalog }: { database: Database; catalog: Catalog }): Promise<void> {
  const settle = () =>
    database.transaction(async (tx) => {
      const contactIds = await listContactsOfEarlierDrafts(tx, CONTACTS_MAX)
      const contacts = await readRowsById(tx, catalog.get('contact'), contactIds)
      const own = contactIds.map((id) => contacts.get(id)?.parentcustomerid ?? null)
      await settleEarlierDrafts(
        tx,
        contactIds,
        own.map((id) => (id === null ? null : String(id))),
      )
      return contactIds.length
    })
  while ((await settle()) > 0);
}
