import { createHash } from 'node:crypto'
import { AppError } from '#lib/app-error.ts'
import type { Bearer } from '#postgres/bearer.ts'
import { type BearerDatabase, type Database, sqlStateOf, type Tx } from '#postgres/database.ts'
import type { Catalog } from '#tables/catalog.ts'
import type { Policy } from './policy.ts'
import type { Visitor } from './visitor.ts'
import { arrayText } from './wall/literals.ts'
import { compileWall, type Wall, type WallFunction, type WallPolicy } from './wall/policies.ts'
import * as queries from './wall/wall.queries.ts'

const LOCK_TIMEOUT = '55P03'

/**
 * The second wall: PostgreSQL's own row-level security, made from the same permissions as every predicate. What runs behind it for a
 * visitor reads and changes his rows and no others, even where a statement has forgotten its predicate. Which columns of a row he may
 * read is not its business: the query compiler sees to that (docs/decisions/0017-second-wall.md).
 */
export function behindWall(database: Database, visitor: Visitor): BearerDatabase {
  return database.as(bearerOf(visitor))
}

/**
 * Makes PostgreSQL hold what the policy says, where it does not yet; answers how many policies it had to write. In the transaction that
 * shows a release, so that the two never differ; tables without permissions are left without policies, and nobody sees their rows.
 * Throws AppError `access.wall_busy` where a table is not free for a moment.
 */
export async function buildWall(tx: Tx, catalog: Catalog, policy: Policy): Promise<number> {
  try {
    await queries.lockWall(tx)
    return await build(tx, compileWall(catalog, policy))
  } catch (cause) {
    if (sqlStateOf(cause) !== LOCK_TIMEOUT) throw cause
    throw new AppError('access.wall_busy', 'The tables are in use without a pause; try again when long work on them has ended', {
      cause,
    })
  }
}

async function build(tx: Tx, wall: Wall): Promise<number> {
  const wanted = new Map(wall.policies.map((one) => [keyOf(one.table, nameOf(one)), one]))
  const standing = await queries.listPolicies(tx)
  const good = new Set<string>()
  for (const one of standing) {
    const key = keyOf(one.table, one.name)
    const same = wanted.get(key)
    if (same !== undefined && one.sha256 === sha256Of(same)) good.add(key)
  }
  const missing = [...wanted].filter(([key]) => !good.has(key))
  const superfluous = standing.filter((one) => !good.has(keyOf(one.table, one.name)))
  if (missing.length === 0 && superfluous.length === 0) return 0
  await queries.prepareSchema(tx)
  const functions = await queries.listFunctions(tx)
  for (const one of superfluous) await queries.dropPolicy(tx, one)
  for (const one of wall.functions) if (!functions.has(one.name)) await queries.createFunction(tx, one)
  for (const [, one] of missing) await queries.createPolicy(tx, nameOf(one), one, sha256Of(one))
  for (const [name, signature] of functions) if (!isUsed(name, wall.functions)) await queries.dropFunction(tx, signature)
  return missing.length
}

function bearerOf(visitor: Visitor): Bearer {
  const scope = visitor.kind === 'service' ? visitor.scope : undefined
  return {
    contact_id: visitor.kind === 'contact' ? visitor.contactId : '',
    account_id: visitor.kind === 'anonymous' ? '' : (visitor.accountId ?? ''),
    company_id: visitor.kind === 'anonymous' ? '' : (visitor.companyId ?? ''),
    roles: arrayText(visitor.roles),
    privileges: arrayText(scope === undefined ? ['*'] : [...scope.privileges]),
    tables: arrayText(scope === undefined || scope.tables === null ? ['*'] : [...scope.tables]),
  }
}

function nameOf(policy: WallPolicy): string {
  return `comptoir_${policy.command}`
}

function keyOf(table: string, name: string): string {
  return `${table} ${name}`
}

function sha256Of(policy: WallPolicy): string {
  return createHash('sha256').update(policy.condition).digest('hex')
}

function isUsed(name: string, functions: readonly WallFunction[]): boolean {
  return functions.some((one) => one.name === name)
}
