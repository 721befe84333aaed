import { messageOf } from '#lib/app-error.ts'
import { parseFilter } from '#lib/odata/parse-filter.ts'
import type { MergeRule } from '../table-map.ts'
import type { ExpressionNames } from './expressions.ts'
import type { Report } from './findings.ts'
import type { ColumnFile, MergeRuleFile, ValueLists } from './map-file.ts'

/** What the entries of a map file are read against. */
export type ColumnGround = ExpressionNames & { lists: ValueLists; report: Report }

/** An entry with its place in the file. */
export type PlacedEntry = ColumnFile & { at: string }

export const goesToPortal = (one: Pick<ColumnFile, 'dir'>) => one.dir !== '<' && one.dir !== '<<'
export const goesToErp = (one: Pick<ColumnFile, 'dir'>) => one.dir !== '>' && one.dir !== '>>'

/** Whose value stays when both sides changed the column. */
export function mergeRuleOf(rule: MergeRuleFile, at: string, report: Report): MergeRule {
  if (typeof rule === 'string') return rule
  try {
    return { portalWhile: parseFilter(rule.portalWhile), text: rule.portalWhile }
  } catch (error) {
    report('CMP2009', `${at}.wins`, {
      message: `the condition "${rule.portalWhile}" cannot be read: ${messageOf(error)}`,
      remedy: 'Write an OData filter over the row’s columns',
    })
    return 'erp'
  }
}
