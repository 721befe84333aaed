import type { Privilege } from '../../wire-security.ts'

export const PRIVILEGES: readonly Privilege[] = ['read', 'create', 'write', 'delete', 'append', 'appendTo']
