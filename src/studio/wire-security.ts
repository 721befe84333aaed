/**
 * What Studio's security workspace and its server say to each other: JSON over /studio/api/security. Types only. Times are ISO 8601 in UTC.
 */
import type { CellValue } from './wire-data.ts'

/** A sentence in the languages that Studio speaks. */
export type Said = { en: string; fr: string }
export type Privilege = 'read' | 'create' | 'write' | 'delete' | 'append' | 'appendTo'

export type PersonState = 'none' | 'invited' | 'active' | 'locked' | 'suspended'
export type PersonSummary = {
  id: string
  fullName: string
  email: string | null
  accountName: string | null
  /** Accounts beside the own one. */
  otherAccounts: number
  roles: string[]
  state: PersonState
}
export type Limits = { validFrom: string | null; validUntil: string | null }
export type HeldRole = Limits & { role: string; holds: boolean }
export type PersonAccount = Limits & { accountId: string; name: string; isOwn: boolean; holds: boolean; roles: HeldRole[] }
export type PersonDetail = {
  id: string
  fullName: string
  email: string
  state: PersonState
  accounts: PersonAccount[]
  rolesWithoutAccount: HeldRole[]
  sessions: { createdAt: string; lastSeenAt: string; expiresAt: string; userAgent: string | null }[]
}

/** For whom something is explained or previewed. */
export type Subject =
  | { kind: 'contact'; name: string; account: string | null; roles: string[]; state: PersonState }
  | { kind: 'service'; name: string; account: string | null; roles: string[] }
  | { kind: 'anonymous'; roles: string[] }
  | { kind: 'role'; account: string | null; roles: string[] }

export type RowChoice = { id: string; name: string; key: string }
export type Explained = {
  subject: Subject
  /** What people call the row; null where there is none with this id. */
  rowName: string | null
  allowed: boolean
  verdict: string
  because: Said
  rules: ExplainedRule[]
  columns: { column: string; allowed: boolean; by: string | null }[]
}
export type ExplainedRule = {
  permission: string
  file: string
  effect: 'allow' | 'deny'
  accessType: string
  columns: string[] | null
  roles: string[]
  forRoles: string[]
  fails: 'role' | 'inactive' | 'not_yet' | 'ended' | 'no_parent' | 'no_bearing' | null
  scope: boolean
  where: { text: string; holds: boolean } | null
  parent: { permission: string; decides: boolean; deniedBy: string[] } | null
  decides: boolean
  says: Said
}
export type WhoMayPage = {
  total: number
  anonymous: boolean
  people: {
    kind: 'contact' | 'service' | 'anonymous'
    id: string | null
    name: string
    accountId: string | null
    accountName: string | null
    roles: string[]
    through: string[]
  }[]
}

export type PreviewedTable = {
  table: string
  rows: number
  atLeast: boolean
  columns: string[]
  columnsOnSomeRows: string[]
  sample: Record<string, CellValue>[]
}
export type Preview = { subject: Subject; tables: PreviewedTable[] }

/** A permission as its file says it. */
export type PermissionSource = {
  name: string
  effect?: 'allow' | 'deny'
  accessType: 'global' | 'company' | 'account' | 'hierarchy' | 'contact' | 'self' | 'parent'
  relationship?: string
  accountRelationship?: string
  parent?: { permission: string; through: string }
  privileges: Privilege[]
  roles: string[]
  columns?: string[]
  where?: string
  validFrom?: string
  validUntil?: string
  active?: boolean
}
export type RuleFile = { path: string; table: string; text: string; changed: boolean; permissions: PermissionSource[] }
/** Where a file cannot be used: lines and columns count from 1. */
export type DraftProblem = { file: string; line: number | null; column: number | null; message: string }
/** Files that a draft changes, by path; null deletes one. */
export type DraftFiles = Record<string, string | null>
export type RulesView = {
  releaseId: number
  roles: { name: string; description: string; builtIn: boolean; people: number }[]
  rolesText: string
  files: RuleFile[]
  problems: DraftProblem[]
}
export type DraftEdit =
  | { kind: 'put'; table: string; file: string | null; before: string | null; permission: PermissionSource }
  | { kind: 'delete'; file: string; permission: string }
export type ConditionCheck = { kind: 'good' } | { kind: 'bad'; message: string; position: number | null }

export type AnonymousGain = {
  confirm: string
  table: string
  privilege: string
  kind: 'rows' | 'columns' | 'denial_lifted' | 'web_api'
  columns: string[]
  permission: string | null
  file: string
}
export type Figure = { people: number; rows: number | null; atLeast: boolean }
export type DiffLine = {
  who: { kind: 'everybody' } | { kind: 'role'; role: string } | { kind: 'anonymous' }
  table: string
  privilege: Privilege
  columns: string[] | null
  gained: Figure | null
  lost: Figure | null
  counted: boolean
  says: Said
}
export type Difference =
  | { kind: 'counted'; lines: DiffLine[]; anonymous: AnonymousGain[] }
  | { kind: 'invalid'; problems: DraftProblem[] }

export type PublishOutcome =
  | { kind: 'published'; id: number }
  /** Somebody else has published since the draft began. */
  | { kind: 'outdated'; current: number }
  | { kind: 'needs_confirmation'; gains: AnonymousGain[] }
  | { kind: 'invalid'; message: string }

export type ReleaseSummary = {
  id: number
  parentId: number | null
  author: string
  message: string
  publishedAt: string
  confirmed: string[]
  isShown: boolean
}
/** How the folder that Comptoir was started with stands to what is shown. */
export type FolderState = { path: string; state: 'same' | 'kept' | 'changed' }
export type ReleaseList = { releases: ReleaseSummary[]; folder: FolderState }
export type FileChange = {
  path: string
  kind: 'added' | 'changed' | 'deleted'
  /** Null for files that are not text, or too long to compare. */
  lines: { kind: 'same' | 'added' | 'deleted'; text: string }[] | null
}
export type ReleaseDifference = { files: FileChange[]; access: Difference }

export type MatrixGrant = {
  permission: string
  effect: 'allow' | 'deny'
  scope: string
  where: string | null
  columns: string[] | null
} & Limits
export type MatrixRole = {
  role: string
  description: string
  tables: { table: string; cells: Record<Privilege, MatrixGrant[]>; webApi: string[] | null }[]
}

export type TokenState = 'active' | 'expired' | 'revoked' | 'disabled'
export type ServiceAccountInfo = {
  id: string
  name: string
  role: string
  accountId: string | null
  accountName: string | null
  createdAt: string
  disabledAt: string | null
  tokens: {
    id: string
    prefix: string
    readOnly: boolean
    tables: string[] | null
    createdAt: string
    expiresAt: string
    lastUsedAt: string | null
    state: TokenState
  }[]
}
/** The token is shown this once. */
export type TokenMade = { token: string; expiresAt: string }

export type AuditEntry = {
  id: number
  at: string
  who: string | null
  action: string
  subject: string | null
  details: Record<string, string>
}
export type AuditPage = { entries: AuditEntry[]; next: number | null }
