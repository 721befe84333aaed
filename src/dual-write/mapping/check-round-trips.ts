import type { Expression, Type, Typed } from '#lib/expression/ast.ts'
import { evaluate, type Values } from '#lib/expression/evaluate.ts'
import type { ColumnMap, TableMap } from '../table-map.ts'
import { typeOfColumn } from './expressions.ts'
import type { Report } from './findings.ts'
import type { MapFile } from './map-file.ts'

/** Whether what goes both ways comes back as it went, tried on samples; and what is known to be lost on the way. */
export function checkRoundTrips(source: MapFile, map: TableMap, report: Report): void {
  for (const [index, entry] of source.columns.entries()) {
    const at = `columns[${index}]`
    const isTwoWay = entry.dir === '=' || entry.dir === '><'
    const own = map.columns.find(
      (one) => one.column !== undefined && one.column.name === entry.column && (one.toPortal || one.toErp),
    )
    if (own === undefined) continue
    checkLosses(own, at, isTwoWay, report)
    if (isTwoWay && own.portalExpression !== undefined && own.erpExpressions.length > 0)
      checkExpressions(own, own.portalExpression, at, report)
  }
}

function checkLosses(own: ColumnMap, at: string, isTwoWay: boolean, report: Report): void {
  const column = own.column?.name
  const say = (code: 'CMP2006' | 'CMP2017', message: string, remedy: string) => report(code, at, { column, message, remedy })
  if (isTwoWay && own.lowerCase)
    say(
      'CMP2017',
      `${column} is kept in lower case, and an edit sends it to the ERP like that`,
      'Let it go one way, or keep the case',
    )
  const aliases = [...(own.values?.toPortal ?? [])].filter(
    ([theirs, ours]) => own.values?.toErp.get(String(ours ?? ''))?.toLowerCase() !== theirs,
  )
  if (isTwoWay && aliases.length > 0)
    say(
      'CMP2017',
      `${aliases.map(([theirs]) => theirs).join(', ')} of the ERP cannot be told from others here; an edit sends the first that means the same`,
      'Give each a value of its own',
    )
  const longest = own.portalExpression === undefined ? undefined : truncatedTo(own.portalExpression.root)
  if (longest !== undefined && own.column?.length !== undefined && longest > own.column.length)
    say(
      'CMP2006',
      `truncate leaves ${longest} characters, and ${column} holds ${own.column.length}`,
      `Truncate to ${own.column.length}`,
    )
}

/** What the outermost truncate leaves. */
function truncatedTo(node: Typed): number | undefined {
  if (node.kind !== 'call' || node.name !== 'truncate') return undefined
  const size = node.arguments[1]
  return size?.kind === 'literal' ? Number(size.value) : undefined
}

const SAMPLES: Readonly<Record<Type, readonly (string | boolean)[]>> = {
  text: ['Ada', 'Anna Maria', 'O’Neil-Å 7', 'x', '12-34 B'],
  unknown: ['Ada', 'Anna Maria', 'O’Neil-Å 7', 'x', '12'],
  number: ['0', '1', '-2.5', '1234.5678', '90071992547409.91'],
  boolean: [true, false],
  date: ['2026-01-31', '2026-03-29', '2028-02-29'],
  datetime: ['2026-01-31T23:30:00.000Z', '2026-03-29T00:59:00.000Z', '2026-07-01T12:00:00.000Z'],
}

function checkExpressions(own: ColumnMap, forth: Expression, at: string, report: Report): void {
  const { column, erpExpressions } = own
  if (column === undefined) return
  const back = (value: string | boolean): Values | undefined => {
    const fields: Record<string, string | boolean | null> = {}
    for (const { field, expression } of erpExpressions) {
      const outcome = evaluate(expression, { [column.name]: value })
      if ('failure' in outcome) return undefined
      fields[field] = outcome.value
    }
    return fields
  }
  const image = (fields: Values) => {
    const outcome = evaluate(forth, fields)
    return 'failure' in outcome || outcome.value === null ? undefined : outcome.value
  }
  for (const fields of samplesOf(forth)) {
    const value = image(fields)
    const again = value === undefined ? undefined : back(value)
    if (value === undefined) continue
    const returned = again === undefined ? undefined : image(again)
    if (returned === value) continue
    report('CMP2004', at, {
      column: column.name,
      message: `${told(fields)} becomes '${value}', which goes back as ${again === undefined ? 'nothing' : told(again)} and returns as '${returned ?? ''}'`,
      remedy: 'Correct toPortal or toErp so that they undo each other',
    })
    return
  }
  for (const value of SAMPLES[typeOfColumn(column) ?? 'unknown']) {
    const fields = back(value)
    const returned = fields === undefined ? undefined : image(fields)
    // What cannot be sent is kept back with a reason: nothing is lost silently.
    if (fields === undefined || returned === value) continue
    report('CMP2017', at, {
      column: column.name,
      message: `an edit of ${column.name} to '${value}' comes back from the ERP as '${returned ?? ''}'`,
      remedy: 'Correct the expressions, or let the column go one way',
    })
    return
  }
}

/** Each name takes each of its samples, not all at the same time. */
function samplesOf(expression: Expression): Values[] {
  const types = new Map<string, Type>()
  const visit = (node: Typed): void => {
    if (node.kind === 'name') types.set(node.name, node.type)
    if (node.kind === 'call') node.arguments.forEach(visit)
  }
  visit(expression.root)
  return Array.from({ length: 6 }, (_, round) =>
    Object.fromEntries(
      [...types].map(([name, type], index) => {
        const samples = SAMPLES[type]
        return [name, samples[(round + index * (1 + (round % 2))) % samples.length]]
      }),
    ),
  )
}

function told(fields: Values): string {
  return Object.entries(fields)
    .map(([name, value]) => `${name} '${String(value ?? '')}'`)
    .join(', ')
}
