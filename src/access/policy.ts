import { parse } from 'yaml'
import { z } from 'zod'
import { AppError } from '#lib/app-error.ts'
import type { FilterExpression } from '#lib/odata/ast.ts'
import { parseFilter } from '#lib/odata/parse-filter.ts'
import { BUILT_IN_ROLES } from './visitor.ts'

/** What the site's `roles.yaml` and `permissions/*.yaml` say, parsed. Whether tables and columns exist is asked by `createPermissions`. */
export type Policy = {
  /** Web roles in the order of the file, the built-in ones last. */
  roles: readonly WebRole[]
  permissions: readonly TablePermission[]
  /** What the web API offers, by table. A table that is not here is not there for the API. */
  webApi: ReadonlyMap<string, WebApiTable>
}

export type WebRole = { name: string; description: string; builtIn: boolean }

export type Privilege = 'read' | 'create' | 'write' | 'delete' | 'append' | 'appendTo'
export const PRIVILEGES: readonly Privilege[] = ['read', 'create', 'write', 'delete', 'append', 'appendTo']

/**
 * One table permission: which rows (`scope`, of them those where `where` holds), which of their columns (`columns`; all without it), what
 * may be done with them, and who (roles). Rights add up over the permissions of all of a visitor's roles. One with the effect `deny` takes
 * its rows, or with `columns` those columns of them, away from what others grant, whatever they say.
 */
export type TablePermission = {
  name: string
  table: string
  effect: 'allow' | 'deny'
  scope: PermissionScope
  /** A condition on the row's state, in OData: `statecode eq 0`, or over lookups `salesorderid/statecode eq 0`. */
  where: FilterExpression | undefined
  /** The same as it was written, for people. */
  whereText: string | undefined
  /** Outside these moments the permission does not exist. */
  validFromMs: number | undefined
  validUntilMs: number | undefined
  privileges: ReadonlySet<Privilege>
  roles: ReadonlySet<string>
  columns: readonly string[] | undefined
  /** Switched off, a permission grants nothing, nor do those below it. */
  active: boolean
  /** Where it is written: 'permissions/salesorder.yaml'. */
  file: string
}

export type PermissionScope =
  | { accessType: 'global' }
  /** Rows of the visitor's legal entity. */
  | { accessType: 'company' }
  /** Rows whose `relationship` column points to the visitor's account; without a column, the account itself. */
  | { accessType: 'account'; relationship: string | undefined }
  /** As `account`, for the visitor's account and every one below it (parentaccountid), at any depth. */
  | { accessType: 'hierarchy'; relationship: string | undefined }
  /** Rows whose `relationship` column points to the visitor's contact, and, where it is given, `accountRelationship` to the account in use. */
  | { accessType: 'contact'; relationship: string; accountRelationship: string | undefined }
  /** The visitor's own contact row. */
  | { accessType: 'self' }
  /** Rows whose column `through` points to a row that the named permission grants. */
  | { accessType: 'parent'; permission: string; through: string }

export type WebApiTable = { table: string; columns: readonly string[]; file: string }

const NAME = z.string().trim().min(1).max(100)
const COLUMN = z.string().regex(/^[a-z][a-z0-9_]{0,62}$/, 'a column is named in lower case')

/** A day (its beginning in UTC) or a moment with its zone. */
const MOMENT = z.union([z.iso.date(), z.iso.datetime({ offset: true })])

/** roles.yaml */
const rolesFile = z.strictObject({
  roles: z
    .array(z.strictObject({ name: NAME, description: z.string().default('') }))
    .min(1)
    .max(100),
})

/** permissions/<name>.yaml: what may be done with one table. */
const permissionsFile = z.strictObject({
  table: COLUMN,
  webApi: z.strictObject({ enabled: z.boolean(), columns: z.array(COLUMN).min(1) }).optional(),
  permissions: z.array(
    z
      .strictObject({
        name: NAME,
        effect: z.enum(['allow', 'deny']).default('allow'),
        accessType: z.enum(['global', 'company', 'account', 'hierarchy', 'contact', 'self', 'parent']),
        relationship: COLUMN.optional(),
        accountRelationship: COLUMN.optional(),
        parent: z.strictObject({ permission: NAME, through: COLUMN }).optional(),
        privileges: z.array(z.enum(PRIVILEGES)).min(1),
        roles: z.array(NAME).min(1, 'a permission without a role has no effect'),
        columns: z.array(COLUMN).min(1).optional(),
        where: z.string().trim().min(1).max(2_000).optional(),
        validFrom: MOMENT.optional(),
        validUntil: MOMENT.optional(),
        active: z.boolean().default(true),
      })
      .superRefine((one, context) => {
        const takesRelationship = ['account', 'hierarchy', 'contact'].includes(one.accessType)
        if (one.accessType === 'contact' && one.relationship === undefined)
          context.addIssue('the access type contact needs a relationship: the column that points to the contact')
        if (one.relationship !== undefined && !takesRelationship)
          context.addIssue(`the access type ${one.accessType} takes no relationship`)
        if (one.accountRelationship !== undefined && one.accessType !== 'contact')
          context.addIssue('accountRelationship is for the access type contact: the column that points to the account in use')
        if ((one.accessType === 'parent') !== (one.parent !== undefined))
          context.addIssue('the access type parent, and no other, needs parent: { permission, through }')
      }),
  ),
})

/** The two shapes, for JSON Schemas and editors. */
export const policyFileShapes = { roles: rolesFile, permissions: permissionsFile }

/**
 * Reads `roles.yaml` and `permissions/*.yaml` out of a site's files (others are passed over).
 * Throws AppError `policy.invalid` with every problem by file.
 */
export function parsePolicy(files: ReadonlyMap<string, Buffer | string>): Policy {
  const problems: string[] = []
  const roles: WebRole[] = []
  const permissions: TablePermission[] = []
  const webApi = new Map<string, WebApiTable>()

  const rolesContent = readYaml(files, 'roles.yaml', rolesFile, problems)
  for (const role of rolesContent?.roles ?? []) {
    if (roles.some((one) => one.name === role.name)) problems.push(`roles.yaml: the role ${role.name} is there twice`)
    roles.push({ ...role, builtIn: BUILT_IN_ROLES.includes(role.name) })
  }
  for (const name of BUILT_IN_ROLES)
    if (!roles.some((one) => one.name === name)) roles.push({ name, description: '', builtIn: true })

  for (const file of [...files.keys()].filter((path) => /^permissions\/[^/]+\.yaml$/.test(path)).sort()) {
    const content = readYaml(files, file, permissionsFile, problems)
    if (content === undefined) continue
    for (const source of content.permissions) permissions.push(permissionOf(source, content.table, file, problems))
    if (content.webApi?.enabled !== true) continue
    if (webApi.has(content.table)) problems.push(`${file}: another file opens ${content.table} for the web API already`)
    webApi.set(content.table, { table: content.table, columns: content.webApi.columns, file })
  }
  const policy = { roles, permissions, webApi }
  problems.push(...findContradictions(policy))
  if (problems.length > 0) throw new AppError('policy.invalid', `Roles and permissions:\n  ${problems.join('\n  ')}`)
  return policy
}

type PermissionSource = z.infer<typeof permissionsFile>['permissions'][number]

function permissionOf(source: PermissionSource, table: string, file: string, problems: string[]): TablePermission {
  const { where, validFrom, validUntil } = source
  if (validFrom !== undefined && validUntil !== undefined && Date.parse(validFrom) >= Date.parse(validUntil))
    problems.push(`${file}: ${source.name}: it would end (validUntil) before it begins (validFrom)`)
  return {
    name: source.name,
    table,
    effect: source.effect,
    scope: scopeOf(source),
    where: where === undefined ? undefined : conditionOf(where, `${file}: ${source.name}: where`, problems),
    whereText: where,
    validFromMs: validFrom === undefined ? undefined : Date.parse(validFrom),
    validUntilMs: validUntil === undefined ? undefined : Date.parse(validUntil),
    privileges: new Set(source.privileges),
    roles: new Set(source.roles),
    columns: source.columns,
    active: source.active,
    file,
  }
}

function conditionOf(text: string, place: string, problems: string[]): FilterExpression | undefined {
  try {
    return parseFilter(text)
  } catch (error) {
    problems.push(`${place}: ${error instanceof Error ? error.message : String(error)}`)
    return undefined
  }
}

function scopeOf(source: PermissionSource): PermissionScope {
  if (source.accessType === 'parent') return { accessType: 'parent', permission: '', through: '', ...source.parent }
  if (source.accessType === 'account' || source.accessType === 'hierarchy')
    return { accessType: source.accessType, relationship: source.relationship }
  if (source.accessType === 'contact')
    return { accessType: 'contact', relationship: source.relationship ?? '', accountRelationship: source.accountRelationship }
  return { accessType: source.accessType }
}

/** Names that do not meet, circles, and children with a wider audience than their parent. */
function findContradictions(policy: Policy): string[] {
  const problems: string[] = []
  const roles = new Set(policy.roles.map((role) => role.name))
  const byName = new Map<string, TablePermission>()
  for (const one of policy.permissions) {
    if (byName.has(one.name)) problems.push(`${one.file}: the permission ${one.name} is there twice`)
    byName.set(one.name, one)
    for (const role of one.roles)
      if (!roles.has(role)) problems.push(`${one.file}: ${one.name} is for the role ${role}, which roles.yaml does not have`)
  }
  for (const one of policy.permissions) {
    if (one.scope.accessType !== 'parent') continue
    const parent = byName.get(one.scope.permission)
    if (parent === undefined) {
      problems.push(`${one.file}: ${one.name} has the parent ${one.scope.permission}, which does not exist`)
      continue
    }
    if (parent.effect === 'deny') problems.push(`${one.file}: ${one.name} has the parent ${parent.name}, which denies`)
    const wider = [...one.roles].filter((role) => !parent.roles.has(role))
    if (wider.length > 0)
      problems.push(`${one.file}: ${one.name} is for ${wider.join(', ')}, but its parent ${parent.name} is not`)
    if (standsInCircle(one, byName)) problems.push(`${one.file}: ${one.name} is its own parent`)
  }
  return problems
}

function standsInCircle(permission: TablePermission, byName: ReadonlyMap<string, TablePermission>): boolean {
  let current: TablePermission | undefined = permission
  for (let step = 0; step <= byName.size && current !== undefined; step++) {
    if (current.scope.accessType !== 'parent') return false
    current = byName.get(current.scope.permission)
  }
  return current !== undefined
}

function readYaml<Shape extends z.ZodType>(
  files: ReadonlyMap<string, Buffer | string>,
  path: string,
  shape: Shape,
  problems: string[],
): z.infer<Shape> | undefined {
  const content = files.get(path)
  if (content === undefined) {
    problems.push(`${path} is missing`)
    return undefined
  }
  let document: unknown
  try {
    document = parse(content.toString())
  } catch (error) {
    problems.push(`${path}: ${error instanceof Error ? error.message : String(error)}`)
    return undefined
  }
  const parsed = shape.safeParse(document)
  if (parsed.success) return parsed.data
  for (const issue of parsed.error.issues) problems.push(`${path}: ${issue.path.map(String).join('.')}: ${issue.message}`)
  return undefined
}
