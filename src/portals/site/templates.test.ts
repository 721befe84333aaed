import assert from 'node:assert/strict'
import test from 'node:test'
import { isAppError } from '#lib/app-error.ts'
import { html } from '#lib/html.ts'
import { type RenderState, splitAtSlots } from './tags.ts'
import { createTemplates } from './templates.ts'

function stateFor(): RenderState {
  return {
    text: (key, values) => `${key}:${JSON.stringify(values)}`,
    menu: () => html`<nav></nav>`,
    asset: () => '',
    slots: [],
    fetches: { answers: new Map(), asked: new Map() },
    mark: 'mark',
  }
}

function render(
  source: string,
  globals: Readonly<Record<string, unknown>> = {},
  parts: Readonly<Record<string, string>> = {},
): string {
  const problems: string[] = []
  const sources = new Map([['pages/x.liquid', source], ...Object.entries(parts)])
  const templates = createTemplates(sources, (_file, reason) => problems.push(reason))
  if (problems.length > 0) throw new Error(problems.join())
  return templates.render('pages/x.liquid', globals, stateFor())
}

test('output is escaped, and nothing that a template can write takes the escaping away', () => {
  const hostile = { value: '<script>' }
  assert.equal(render('{{ value }}', hostile), '&lt;script&gt;')
  assert.equal(render('{{ "t" | t: v: value }}', hostile), 't:{&#34;v&#34;:&#34;&lt;script&gt;&#34;}')
  assert.equal(render('{% snippet "t" v: value %}', hostile), 't:{&quot;v&quot;:&quot;&lt;script&gt;&quot;}')
  assert.equal(render('{% assign x = value | upcase %}{{ x }}', hostile), '&lt;SCRIPT&gt;')
  assert.throws(() => render('{{ value | raw }}', hostile), /undefined filter: raw/)
})

test('templates reach plain data only: no prototypes, no functions, no files, no evaluation', () => {
  for (const source of [
    '{{ constructor }}{{ value.constructor }}{{ value.__proto__ }}{{ value["constructor"]["constructor"] }}',
    '{{ "x".constructor }}{{ list.map }}{{ list.first.constructor }}',
    '{{ global }}{{ process }}{{ globalThis }}{{ this }}{{ self }}',
  ])
    assert.equal(render(source, { value: {}, list: [] }), '', source)
  for (const path of ['/etc/passwd', '../../../../etc/passwd', 'pages/x', 'file:///etc/passwd'])
    assert.throws(() => render(`{% render "${path}" %}`), /ENOENT/, path)
  for (const filter of ['where_exp: "x", "x"', 'find_exp: "x", "x"', 'map_exp: "x"', 'inspect', 'sample'])
    assert.throws(() => render(`{{ list | ${filter} }}`, { list: [1] }), /undefined filter/, filter)
  for (const tag of ['include "x"', 'layout "x"', 'block x']) assert.throws(() => render(`{% ${tag} %}`), /not found/, tag)
})

test('work without end is stopped', () => {
  const endless = '{% for a in (1..100000) %}{% for b in (1..100000) %}{{ a }}{% endfor %}{% endfor %}'
  for (const source of [endless, '{% assign a = "x" %}{% for i in (1..60) %}{% assign a = a | append: a %}{% endfor %}{{ a }}'])
    assert.throws(
      () => render(source),
      (error) => isAppError(error, 'site.template_failed'),
    )
  assert.throws(
    () => render('{% render "x" %}', {}, { 'templates/x.liquid': '{% render "x" %}' }),
    (error) => isAppError(error, 'site.template_failed'),
  )
})

test('a component’s place is filled after Liquid has ended, and data cannot pose as one', () => {
  const state = stateFor()
  const templates = createTemplates(new Map([['x', 'a{% component "one" id: value %}b{{ value }}']]), assert.fail)
  const text = templates.render('x', { value: '<!--mark:0-->' }, state)
  const parts = splitAtSlots(text, state)
  assert.deepEqual(
    parts.map((part) => part.slot),
    [{ kind: 'component', name: 'one', args: { id: '<!--mark:0-->' } }, undefined],
  )
  assert.equal(parts[1]?.text, 'b&lt;!--mark:0--&gt;')
})

test('a template that does not parse is reported with its file', () => {
  const problems: string[] = []
  createTemplates(
    new Map([
      ['templates/a.liquid', '{% if x %}'],
      ['templates/b.liquid', '{{ x | nothing }}'],
      ['templates/c.liquid', '{% component one %}'],
    ]),
    (file) => problems.push(file),
  )
  assert.deepEqual(problems, ['templates/a.liquid', 'templates/b.liquid', 'templates/c.liquid'])
})
