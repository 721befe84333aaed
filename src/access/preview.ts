import type { Database } from '#postgres/database.ts'
import type { Catalog } from '#tables/catalog.ts'
import type { QueryRow } from '#tables/row-query.ts'
import { countRows, listRows, type RowId } from '#tables/rows.queries.ts'
import type { Permissions } from './permissions.ts'
import { AUTHENTICATED_USERS, anonymousVisitor, type ContactVisitor, type Visitor } from './visitor.ts'

/** What a role would see of one table. */
export type RolePreview = {
  table: string
  /** Up to COUNT_MAX; `atLeast` where there are more. */
  rows: number
  atLeast: boolean
  /** Columns that are readable on every row that is seen, and those on some only. */
  columns: readonly string[]
  columnsOnSomeRows: readonly string[]
  sample: readonly QueryRow[]
}

const COUNT_MAX = 10_000
const SAMPLE_ROWS = 5

/** A visitor who is not there: with these roles and, where they matter, this account, contact and legal entity. */
export function imaginedVisitor(as: {
  roles: readonly string[]
  contactId: RowId | null
  accountId: RowId | null
  companyId: RowId | null
}): Visitor {
  const anonymous = anonymousVisitor('en')
  if (as.roles.every((role) => anonymous.roles.includes(role))) return anonymous
  const visitor: ContactVisitor = {
    kind: 'contact',
    // Nobody: what goes by the contact shows no rows.
    contactId: as.contactId ?? '00000000-0000-0000-0000-000000000000',
    accountId: as.accountId,
    accounts: [],
    accountPath: '',
    companyId: as.companyId,
    fullName: '',
    email: '',
    roles: [...as.roles, AUTHENTICATED_USERS],
    language: 'en',
  }
  return visitor
}

/** Every table of which the visitor sees something by the rules, with what that is on the rows there are now. */
export async function previewRole(
  place: { database: Database; catalog: Catalog },
  permissions: Permissions,
  visitor: Visitor,
): Promise<RolePreview[]> {
  const { catalog } = place
  const previews: RolePreview[] = []
  for (const table of catalog.tables.values()) {
    if (!permissions.may(visitor, table.name, 'read')) continue
    const predicate = permissions.predicate(visitor, table.name, 'read')
    const always = permissions.readableColumns(visitor, table.name)
    const reachable = permissions.reachableColumns(visitor, table.name)
    const { rows, sample } = await place.database.read(async (tx) => ({
      rows: await countRows(tx, catalog, { table, predicate, rowsMax: COUNT_MAX + 1 }),
      sample: await listRows(tx, catalog, { table, columns: [...reachable], predicate, rowsMax: SAMPLE_ROWS }),
    }))
    previews.push({
      table: table.name,
      rows: Math.min(rows, COUNT_MAX),
      atLeast: rows > COUNT_MAX,
      columns: [...always],
      columnsOnSomeRows: [...reachable].filter((column) => !always.has(column)),
      sample,
    })
  }
  return previews
}
