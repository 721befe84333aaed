// A program of its own, in a thread that is ended when it takes too long: reads the first sheet of a workbook and writes its rows as lines
// of JSON. workerData: { from, to, rowsMax, columnsMax }

import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { parentPort, workerData } from 'node:worker_threads'
import { readSheet } from 'read-excel-file/node'

type Cell = string | number | boolean | Date | null

const { from, to, rowsMax, columnsMax } = workerData as { from: string; to: string; rowsMax: number; columnsMax: number }

const rows = (await readSheet(from)) as unknown as Cell[][]
if (rows.length > rowsMax + 1) parentPort?.postMessage({ kind: 'refused', reason: `it has more than ${rowsMax} rows` })
else if ((rows[0]?.length ?? 0) > columnsMax)
  parentPort?.postMessage({ kind: 'refused', reason: `it has more than ${columnsMax} columns` })
else {
  const out = createWriteStream(to)
  for (const row of rows) if (!out.write(`${JSON.stringify(row.map(textOf))}\n`)) await once(out, 'drain')
  out.end()
  await once(out, 'finish')
  parentPort?.postMessage({ kind: 'read', rows: rows.length })
}

/** As a line of CSV would have it: numbers with a point, days and moments as ISO has them. */
function textOf(cell: Cell): string {
  if (cell === null || cell === undefined) return ''
  if (!(cell instanceof Date)) return String(cell)
  const text = cell.toISOString()
  return text.endsWith('T00:00:00.000Z') ? text.slice(0, 10) : text.slice(0, 19).replace('T', ' ')
}
