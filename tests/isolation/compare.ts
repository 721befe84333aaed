import assert from 'node:assert/strict'
import type { Ground, TestVisitor } from './ground.ts'
import { open, type TableName } from './oracle.ts'
import type { Surface } from './surfaces.ts'
import { PROBED } from './worlds.ts'

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

/** 150, '150' and '150.00' are the same amount. */
function plain(value: unknown): string | null {
  if (value === null || value === undefined || value === '') return null
  const text = String(value)
  return /^-?[\d,]+(\.\d+)?$/.test(text) ? String(Number(text.replaceAll(',', ''))) : text
}
