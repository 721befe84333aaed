import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isAppError } from '../app-error.ts'
import { parseApply } from './parse-apply.ts'
import { parseFilter } from './parse-filter.ts'
import { parseQueryOptions } from './parse-options.ts'

test('$apply is read step by step, with positions in the whole text', () => {
  const text =
    "filter(a eq ')/(')/groupby((b,c/d),aggregate(e with sum as total,$count as n))/filter(total gt 1)/orderby(n desc,total)/top(5)"
  const [before, group, after, order, top, ...none] = parseApply(text)
  assert.equal(before?.kind === 'filter' && before.filter.kind, 'compare')
  assert.ok(group?.kind === 'group')
  assert.deepEqual(
    group.by.map((one) => one.path),
    [['b'], ['c', 'd']],
  )
  assert.deepEqual(group.values, [
    { method: 'sum', path: ['e'], as: 'total', position: text.indexOf('e with') },
    { method: 'count', as: 'n', position: text.indexOf('$count') },
  ])
  assert.ok(after?.kind === 'filter' && after.filter.kind === 'compare')
  assert.equal(after.filter.left.position, text.indexOf('total gt'))
  assert.deepEqual(order?.kind === 'orderby' && order.orderBy.map((one) => one.descending), [true, false])
  assert.deepEqual(top, { kind: 'top', rows: 5, position: text.indexOf('top(') })
  assert.deepEqual(none, [])
})

test('$apply refuses what it does not know where it stands', () => {
  refused(() => parseApply('aggregate(a with median as x)'), 17)
  refused(() => parseApply('aggregate(a with sum)'), 20)
  refused(() => parseApply('groupby(a)'), 8)
  refused(() => parseApply('compute(a add 1 as b)'), 0)
  refused(() => parseApply("filter(a eq 'x)"), 6)
  refused(() => parseApply('top(x)'), 4)
  refused(() => parseApply('groupby((a))/'), 13)
})

test('Dataverse’s functions become its condition operators, on paths, with values in any of its spellings', () => {
  const operators: Record<string, string> = {
    "Today(PropertyName='a')": 'today',
    "LastXDays(PropertyName='a',PropertyValue=7)": 'last-x-days',
    "NextXFiscalYears(PropertyName='a',PropertyValue='2')": 'next-x-fiscal-years',
    "OlderThanXMinutes(PropertyName='a',PropertyValue=5)": 'olderthan-x-minutes',
    "Last7Days(PropertyName='a')": 'last-seven-days',
    "UnderOrEqual(PropertyName='a',PropertyValue='x')": 'eq-or-under',
    "EqualUserId(PropertyName='a')": 'eq-userid',
    "DoesNotContainValues(PropertyName='a',PropertyValues=[1,\"2\",'3'])": 'not-contain-values',
    "InFiscalPeriodAndYear(PropertyName='a',PropertyValue1=1,PropertyValue2=2026)": 'in-fiscal-period-and-year',
  }
  for (const [call, operator] of Object.entries(operators)) {
    const filter = parseFilter(`Microsoft.Dynamics.CRM.${call}`)
    assert.equal(filter.kind === 'condition' && filter.operator, operator)
  }
  const list = parseFilter("Microsoft.Dynamics.CRM.In(PropertyName='a/b',PropertyValues=[\"it's\",'x''y', 3])")
  assert.ok(list.kind === 'condition' && list.left.kind === 'path')
  assert.deepEqual(list.left.names, ['a', 'b'])
  assert.deepEqual(
    list.values.map(
      (one) => one.kind === 'literal' && ('value' in one.literal ? one.literal.value : 'text' in one.literal && one.literal.text),
    ),
    ["it's", "x'y", '3'],
  )
  refused(() => parseFilter("a eq 1 and Microsoft.Dynamics.CRM.EqualRoleBusinessId(PropertyName='a')"), 11)
  refused(() => parseFilter("Microsoft.Dynamics.CRM.On(PropertyName='a b',PropertyValue=2026-01-01)"), 39)
  refused(() => parseFilter('Microsoft.Dynamics.CRM.On(PropertyValue=1)'), 0)
  refused(() => parseFilter("Microsoft.Dynamics.CRM.In(PropertyName='a',PropertyValues=[\"x)"), 59)
})

test('parameter aliases stand for values, in nested filters too; one that is not given is refused', () => {
  const options = parseQueryOptions(
    new URLSearchParams("$filter=a eq @x and b in (@x,@y)&$expand=c($filter=d eq @y)&@x='it''s'&@y=5"),
  )
  assert.ok(
    options.filter?.kind === 'and' && options.filter.left.kind === 'compare' && options.filter.left.right.kind === 'literal',
  )
  assert.deepEqual(options.filter.left.right.literal, { type: 'string', value: "it's" })
  const nested = options.expand?.[0]?.options.filter
  assert.ok(nested?.kind === 'compare' && nested.right.kind === 'literal')
  assert.deepEqual(nested.right.literal, { type: 'number', text: '5' })
  refused(() => parseQueryOptions(new URLSearchParams('$filter=a eq @z')), 5)
})

function refused(parse: () => unknown, position: number): void {
  assert.throws(parse, (error) => {
    assert(isAppError(error, 'odata.invalid'), String(error))
    assert.equal(error.details.position, position, error.message)
    return true
  })
}
