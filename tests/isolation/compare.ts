import assert from 'node:assert/strict'
import type { Ground, TestVisitor } from './ground.ts'
import type { LinkSurface } from './link-surfaces.ts'
import { open, openLinks, type TableName, type Value } from './oracle.ts'
import { EMPTY, isText, type Prober, textOf } from './probes.ts'
import { downloadPapers, readPapers } from './query-surfaces.ts'
import type { Surface } from './surfaces.ts'
import { FILE_COLUMN, PROBED, type TableLink } from './worlds.ts'

/** Fails unless the surface shows the visitor what the oracle says: those rows, and of each those columns. */
export async function compare(ground: Ground, surface: Surface, visitor: TestVisitor, table: TableName): Promise<void> {
  const expected = open(ground.world, visitor.plain, table, 'read', PROBED[table])
  const seen = await surface.read(ground, visitor, table)
  const where = `${surface.name}: ${visitor.name} reading ${table}`
  assert.deepEqual([...seen.keys()].sort(), [...expected.keys()].sort(), where)
  if (surface.shows === 'rows') return
  for (const [id, columns] of expected) {
    const row = ground.world.rows[table].find((one) => one.id === id)
    for (const column of PROBED[table])
      assert.equal(
        plain(seen.get(id)?.[column]),
        columns.has(column) ? plain(row?.[column]) : null,
        `${where}: ${column} of ${id}`,
      )
  }
}

export async function compareLink(ground: Ground, surface: LinkSurface, visitor: TestVisitor, link: TableLink): Promise<void> {
  const expected = openLinks(ground.world, visitor.plain, link)
  const seen = await surface.read(ground, visitor, link)
  const where = `${surface.name}: ${visitor.name} from ${link.table} through ${link.through}`
  assert.deepEqual(new Map([...seen].map(([id, { id: to }]) => [id, to])), expected, where)
  const above = open(ground.world, visitor.plain, link.parent, 'read', PROBED[link.parent])
  for (const [id, { id: to, columns }] of seen) {
    const row = ground.world.rows[link.parent].find((one) => one.id === to)
    for (const column of PROBED[link.parent])
      assert.equal(
        plain(columns[column]),
        above.get(to)?.has(column) === true ? plain(row?.[column]) : null,
        `${where}: ${column} of ${to}, from ${id}`,
      )
  }
}

export async function compareFiles(ground: Ground, visitor: TestVisitor): Promise<void> {
  const expected = new Map<string, string>()
  for (const [id, columns] of open(ground.world, visitor.plain, 'invoice', 'read', [FILE_COLUMN])) {
    const paper = ground.world.rows.invoice.find((one) => one.id === id)?.[FILE_COLUMN]
    if (columns.has(FILE_COLUMN) && typeof paper === 'string') expected.set(id, paper)
  }
  assert.deepEqual(await readPapers(ground, visitor), expected, `files: ${visitor.name}`)
  assert.deepEqual(await downloadPapers(ground, visitor), expected, `files over HTTP: ${visitor.name}`)
}

/** Nothing that a surface does with a column tells more of it than its cells do. */
export async function probe(
  ground: Ground,
  prober: Prober,
  visitor: TestVisitor,
  table: TableName,
  column: string,
): Promise<void> {
  const { world } = ground
  const where = `${prober.name}: ${visitor.name} and ${column} of ${table}`
  const shown = new Map<string, Value>()
  for (const [id, columns] of open(world, visitor.plain, table, 'read', [column]))
    shown.set(id, columns.has(column) ? (world.rows[table].find((one) => one.id === id)?.[column] ?? null) : null)
  const isEmpty = [...shown.values()].every((value) => value === null)
  const some = world.rows[table].find((one) => one[column] !== null)?.[column] ?? null
  for (const value of prober.matches === 'parts' ? [some] : [null, some]) {
    if (prober.filter === undefined || (prober.matches === 'parts' && !isText(table, column))) continue
    const found = await prober.filter(ground, visitor, table, column, value)
    const expected = [...shown].filter(([, one]) => matches(one, value, prober.matches ?? 'whole')).map(([id]) => id)
    if (found !== undefined || !isEmpty) assert.deepEqual(found?.sort(), expected.sort(), `${where}: filtered by ${value}`)
  }
  const sorted = await prober.sort?.(ground, visitor, table, column)
  if (sorted !== undefined) assertOrder(sorted, shown, `${where}: sorted`)
  else if (prober.sort !== undefined) assert.ok(isEmpty, `${where}: cannot be sorted`)
  if (prober.group !== undefined) {
    const groups = await prober.group(ground, visitor, table, column)
    const counts = new Map<string, number>()
    for (const value of shown.values()) counts.set(textOf(value), (counts.get(textOf(value)) ?? 0) + 1)
    if (groups !== undefined || !isEmpty) assert.deepEqual(groups, counts, `${where}: grouped`)
  }
}

function matches(shown: Value, asked: Value, how: 'whole' | 'parts'): boolean {
  if (asked === null || shown === null) return shown !== null && asked === null
  return how === 'parts' ? String(shown).toLowerCase().includes(String(asked).toLowerCase()) : plain(shown) === plain(asked)
}

/** Equal values (and all that are hidden) stand together, in the order of their ids: nothing else can have put them in order. */
function assertOrder(sorted: readonly string[], shown: ReadonlyMap<string, Value>, where: string): void {
  assert.deepEqual([...sorted].sort(), [...shown.keys()].sort(), where)
  const keys = sorted.map((id) => [textOf(shown.get(id)), id] as const)
  for (const [i, [value, id]] of keys.entries()) {
    const before = keys[i - 1]
    if (before === undefined) continue
    if (before[0] === value) assert.ok(before[1] < id, `${where}: ${before[1]} before ${id}, both ${value}`)
    else assert.ok(!keys.slice(0, i).some(([earlier]) => earlier === value), `${where}: ${value} stands in two places`)
    const isRising = Number.isNaN(Number(value)) ? before[0] < value : Number(before[0]) < Number(value)
    if (before[0] !== value && before[0] !== EMPTY && value !== EMPTY)
      assert.ok(isRising, `${where}: ${before[0]} before ${value}`)
  }
}

/** Search finds what is shown in the columns that the table is searched by, and nothing else. */
export async function compareSearch(
  ground: Ground,
  prober: Prober,
  visitor: TestVisitor,
  table: TableName,
  text: string,
): Promise<void> {
  if (prober.search === undefined) return
  const { search } = ground.portal.catalog.get(table)
  const expected: string[] = []
  for (const [id, columns] of open(ground.world, visitor.plain, table, 'read', search)) {
    const row = ground.world.rows[table].find((one) => one.id === id)
    if (search.some((name) => columns.has(name) && matches(row?.[name] ?? null, text, 'parts'))) expected.push(id)
  }
  const found = await prober.search(ground, visitor, table, text)
  assert.deepEqual([...found].sort(), expected.sort(), `${prober.name}: ${visitor.name} searching ${table} for ${text}`)
}

/** A column behind a link tells which rows have something in it, where link, row and column are open; and the same from the other end. */
export async function probeLink(
  ground: Ground,
  prober: Prober,
  visitor: TestVisitor,
  link: TableLink,
  columns: readonly [string, string],
): Promise<void> {
  const { world } = ground
  const [ofParent, ofRow] = columns
  const where = `${prober.name}: ${visitor.name} through ${link.table}.${link.through}`
  const isShown = (table: TableName, id: string, column: string) => {
    const row = world.rows[table].find((one) => one.id === id)
    return open(world, visitor.plain, table, 'read', [column]).get(id)?.has(column) === true && (row?.[column] ?? null) !== null
  }
  const links = [...openLinks(world, visitor.plain, link)]
  const behind = links.filter(([, to]) => isShown(link.parent, to, ofParent)).map(([id]) => id)
  const found = await prober.filterBehind?.(ground, visitor, link, ofParent)
  if (found !== undefined || (prober.filterBehind !== undefined && behind.length > 0))
    assert.deepEqual(found?.sort(), behind.sort(), `${where} by ${ofParent} behind it`)
  if (prober.filterBelow === undefined || link.collection === null) return
  const above = [...new Set(links.filter(([id]) => isShown(link.table, id, ofRow)).map(([, to]) => to))]
  const parents = await prober.filterBelow(ground, visitor, link, ofRow)
  if (parents !== undefined || above.length > 0) assert.deepEqual(parents?.sort(), above.sort(), `${where} by ${ofRow} below it`)
}

/** 150, '150' and '150.00' are the same amount. */
export function plain(value: unknown): string | null {
  if (value === null || value === undefined || value === '') return null
  const text = String(value)
  return /^-?[\d,]+(\.\d+)?$/.test(text) ? String(Number(text.replaceAll(',', ''))) : text
}
