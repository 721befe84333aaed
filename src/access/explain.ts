import type { Database } from '#postgres/database.ts'
import type { Catalog } from '#tables/catalog.ts'
import type { TableDefinition } from '#tables/definition.ts'
import type { RowId } from '#tables/rows.queries.ts'
import { type Answers, beginInquiry, covers, type Parts } from './explain/questions.ts'
import { describeRule, describeVerdict } from './explain/sentences.ts'
import type { RowExplanation, RuleOnRow, Verdict } from './explanation.ts'
import { bearingsOf } from './permissions/compile.ts'
import { inScope, isAlwaysReadable, rolesOf, switchedOff } from './permissions/grants.ts'
import type { Permissions } from './permissions.ts'
import type { Privilege, TablePermission } from './policy.ts'
import type { Visitor } from './visitor.ts'

type Question = { table: string; rowId: RowId; privilege: Privilege; column?: string }

/** One statement, whatever the number of permissions. Throws AppError `tables.unknown_table`. */
export async function explainRow(
  place: { database: Database; catalog: Catalog; clock: { nowMs(): number } },
  permissions: Permissions,
  visitor: Visitor,
  question: Question,
): Promise<RowExplanation> {
  const { catalog } = place
  const { policy } = permissions
  const table = catalog.get(question.table)
  const nowMs = place.clock.nowMs()
  const byName = new Map(policy.permissions.map((one) => [one.name, one]))
  const standsFor = (one: TablePermission) => rolesOf(one, visitor).length > 0 && switchedOff(one, byName, nowMs) === undefined
  const inquiry = beginInquiry(
    {
      catalog,
      byName,
      readDenials: (name) =>
        policy.permissions.filter(
          (one) =>
            one.table === name &&
            one.effect === 'deny' &&
            one.columns === undefined &&
            one.privileges.has('read') &&
            standsFor(one),
        ),
    },
    table,
    bearingsOf(visitor),
  )
  const all = policy.permissions
    .filter((one) => one.table === table.name && one.privileges.has(question.privilege))
    .map((one) => inquiry.take(one))
  const answers = await place.database.read((tx) => inquiry.put(tx, question.rowId))
  const toRule = (parts: Parts) => ruleOf(parts, answers ?? new Map(), visitor, byName, nowMs)
  const rules = all.map(toRule).sort((a, b) => rank(a) - rank(b))
  const verdict =
    answers === undefined
      ? ({ kind: 'no_such_row' } as const)
      : inScope(visitor, table.name, question.privilege)
        ? verdictOf(rules, table, question.column)
        : ({ kind: 'outside_token' } as const)
  const open =
    verdictOf(rules, table, undefined).kind === 'granted' &&
    (verdict.kind === 'granted' || verdict.kind === 'denied' || verdict.kind === 'not_granted')
  return {
    table: table.name,
    rowId: question.rowId,
    privilege: question.privilege,
    column: question.column ?? null,
    allowed: verdict.kind === 'granted',
    verdict,
    because: describeVerdict(question, verdict, rules),
    rules,
    columns: [...table.columns.keys()].map((name) => {
      const of = open ? verdictOf(rules, table, name) : undefined
      return {
        column: name,
        allowed: of?.kind === 'granted',
        by: of?.kind === 'granted' || of?.kind === 'denied' ? of.permission : null,
      }
    }),
  }
}

function ruleOf(
  parts: Parts,
  answers: Answers,
  visitor: Visitor,
  byName: ReadonlyMap<string, TablePermission>,
  nowMs: number,
): RuleOnRow {
  const { permission } = parts
  const roles = rolesOf(permission, visitor)
  const off = switchedOff(permission, byName, nowMs)
  const fails = roles.length === 0 ? 'role' : (off?.because ?? (parts.lacksBearing ? 'no_bearing' : null))
  const parent: RuleOnRow['parent'] =
    parts.parent === undefined
      ? null
      : {
          rule: ruleOf(parts.parent.parts, answers, visitor, byName, nowMs),
          deniedBy: parts.parent.denials.filter((one) => covers(one, answers)).map((one) => one.permission.name),
        }
  const rule: Omit<RuleOnRow, 'says'> = {
    permission: permission.name,
    file: permission.file,
    effect: permission.effect,
    accessType: permission.scope.accessType,
    byAccount: permission.scope.accessType === 'contact' && permission.scope.accountRelationship !== undefined,
    columns: permission.columns ?? null,
    roles,
    forRoles: [...permission.roles],
    fails,
    scope: answers.get(parts.scope.name) === true,
    where: parts.where === undefined ? null : { text: permission.whereText ?? '', holds: answers.get(parts.where.name) === true },
    parent,
    decides: fails === null && covers(parts, answers),
  }
  return { ...rule, says: describeRule(rule, off) }
}

/** A row is open where some grant covers it and no denial does; a column of it where a covering grant has it and no denial of it covers. */
function verdictOf(rules: readonly RuleOnRow[], table: TableDefinition, column: string | undefined): Verdict {
  const deciding = rules.filter((one) => one.decides)
  const named = (kind: 'granted' | 'denied', { permission, file, roles }: RuleOnRow): Verdict => ({
    kind,
    permission,
    file,
    roles,
  })
  const rowDenial = deciding.find((one) => one.effect === 'deny' && one.columns === null)
  if (rowDenial !== undefined) return named('denied', rowDenial)
  const grants = deciding.filter((one) => one.effect === 'allow')
  const free = column === undefined || isAlwaysReadable(table, column)
  const grant = grants.find((one) => free || one.columns === null || one.columns.includes(column))
  if (grant === undefined) return { kind: 'not_granted', nearest: nearestOf(rules) }
  const denial = free ? undefined : deciding.find((one) => one.effect === 'deny' && one.columns?.includes(column) === true)
  return denial === undefined ? named('granted', grant) : named('denied', denial)
}

/** Denials that decide, grants that decide, then those that lack least. */
function rank(rule: RuleOnRow): number {
  if (rule.decides) return rule.effect === 'deny' ? 0 : 1
  if (rule.fails === null) return rule.scope ? 2 : 3
  return rule.fails === 'role' ? (rule.scope ? 5 : 6) : 4
}

function nearestOf(rules: readonly RuleOnRow[]): string | null {
  return rules.find((one) => one.effect === 'allow')?.permission ?? null
}
