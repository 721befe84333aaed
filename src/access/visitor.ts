/** Who makes a request: a signed-in person with the account they act for, or anybody. Plain data, made anew for every request. */
export type Visitor = AnonymousVisitor | ContactVisitor

export type AnonymousVisitor = { kind: 'anonymous'; roles: readonly string[]; language: string }

export type ContactVisitor = {
  kind: 'contact'
  contactId: string
  /** The customer company the person belongs to. Administrators have none. */
  accountId: string | null
  /** The legal entity (cdm_company) of the contact. */
  companyId: string | null
  fullName: string
  email: string
  /** Assigned web roles and the built-in one. */
  roles: readonly string[]
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
