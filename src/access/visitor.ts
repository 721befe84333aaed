/**
 * Who makes a request: a signed-in person with the account they act for, a program with a token, or anybody. Plain data, made anew for
 * every request.
 */
export type Visitor = AnonymousVisitor | ContactVisitor | ServiceVisitor

export type AnonymousVisitor = { kind: 'anonymous'; roles: readonly string[]; language: string }

export type ContactVisitor = {
  kind: 'contact'
  contactId: string
  /** The customer company the person acts for in this request. Administrators have none. */
  accountId: string | null
  /** All customer companies the person may act for, the own one first; empty for administrators. */
  accounts: readonly AccountOfContact[]
  /** What the addresses of this request begin with: '/a/US-001' where the person has several accounts, otherwise ''. */
  accountPath: string
  /** The legal entity (cdm_company) of the contact. */
  companyId: string | null
  fullName: string
  email: string
  /** The web roles that the person has for the account in use, and the built-in one. */
  roles: readonly string[]
  language: string
}

export type AccountOfContact = {
  accountId: string
  name: string
  /** What stands for the account in addresses: its number, or its id where two of the person's accounts share a number. */
  segment: string
}

/** A program that signs in with a token: a service account of an integrator. It has no contact, and an account only if its token says so. */
export type ServiceVisitor = {
  kind: 'service'
  serviceAccountId: string
  fullName: string
  accountId: string | null
  companyId: string | null
  /** Its web role and nothing else: a program is not one of the Authenticated Users. */
  roles: readonly string[]
  /** What the token is limited to: of its role's privileges these, on these tables; null is every table the role has. */
  scope: { privileges: ReadonlySet<string>; tables: ReadonlySet<string> | null }
  language: string
}

/** Every visitor has exactly one of these two; nobody can be given or refused them. */
export const AUTHENTICATED_USERS = 'Authenticated Users'
const ANONYMOUS_USERS = 'Anonymous Users'
export const BUILT_IN_ROLES: readonly string[] = [AUTHENTICATED_USERS, ANONYMOUS_USERS]
/** The role that opens the back office. */
export const ADMINISTRATOR = 'Administrator'

export function anonymousVisitor(language: string): AnonymousVisitor {
  return { kind: 'anonymous', roles: [ANONYMOUS_USERS], language }
}

export function isAdministrator(visitor: Visitor): visitor is ContactVisitor {
  return visitor.kind === 'contact' && visitor.roles.includes(ADMINISTRATOR)
}
