import type { PermissionSource, Privilege, RuleFile } from '../../wire-security.ts'
import type { Words } from '../lib/messages.tsx'

export type Placed = { file: string; table: string; permission: PermissionSource }

/** The permissions of all files, with where they stand. */
export function placedOf(files: readonly RuleFile[]): Placed[] {
  return files.flatMap((file) => file.permissions.map((permission) => ({ file: file.path, table: file.table, permission })))
}

/** 'own account, only where …'; 'denied: all rows'. */
export function scopeWords(permission: PermissionSource, { t, named }: Words): string {
  const rows = named('accessType', permission.accessType)
  const scope = permission.where === undefined ? rows : t('rules.where', { scope: rows })
  return permission.effect === 'deny' ? t('rules.deny', { scope }) : scope
}

/** What stands in one cell of the sheet: denials first, everything once. */
export function cellWords(placed: readonly Placed[], privilege: Privilege, words: Words): string[] {
  const own = placed.filter((one) => one.permission.privileges.includes(privilege) && one.permission.active !== false)
  const sorted = own.sort((a, b) => Number(b.permission.effect === 'deny') - Number(a.permission.effect === 'deny'))
  return [...new Set(sorted.map((one) => scopeWords(one.permission, words)))]
}
