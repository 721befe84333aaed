import type { Json } from '#lib/json.ts'

/** A request that an API does not answer, and why. What it says goes to the caller. */
export class ApiRefusal extends Error {
  readonly kind: ApiRefusalKind
  readonly details: RefusalDetails

  constructor(kind: ApiRefusalKind, message: string, more: { details?: RefusalDetails; cause?: unknown } = {}) {
    super(message, more.cause === undefined ? undefined : { cause: more.cause })
    this.kind = kind
    this.details = more.details ?? {}
  }
}

/** For machines, in `innererror`. */
export type RefusalDetails = { readonly [name: string]: Json }

/** Which API answers: its codes differ. */
export type Dialect = 'data' | 'portal'

export type ApiRefusalKind = keyof typeof REFUSALS

/**
 * Each kind with its status, Dataverse's code where it has one ('' where it has none), and the portals Web API's code and name. What the
 * portals Web API has no code for is an error of the data service (CDSError), and carries Dataverse's as `cdscode`; or the name is the code.
 */
const REFUSALS = {
  sign_in: kind(401, '', '90040109', 'MissingPortalSessionCookie'),
  token_missing: kind(401, '', '90040107', 'MissingPortalRequestVerificationToken'),
  token_wrong: kind(403, '', '90040107', 'HttpAntiForgeryException'),
  access: kind(403, '0x80040220', 'AccessDenied', 'AccessDenied'),
  read: kind(403, '0x80040220', '90040120', 'TablePermissionReadIsMissing'),
  write: kind(403, '0x80040220', '90040102', 'TablePermissionWriteIsMissingDuringUpdate'),
  create: kind(403, '0x80040220', '90040103', 'TablePermissionCreateIsMissing'),
  delete: kind(403, '0x80040220', '90040104', 'TablePermissionDeleteIsMissing'),
  append: kind(403, '0x80040220', '90040105', 'TablePermissionAppendIsMissingDuringAssociationChange'),
  appendTo: kind(403, '0x80040220', '90040106', 'TablePermissionAppendToIsMissingDuringAssociationChange'),
  /** Named in a query: one that is closed and one that does not exist are the same. */
  column: kind(400, '0x80060888', '90040101', 'AttributePermissionIsMissing', 403),
  column_forbidden: kind(403, '0x80040220', '90040101', 'AttributePermissionIsMissing'),
  values: kind(400, '0x80040203', '90040100', 'InvalidAttribute'),
  invalid: kind(400, '0x80060888', '9004010D', 'CDSError'),
  too_costly: kind(400, '0x80040203', '9004010D', 'CDSError'),
  resource: kind(404, '0x80060888', '9004010C', 'ResourceDoesNotExists'),
  row: kind(404, '0x80040217', '9004010C', 'ResourceDoesNotExists'),
  method: kind(405, '0x80060888', '9004010A', 'InvalidOperation'),
  still_used: kind(409, '0x80040227', 'CannotDeleteDueToAssociation', 'CannotDeleteDueToAssociation'),
  /** A person with several accounts sends to an address that names none of them. */
  account: kind(409, '', 'AccountNeeded', 'AccountNeeded'),
  /** A change of definitions that a person has to confirm by name. */
  loses_data: kind(409, '', 'WouldLoseData', 'WouldLoseData'),
  exists: kind(412, '0x80040237', '9004010D', 'CDSError'),
  duplicate_key: kind(412, '0x80060892', '9004010D', 'CDSError'),
  version: kind(412, '0x80060882', '9004010D', 'CDSError'),
  delta_gone: kind(410, '', '9004010D', 'CDSError'),
  too_large: kind(413, '0x80040203', 'RequestTooLarge', 'RequestTooLarge'),
  media: kind(415, '0x80060888', '9004010D', 'CDSError'),
  /** A request of a change set that builds on one that was refused. */
  depends: kind(424, '0x80060888', '9004010D', 'CDSError'),
  too_many: kind(429, '0x80072322', 'TooManyRequests', 'TooManyRequests'),
  not_implemented: kind(501, '0x80060888', '9004010B', 'NotSupported'),
  too_slow: kind(503, '0x80044151', '9004010D', 'CDSError'),
  unreachable: kind(503, '', 'ServiceUnavailable', 'ServiceUnavailable'),
  failed: kind(500, '0x80040216', '900400FF', 'UnexpectedError'),
} as const

type Kind = { status: Readonly<Record<Dialect, number>>; data: string; portal: string; name: string }

function kind(status: number, data: string, portal: string, name: string, portalStatus = status): Kind {
  return { status: { data: status, portal: portalStatus }, data, portal, name }
}

/** Status and body of a refusal, as the API in question writes them. */
export function describeRefusal(
  kindName: ApiRefusalKind,
  message: string,
  dialect: Dialect,
  details: RefusalDetails = {},
): { status: number; body: string } {
  const { status, data, portal, name } = REFUSALS[kindName]
  const has = Object.keys(details).length > 0
  const error =
    dialect === 'data'
      ? { code: data, message, ...(has ? { innererror: details } : {}) }
      : { code: portal, message, ...(name === 'CDSError' ? { cdscode: data } : {}), innererror: { type: name, ...details } }
  return { status: status[dialect], body: JSON.stringify({ error }) }
}

/** What a client has sent, short and without control characters. */
export function printable(text: string): string {
  return text.slice(0, 100).replace(/\p{C}/gu, '?')
}
