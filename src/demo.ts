import { setMembership } from '#access/memberships.ts'
import { createAdministrator, createSignIn, findPersonByEmail } from '#access/people.ts'
import { giveRoles } from '#access/roles.ts'
import type { AccessPlace } from '#access/sign-in.ts'
import type { FilterExpression } from '#lib/odata/ast.ts'
import type { Log } from '#log/log.ts'
import { engineRows } from '#tables/predicate.ts'
import type { QueryRow } from '#tables/row-query.ts'
import { findCompanyId, listRows, updateRow } from '#tables/rows.queries.ts'

const DEMO_PASSWORD = 'comptoir-demo'
const ADMINISTRATOR = { email: 'admin@comptoir.example', fullName: 'Alex Admin' }
const COMPANY = 'usmf'

/** Contacts of the demo company that can sign in from the start, as the visibility matrix of the Customer portal has them. */
const PEOPLE: readonly (DemoPerson & { role: string; also?: { account: string; role: string } })[] = [
  { email: 'nora@fabrikam.example', role: 'Customer representative', who: 'Customer representative of Fabrikam' },
  { email: 'jane@fabrikam.example', role: 'Authorized user', who: 'Authorized user of Fabrikam' },
  { email: 'sam@fabrikam.example', role: 'Authorized user', who: 'Authorized user of Fabrikam' },
  { email: 'may@tailspin.example', role: 'Unauthorized user', who: 'Unauthorized user of Tailspin Toys' },
  {
    email: 'owen@tailspin.example',
    role: 'Customer representative',
    who: 'Customer representative of Tailspin Toys, and authorized user of Fabrikam',
    also: { account: 'US-001', role: 'Authorized user' },
  },
  { email: 'priya@adatum.example', role: 'Group representative', who: 'Group representative of Adatum Corporation' },
]

/** Which account is below which: no map brings it, so it is ours to say. */
const PARENTS: Readonly<Record<string, string>> = { 'US-002': 'US-003', 'US-004': 'US-002' }

export type DemoPerson = { email: string; who: string }

/** Gives the demo people their sign-ins and answers who they are. Idempotent; a contact that the loaded company does not have is passed over. */
export async function createDemoPeople(place: AccessPlace, log: Log): Promise<DemoPerson[]> {
  const { database, catalog } = place
  const people: DemoPerson[] = []
  for (const person of PEOPLE) {
    const contactId = await findContact(place, person.email)
    if (contactId === undefined) {
      log.info({ role: person.role }, 'a demo person is not in the loaded company')
      continue
    }
    const isNew = await createSignIn(place, { contactId, password: DEMO_PASSWORD, roles: [person.role] })
    // Given once: what an administrator changes later stays as it is.
    if (isNew && person.also !== undefined) await addAccount(place, contactId, person.also)
    people.push(person)
  }
  await formGroup(place)
  people.push({ email: ADMINISTRATOR.email, who: 'Administrator' })
  const known = await database.read((tx) => findPersonByEmail(tx, ADMINISTRATOR.email))
  if (known !== undefined) return people
  const companyId = await database.read(async (tx) => (await findCompanyId(tx, COMPANY)) ?? firstCompanyId(tx, catalog))
  await createAdministrator(place, { ...ADMINISTRATOR, password: DEMO_PASSWORD, companyId: companyId ?? null })
  return people
}

/** Where to go and as whom, for the terminal. */
export function demoGuide(portalUrl: string, erpUrl: string, people: readonly DemoPerson[]): string {
  return [
    '',
    `  Portal       ${portalUrl}`,
    `  Back office  ${portalUrl}/studio`,
    `  ERP          ${erpUrl}`,
    '',
    ...people.map((person) => `  ${person.email.padEnd(26)} ${person.who}`),
    '',
    `  Password of all: ${DEMO_PASSWORD} · this machine only · Ctrl-C stops everything`,
    '',
  ].join('\n')
}

/** A second account, with another role there. */
async function addAccount(place: AccessPlace, contactId: string, also: { account: string; role: string }): Promise<void> {
  const account = await findAccount(place, also.account)
  if (account === undefined) return
  const by = { contactId, accountId: String(account.accountid), grantedBy: null, now: new Date(place.clock.nowMs()) }
  await place.database.transaction(async (tx) => {
    await setMembership(tx, place.catalog, by)
    await giveRoles(tx, { ...by, roles: [also.role] })
  })
}

/** Accounts that have no parent yet get theirs; where one is not in the loaded company, nothing happens. */
async function formGroup(place: AccessPlace): Promise<void> {
  for (const [child, parent] of Object.entries(PARENTS)) {
    const [below, above] = [await findAccount(place, child), await findAccount(place, parent)]
    if (below === undefined || above === undefined || below.parentaccountid !== null) continue
    const table = place.catalog.get('account')
    const values = { parentaccountid: String(above.accountid) }
    await place.database.transaction((tx) => updateRow(tx, table, String(below.accountid), values, { predicate: engineRows }))
  }
}

async function findContact(place: AccessPlace, email: string): Promise<string | undefined> {
  const row = await findBy(place, 'contact', ['contactid'], { emailaddress1: email })
  return row === undefined ? undefined : String(row.contactid)
}

function findAccount(place: AccessPlace, number: string): Promise<QueryRow | undefined> {
  const company = { 'msdyn_company.cdm_companycode': COMPANY }
  return findBy(place, 'account', ['accountid', 'parentaccountid'], { accountnumber: number, ...company })
}

async function findBy(
  { database, catalog }: AccessPlace,
  table: string,
  columns: readonly string[],
  values: Readonly<Record<string, string>>,
): Promise<QueryRow | undefined> {
  const equal = ([path, value]: [string, string]): FilterExpression => ({
    kind: 'compare',
    operator: 'eq',
    left: { kind: 'path', names: path.split('.'), position: 0 },
    right: { kind: 'literal', literal: { type: 'string', value }, position: 0 },
    position: 0,
  })
  const filter = Object.entries(values)
    .map(equal)
    .reduce((left, right) => ({ kind: 'and', left, right }))
  const query = { table: catalog.get(table), columns, predicate: engineRows, filter, rowsMax: 1 }
  return (await database.read((tx) => listRows(tx, catalog, query)))[0]
}

async function firstCompanyId(tx: Parameters<typeof listRows>[0], catalog: AccessPlace['catalog']): Promise<string | undefined> {
  const [row] = await listRows(tx, catalog, { table: catalog.get('cdm_company'), columns: [], predicate: engineRows, rowsMax: 1 })
  return row === undefined ? undefined : String(row.cdm_companyid)
}
