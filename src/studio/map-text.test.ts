import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { insertEntry, moveEntry, putEntry, putHead, readMapText, removeEntry, withWay } from './app/sync/editor/map-text.ts'

const TEXT = `# Why this map is
map: things
version: 1.0.0 # the first
deletes: { toPortal: mark }
columns:
  # the key
  - { field: Number, dir: '=', column: number }
  - field: Name # what people read
    dir: '='
    column: name
  - { dir: '>>', column: kind, constant: 3 } # always
`

test('what a form changes is changed, and nothing else: comments, order and layout stay', () => {
  const { entries } = readMapText(TEXT)
  const [number, name] = entries
  assert.ok(number !== undefined && name !== undefined)
  assert.equal(
    putEntry(TEXT, 0, withWay(number, 'toPortal')),
    TEXT.replace("{ field: Number, dir: '=', column: number }", "{ field: Number, dir: '>', column: number }"),
  )
  assert.equal(
    putEntry(TEXT, 1, { ...withWay(name, 'toErp'), else: 'number' }),
    TEXT.replace("    dir: '='\n    column: name\n", "    dir: '<'\n    column: name\n    else: number\n"),
  )
  assert.equal(putHead(TEXT, 'version', '1.0.1'), TEXT.replace('1.0.0 #', '1.0.1 #'))
  assert.equal(putHead(TEXT, 'winner', 'portal'), TEXT.replace('columns:', 'winner: portal\ncolumns:'))
  assert.equal(putHead(TEXT, 'deletes', undefined), TEXT.replace('deletes: { toPortal: mark }\n', ''))
  const swapped = readMapText(moveEntry(TEXT, 2, -1))
  assert.deepEqual(
    swapped.entries.map((one) => one.column),
    ['number', 'kind', 'name'],
  )
  assert.equal(moveEntry(moveEntry(TEXT, 2, -1), 1, 1), TEXT)
  assert.equal(removeEntry(TEXT, 2), TEXT.slice(0, TEXT.indexOf('  - { dir')))
  const added = insertEntry(TEXT, 3, { field: 'Text', dir: '=', column: 'note', values: { 'a, b': 'x', '': null } })
  assert.equal(added, `${TEXT}  - { field: Text, dir: '=', column: note, values: { "a, b": x, "": null } }\n`)
})

test('entries of every shipped map can be written anew without a change in their meaning', () => {
  const folder = join(import.meta.dirname, '../../maps/dynamics365')
  for (const file of readdirSync(folder).filter((one) => one.endsWith('.yaml') && one !== 'values.yaml')) {
    const text = readFileSync(join(folder, file), 'utf8')
    const before = readMapText(text)
    assert.equal(before.problem, null, file)
    const again = before.entries.reduce((now, entry, i) => (i % 9 === 0 ? putEntry(now, i, entry) : now), text)
    assert.deepEqual(readMapText(again), before, file)
    const moved = insertEntry(removeEntry(text, 0), 0, before.entries[0] ?? { dir: '=' })
    assert.deepEqual(readMapText(moved), before, file)
  }
})
