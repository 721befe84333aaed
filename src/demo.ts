import { createAdministrator, createSignIn, findPersonByEmail } from '#access/people.ts'
import type { AccessPlace } from '#access/sign-in.ts'
import type { Log } from '#log/log.ts'
import { engineRows } from '#tables/predicate.ts'
import { findCompanyId, listRows } from '#tables/rows.queries.ts'

const DEMO_PASSWORD = 'comptoir-demo'
const ADMINISTRATOR = { email: 'admin@comptoir.example', fullName: 'Alex Admin' }
const COMPANY = 'usmf'

/** Contacts of the demo company that can sign in from the start, as the visibility matrix of the Customer portal has them. */
const PEOPLE = [
  { email: 'nora@fabrikam.example', role: 'Customer representative', who: 'Customer representative of Fabrikam' },
  { email: 'jane@fabrikam.example', role: 'Authorized user', who: 'Authorized user of Fabrikam' },
  { email: 'sam@fabrikam.example', role: 'Authorized user', who: 'Authorized user of Fabrikam' },
  { email: 'may@tailspin.example', role: 'Unauthorized user', who: 'Unauthorized user of Tailspin Toys' },
]

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
    await createSignIn(place, { contactId, password: DEMO_PASSWORD, roles: [person.role] })
    people.push(person)
  }
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

async function findContact({ database, catalog }: AccessPlace, email: string): Promise<string | undefined> {
  const table = catalog.get('contact')
  const filter = {
    kind: 'compare' as const,
    operator: 'eq' as const,
    left: { kind: 'path' as const, names: ['emailaddress1'], position: 0 },
    right: { kind: 'literal' as const, literal: { type: 'string' as const, value: email }, position: 0 },
    position: 0,
  }
  const [row] = await database.read((tx) =>
    listRows(tx, catalog, { table, columns: [], predicate: engineRows, filter, rowsMax: 1 }),
  )
  return row === undefined ? undefined : String(row.contactid)
}

async function firstCompanyId(tx: Parameters<typeof listRows>[0], catalog: AccessPlace['catalog']): Promise<string | undefined> {
  const [row] = await listRows(tx, catalog, { table: catalog.get('cdm_company'), columns: [], predicate: engineRows, rowsMax: 1 })
  return row === undefined ? undefined : String(row.cdm_companyid)
}
