/**
 * What Studio's server and its browser part say to each other: the JSON of /studio/api. Types only, so that both sides may import it.
 * Times are ISO 8601 in UTC; money and quantities are decimal strings.
 */
export type Me = {
  fullName: string
  email: string
  language: string
  csrfToken: string
  demo: boolean
  publicUrl: string
  /** The web roles that an administrator may give. */
  roles: string[]
}

export type MapState = 'not_running' | 'initializing' | 'running' | 'paused' | 'resuming'
export type BothWays<T> = { toErp: T; toPortal: T }

export type MapStatus = {
  name: string
  title: string
  /** Null where the map has none. */
  titleFr: string | null
  version: string
  table: string
  entity: string
  /** The ways this map carries changes at all. */
  carries: BothWays<boolean>
  state: MapState
  /** Linked ones; null where the map fills or shares the rows of others. */
  rows: number | null
  queued: BothWays<number>
  parked: number
  /** Age of the oldest change that waits; 0 when nothing does. */
  lagMs: BothWays<number>
  /** Settled in the last minute. */
  perMinute: BothWays<number>
  /** Rows that the last comparison found to differ; null before the first. */
  differences: number | null
  comparedAt: string | null
  /** Parts that are paused while the map runs. `queued` is counted up to 10,000. */
  scopes: { company: string | null; direction: 'toErp' | 'toPortal' | null; since: string; queued: number }[]
  /** What the map carries and the other side no longer has, in sentences. */
  misses: string[]
  lastError: { at: string; reason: string } | null
  initialSync: InitialSyncProgress | null
}

export type InitialSyncProgress = {
  state: 'waiting' | 'running' | 'done'
  rowsDone: number
  rowsTotal: number | null
  failed: number
  rowsPerSecond: number | null
  secondsLeft: number | null
}

export type Picture = { at: string; maps: MapStatus[] }

export type ColumnMapping = {
  column: string
  field: string
  direction: 'both' | 'toErp' | 'toPortal'
  /** Empty for a plain copy. */
  transforms: Transform[]
  isKey: boolean
}

export type Transform =
  | { kind: 'values'; pairs: [string, string][] }
  | { kind: 'constant'; value: string }
  | { kind: 'lookup' | 'fillFrom'; path: string }
  | { kind: 'lowerCase' }

export type MapDetail = {
  filters: { portal: string | null; erp: string | null }
  columns: ColumnMapping[]
}

export type ParkedItem = {
  id: string
  map: string
  direction: 'toErp' | 'toPortal'
  table: string
  rowId: string | null
  /** What people call the row. */
  rowName: string | null
  remoteKey: string | null
  operation: string
  columns: readonly string[]
  reason: string
  code: string
  attempt: number
  /** Whom the change is by, as people know them; null where nobody is known. */
  actor: string | null
  parkedAt: string
}

export type Page<T> = { rows: T[]; next: string | null; total: number }

export type AccountSummary = {
  id: string
  number: string
  name: string
  company: string | null
  currency: string | null
  city: string | null
  country: string | null
  onHold: string | null
}

export type SyncState =
  | { kind: 'waiting'; since: string; attempt: number; reason: string | null }
  | { kind: 'accepted'; remoteKey: string; at: string }
  | { kind: 'refused'; code: string; reason: string }
  | { kind: 'unlinked' }

export type AccountDetail = AccountSummary & {
  facts: { label: FactLabel; value: string }[]
  contacts: ContactSummary[]
  contactsTotal: number
  orders: { total: number; latest: OrderSummary[] }
  sync: SyncState
}

export type FactLabel =
  | 'number'
  | 'company'
  | 'currency'
  | 'priceList'
  | 'paymentTerms'
  | 'deliveryMode'
  | 'creditLimit'
  | 'customerGroup'
  | 'billingAccount'
  | 'address'
  | 'email'
  | 'phone'

export type OrderSummary = {
  id: string
  requestNumber: string | null
  erpNumber: string | null
  placedAt: string | null
  total: string | null
  currency: string | null
  status: string | null
  sync: SyncState
}

export type ContactSummary = {
  id: string
  fullName: string
  email: string | null
  accountId: string | null
  accountName: string | null
  roles: string[]
}

/** The five values that a contact needs to order, by what they are called. */
export type OrderColumn = 'company' | 'account' | 'priceList' | 'currency' | 'country'

export type InvitationState = {
  id: string
  roles: string[]
  createdAt: string
  expiresAt: string
  state: 'open' | 'redeemed' | 'expired' | 'revoked'
}

export type ContactDetail = ContactSummary & {
  /** Those for the own account, and those for none (Administrator). */
  ownRoles: string[]
  /** Some of them hold from a moment or until one. */
  areRolesLimited: boolean
  /** Accounts that the contact may act for beside its own, each with its roles. */
  otherAccounts: { id: string; name: string; roles: string[] }[]
  number: string | null
  phone: string | null
  jobTitle: string | null
  language: string | null
  orderColumns: { column: OrderColumn; value: string | null }[]
  signIn: SignInState
  invitations: InvitationState[]
  sync: SyncState
}

/** An invitation that has just been made: its link, the mail that carries it, and what the contact still lacks to order. */
export type Invited = { link: string; mailId: string; lacks: OrderColumn[] }

export type SignInState = {
  kind: 'none' | 'active' | 'locked' | 'suspended'
  lastSeenAt: string | null
  sessions: number
}

export type MailSummary = { id: string; to: string; subject: string; state: string; createdAt: string; error: string | null }
export type MailDetail = MailSummary & { text: string; links: string[]; attempts: number }

export type Overview = {
  counts: { accounts: number; contacts: number; products: number; orders: number; invoices: number; companies: number }
  /** `paused` are those that shall run and do not. */
  maps: { running: number; paused: number; total: number; queued: BothWays<number>; parked: number }
  slowest: { map: string; lagMs: number } | null
  errors: { map: string; at: string; reason: string }[]
  mails: { waiting: number; failed: number }
  places: { portalUrl: string; erpUrl: string; dataDir: string; database: string; smtp: string | null }
}

export type ApiError = { error: { code: string; message: string } }

/** How the ERP is reached, for people: never with a secret. */
export type Connection = {
  connector: 'dynamics365' | 'postgres'
  address: string
  /** Empty for a database. */
  tokenUrl: string
  clientId: string
  /** Where it is from: of the demo; from the settings of the installation; kept encrypted in the database; nowhere. */
  secret: 'demo' | 'environment' | 'kept' | 'missing'
  keptSince: string | null
  keptBy: string | null
  keyId: string | null
  capabilities: Readonly<Record<ConnectionAbility, boolean>>
  pageRowsMax: number
}
export type ConnectionAbility =
  | 'events'
  | 'changes'
  | 'atomicGroups'
  | 'deletes'
  | 'versions'
  | 'ranges'
  | 'hashes'
  | 'modifiedTime'
export type ConnectionPage = Connection & { companies: { code: string; name: string }[] }
/** `problem`: what the ERP has against it. */
export type ConnectionTest = { calls: ConnectionCall[]; problem: string | null }
export type ConnectionCall = { call: 'describe' | 'ping'; ms: number; answer: string }
export type ConnectionDesk = {
  describe(): Promise<Connection>
  /** With this secret, or the one that counts. Throws AppError with what the ERP says against it. */
  test(secret: string | undefined): Promise<ConnectionCall[]>
  /** Tries the secret, keeps it encrypted and works with it from then on. Throws AppError and leaves everything as it was. */
  keep(secret: string, actor: string): Promise<void>
}
