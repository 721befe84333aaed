/**
 * What the permissions mean, said a second time and as plainly as possible: rows are objects, permissions are questions asked of one row
 * at a time, nothing is compiled, nothing is quick. It shares no code with the program; every surface is held against it.
 */
export type Value = string | number | null
export type PlainRow = { readonly id: string; readonly company: string; readonly [column: string]: Value }
export type PlainRows = Readonly<Record<TableName, readonly PlainRow[]>>
export const TABLES = ['account', 'contact', 'salesorder', 'salesorderdetail', 'invoice'] as const
export type TableName = (typeof TABLES)[number]
export type PlainPrivilege = 'read' | 'create' | 'write' | 'delete' | 'append' | 'appendTo'

export type PlainPermission = {
  name: string
  table: TableName
  effect: 'allow' | 'deny'
  accessType: 'global' | 'company' | 'account' | 'hierarchy' | 'contact' | 'self' | 'parent'
  relationship?: string
  accountRelationship?: string
  parent?: { permission: string; through: string }
  privileges: readonly PlainPrivilege[]
  roles: readonly string[]
  columns?: readonly string[]
  where?: Condition
  validFrom?: string
  validUntil?: string
  active: boolean
}

/** A condition as it is written in the file, and what it says of a row. */
export type Condition = { text: string; holds(row: PlainRow, rows: PlainRows): boolean }

export type PlainVisitor = {
  contactId: string | null
  accountId: string | null
  companyId: string | null
  roles: readonly string[]
  /** Of a token: privileges and tables that it is limited to. */
  token?: { privileges: readonly string[]; tables: readonly string[] | null }
}

export type PlainWorld = { nowMs: number; rows: PlainRows; permissions: readonly PlainPermission[] }

/** The rows on which the visitor has the privilege, and of each the columns that it goes for. */
export function open(
  world: PlainWorld,
  visitor: PlainVisitor,
  table: TableName,
  privilege: PlainPrivilege,
  columns: readonly string[],
): Map<string, Set<string>> {
  const found = new Map<string, Set<string>>()
  for (const row of world.rows[table]) {
    if (!mayTouch(world, visitor, table, privilege, row)) continue
    found.set(row.id, new Set(columns.filter((column) => mayTouchColumn(world, visitor, table, privilege, row, column))))
  }
  return found
}

/** Which row each row is seen to belong to: both must be visible, and of the first the lookup between them. By id. */
export function openLinks(
  world: PlainWorld,
  visitor: PlainVisitor,
  link: { table: TableName; through: string; parent: TableName },
): Map<string, string> {
  const found = new Map<string, string>()
  for (const row of world.rows[link.table]) {
    const above = world.rows[link.parent].find((one) => one.id === row[link.through])
    if (above === undefined || !mayTouch(world, visitor, link.table, 'read', row)) continue
    if (!mayTouchColumn(world, visitor, link.table, 'read', row, link.through)) continue
    if (mayTouch(world, visitor, link.parent, 'read', above)) found.set(row.id, above.id)
  }
  return found
}

export function mayTouch(
  world: PlainWorld,
  visitor: PlainVisitor,
  table: TableName,
  privilege: PlainPrivilege,
  row: PlainRow,
): boolean {
  if (visitor.token !== undefined) {
    if (!visitor.token.privileges.includes(privilege)) return false
    if (visitor.token.tables !== null && !visitor.token.tables.includes(table)) return false
  }
  const mine = world.permissions.filter((one) => isFor(world, visitor, one, table, privilege))
  const granted = mine.some((one) => one.effect === 'allow' && covers(world, visitor, one, row))
  const denied = mine.some((one) => one.effect === 'deny' && one.columns === undefined && covers(world, visitor, one, row))
  return granted && !denied
}

export function mayTouchColumn(
  world: PlainWorld,
  visitor: PlainVisitor,
  table: TableName,
  privilege: PlainPrivilege,
  row: PlainRow,
  column: string,
): boolean {
  const mine = world.permissions.filter((one) => isFor(world, visitor, one, table, privilege) && covers(world, visitor, one, row))
  const granted = mine.some((one) => one.effect === 'allow' && (one.columns === undefined || one.columns.includes(column)))
  const denied = mine.some((one) => one.effect === 'deny' && one.columns !== undefined && one.columns.includes(column))
  return granted && !denied
}

function isFor(
  world: PlainWorld,
  visitor: PlainVisitor,
  permission: PlainPermission,
  table: TableName,
  privilege: PlainPrivilege,
): boolean {
  if (permission.table !== table) return false
  if (!permission.privileges.includes(privilege)) return false
  if (!permission.roles.some((role) => visitor.roles.includes(role))) return false
  return stands(world, permission)
}

function stands(world: PlainWorld, permission: PlainPermission): boolean {
  if (!permission.active) return false
  if (permission.validFrom !== undefined && world.nowMs < Date.parse(permission.validFrom)) return false
  if (permission.validUntil !== undefined && world.nowMs >= Date.parse(permission.validUntil)) return false
  if (permission.parent === undefined) return true
  const parentName = permission.parent.permission
  const parent = world.permissions.find((one) => one.name === parentName)
  return parent !== undefined && stands(world, parent)
}

function covers(world: PlainWorld, visitor: PlainVisitor, permission: PlainPermission, row: PlainRow): boolean {
  if (permission.where !== undefined && !permission.where.holds(row, world.rows)) return false
  switch (permission.accessType) {
    case 'global':
      return true
    case 'company':
      return visitor.companyId !== null && row.company === visitor.companyId
    case 'account':
      return visitor.accountId !== null && accountOf(permission, row) === visitor.accountId
    case 'hierarchy':
      return visitor.accountId !== null && isAtOrBelow(world.rows, accountOf(permission, row), visitor.accountId)
    case 'contact':
      return (
        visitor.contactId !== null &&
        row[permission.relationship ?? ''] === visitor.contactId &&
        isForAccountInUse(visitor, permission, row)
      )
    case 'self':
      return visitor.contactId !== null && row.id === visitor.contactId
    case 'parent':
      return coversThroughParent(world, visitor, permission, row)
  }
}

/** An own row may be one for the account in use only. */
function isForAccountInUse(visitor: PlainVisitor, permission: PlainPermission, row: PlainRow): boolean {
  if (permission.accountRelationship === undefined) return true
  return visitor.accountId !== null && row[permission.accountRelationship] === visitor.accountId
}

function coversThroughParent(world: PlainWorld, visitor: PlainVisitor, permission: PlainPermission, row: PlainRow): boolean {
  const { parent } = permission
  if (parent === undefined) return false
  const above = world.permissions.find((one) => one.name === parent.permission)
  if (above === undefined) return false
  const rowAbove = world.rows[above.table].find((one) => one.id === row[parent.through])
  if (rowAbove === undefined) return false
  const denied = world.permissions.some(
    (one) =>
      one.effect === 'deny' &&
      one.columns === undefined &&
      isFor(world, visitor, one, above.table, 'read') &&
      covers(world, visitor, one, rowAbove),
  )
  return covers(world, visitor, above, rowAbove) && !denied
}

function accountOf(permission: PlainPermission, row: PlainRow): Value {
  return permission.relationship === undefined ? row.id : (row[permission.relationship] ?? null)
}

/** Upwards from the account, as long as there is something new above. */
function isAtOrBelow(rows: PlainRows, account: Value, top: string): boolean {
  const seen = new Set<Value>()
  for (let current = account; current !== null && !seen.has(current); ) {
    if (current === top) return true
    seen.add(current)
    const row = rows.account.find((one) => one.id === current)
    current = row?.parentaccountid ?? null
  }
  return false
}
