import type { FilterExpression, Operand } from './ast.ts'
import {
  type Cursor,
  countNode,
  cursorOver,
  expectChar,
  fail,
  found,
  here,
  peek,
  skipSpace,
  take,
  takeChar,
  takeQualifiedName,
} from './cursor.ts'
import { type Aliases, aliasedText, takeLiteral } from './literal.ts'

/** What the names of Dataverse's query functions begin with. */
export const FUNCTION_PREFIX = 'Microsoft.Dynamics.CRM.'

/** Functions whose FetchXML operator is not its name with hyphens. */
const OPERATORS: ReadonlyMap<string, string> = new Map([
  ['AboveOrEqual', 'eq-or-above'],
  ['UnderOrEqual', 'eq-or-under'],
  ['DoesNotContainValues', 'not-contain-values'],
  ['EqualBusinessId', 'eq-businessid'],
  ['NotEqualBusinessId', 'ne-businessid'],
  ['EqualUserId', 'eq-userid'],
  ['NotEqualUserId', 'ne-userid'],
  ['EqualUserLanguage', 'eq-userlanguage'],
  ['EqualUserTeams', 'eq-userteams'],
  ['EqualUserOrUserTeams', 'eq-useroruserteams'],
  ['EqualUserOrUserHierarchy', 'eq-useroruserhierarchy'],
  ['EqualUserOrUserHierarchyAndTeams', 'eq-useroruserhierarchyandteams'],
  ['Last7Days', 'last-seven-days'],
  ['Next7Days', 'next-seven-days'],
])
const REGULAR =
  /^(Above|Under|NotUnder|Between|NotBetween|In|NotIn|ContainValues|On|OnOrAfter|OnOrBefore|Today|Tomorrow|Yesterday|(In|InOrAfter|InOrBefore)Fiscal(Period|Year|PeriodAndYear)|(Last|Next|This)(Week|Month|Year|FiscalPeriod|FiscalYear)|(Last|Next)X(Hours|Days|Weeks|Months|Years|FiscalPeriods|FiscalYears)|OlderThanX(Minutes|Hours|Days|Weeks|Months|Years))$/

/** `Microsoft.Dynamics.CRM.LastXDays(PropertyName='createdon',PropertyValue=7)`, from the parenthesis on. */
export function readCondition(cursor: Cursor, name: string, position: number, aliases: Aliases | undefined): FilterExpression {
  const short = name.slice(FUNCTION_PREFIX.length)
  const operator = OPERATORS.get(short) ?? (REGULAR.test(short) ? hyphenated(short) : undefined)
  if (operator === undefined) fail(cursor, `calls ${name.slice(0, 100)}, which is not supported`, position - cursor.base)
  let left: Operand | undefined
  const values: Operand[] = []
  expectChar(cursor, '(')
  do {
    skipSpace(cursor)
    const at = here(cursor)
    const parameter = takeQualifiedName(cursor)
    skipSpace(cursor)
    if (parameter === undefined || !/^Property(Name|Values?[12]?)$/.test(parameter))
      fail(cursor, `needs PropertyName, PropertyValue or PropertyValues here`, at - cursor.base)
    expectChar(cursor, '=')
    skipSpace(cursor)
    if (parameter === 'PropertyName') left = readPath(cursor, aliases)
    else values.push(...readValues(cursor, aliases))
    skipSpace(cursor)
  } while (takeChar(cursor, ','))
  expectChar(cursor, ')')
  if (left === undefined) fail(cursor, `needs PropertyName in ${short}`, position - cursor.base)
  return { kind: 'condition', operator, left, values, position }
}

/** 'LastXFiscalYears' is 'last-x-fiscal-years', and 'OlderThanXDays' 'olderthan-x-days'. */
function hyphenated(name: string): string {
  return name
    .replace('OlderThan', 'Olderthan')
    .replace(/(?<=[a-zX])(?=[A-Z])/g, '-')
    .toLowerCase()
}

const PATH = /^[\p{L}_][\p{L}\p{Nd}_]*(\/[\p{L}_][\p{L}\p{Nd}_]*)*$/u

function readPath(cursor: Cursor, aliases: Aliases | undefined): Operand {
  const position = here(cursor)
  const literal = takeLiteral(cursor, aliases)
  if (literal?.type !== 'string' || !PATH.test(literal.value))
    fail(cursor, `needs the name of a column in quotes as PropertyName`, position - cursor.base)
  return { kind: 'path', names: literal.value.split('/'), position }
}

const QUOTED = /"(?:[^"\\]|\\["\\/])*"/y

/** One value, or several between brackets, each in single or double quotes or bare. */
function readValues(cursor: Cursor, aliases: Aliases | undefined): Operand[] {
  const aliased = aliasedText(cursor, aliases)
  if (aliased !== undefined) return readValues(cursorOver(aliased, cursor.what), undefined)
  if (!takeChar(cursor, '[')) return [readValue(cursor, aliases)]
  const values: Operand[] = []
  skipSpace(cursor)
  if (takeChar(cursor, ']')) return values
  do {
    countNode(cursor)
    skipSpace(cursor)
    values.push(readValue(cursor, aliases))
    skipSpace(cursor)
  } while (takeChar(cursor, ','))
  expectChar(cursor, ']')
  return values
}

function readValue(cursor: Cursor, aliases: Aliases | undefined): Operand {
  const position = here(cursor)
  if (peek(cursor) === '"') {
    const text = take(cursor, QUOTED) ?? fail(cursor, 'has a string that is never closed')
    const value = text.slice(1, -1).replace(/\\(.)/g, '$1')
    return { kind: 'literal', literal: { type: 'string', value }, position }
  }
  const literal = takeLiteral(cursor, aliases)
  if (literal === undefined) return fail(cursor, `needs a value instead of ${found(cursor)}`)
  return { kind: 'literal', literal, position }
}
