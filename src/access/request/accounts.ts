import type { SessionAccount, SessionRow } from '../identity/sessions.queries.ts'
import { type AccountOfContact, AUTHENTICATED_USERS, type ContactVisitor } from '../visitor.ts'

/** For which account a person makes a request. */
export type AccountChoice =
  | { kind: 'account'; account: SessionAccount; path: string }
  /** For none: administrators, people without an account, and rooms that know no account. */
  | { kind: 'none' }
  /** The address names one that the person does not have (any more). */
  | { kind: 'unknown' }
  /** The person has several and the address names none: a page is redirected to this one, anything else refused. */
  | { kind: 'several'; path: string }

/**
 * By the address alone. `hint` (the account used last) chooses where somebody with several is sent, never what is done for whom.
 */
export function chooseAccount(
  session: SessionRow,
  asked: { segment: string | undefined; takesAccount: boolean; hint: string | undefined },
): AccountChoice {
  const { accounts } = session
  const [first] = accounts
  if (asked.segment !== undefined) {
    const account = accounts.find((one) => segmentOf(one, accounts) === asked.segment)
    return account === undefined ? { kind: 'unknown' } : { kind: 'account', account, path: pathOf(account, accounts) }
  }
  if (first === undefined || session.rolesWithoutAccount.length > 0) return { kind: 'none' }
  if (accounts.length === 1) return { kind: 'account', account: first, path: '' }
  if (!asked.takesAccount) return { kind: 'none' }
  const last = accounts.find((one) => segmentOf(one, accounts) === asked.hint) ?? first
  return { kind: 'several', path: pathOf(last, accounts) }
}

/** The visitor for that account: with the roles that the person has for it, and no others. */
export function contactVisitor(session: SessionRow, choice: AccountChoice, language: string): ContactVisitor {
  const { accounts, contactId, email } = session
  const account = choice.kind === 'account' ? choice.account : undefined
  const roles = account?.roles ?? (choice.kind === 'none' ? session.rolesWithoutAccount : [])
  return {
    kind: 'contact',
    contactId,
    accountId: account?.accountId ?? null,
    accounts: accounts.map(
      (one): AccountOfContact => ({ accountId: one.accountId, name: one.name, segment: encoded(segmentOf(one, accounts)) }),
    ),
    accountPath: choice.kind === 'account' ? choice.path : '',
    companyId: account === undefined || account.isOwn ? session.companyId : account.companyId,
    fullName: session.fullName ?? email,
    email,
    roles: [...roles, AUTHENTICATED_USERS],
    language,
  }
}

/** The account's number, which people know; its id where two of the person's accounts share one, or where it would not do in an address. */
function segmentOf(account: SessionAccount, accounts: readonly SessionAccount[]): string {
  const isShared = accounts.some((one) => one !== account && one.number === account.number)
  return isShared || /^\.*$/.test(account.number) ? account.accountId : account.number
}

function pathOf(account: SessionAccount, accounts: readonly SessionAccount[]): string {
  return `/a/${encoded(segmentOf(account, accounts))}`
}

function encoded(segment: string): string {
  return encodeURIComponent(segment)
}
