/** What a text file is, by how it begins: its encoding, and what stands between its cells. */
export type Encoding = 'utf-8' | 'utf-16le' | 'utf-16be' | 'windows-1252'
export const ENCODINGS: readonly Encoding[] = ['utf-8', 'utf-16le', 'utf-16be', 'windows-1252']
const SEPARATORS: readonly string[] = [',', ';', '\t', '|']

const LINES_LOOKED_AT = 20

/** By its mark; else UTF-16 where every other byte is empty; else UTF-8 where it can be that; else what Excel writes on Windows. */
export function guessEncoding(head: Uint8Array): Encoding {
  if (head[0] === 0xff && head[1] === 0xfe) return 'utf-16le'
  if (head[0] === 0xfe && head[1] === 0xff) return 'utf-16be'
  const pairs = Math.floor(Math.min(head.length, 1_000) / 2)
  let [even, odd] = [0, 0]
  for (let i = 0; i < pairs; i++) {
    if (head[2 * i] === 0) even++
    if (head[2 * i + 1] === 0) odd++
  }
  if (pairs > 0 && odd > pairs / 2) return 'utf-16le'
  if (pairs > 0 && even > pairs / 2) return 'utf-16be'
  return isUtf8(head) ? 'utf-8' : 'windows-1252'
}

/** The separator that cuts the first lines into the most cells, the same number in each. `sep=;`, Excel's own mark, decides. */
export function guessSeparator(text: string): string {
  const said = /^\uFEFF?sep=(.)/.exec(text)?.[1]
  if (said !== undefined) return said
  let best = { separator: ',', score: 0 }
  for (const separator of SEPARATORS) {
    const counts = countsByLine(text, separator)
    const [first = 0] = counts
    if (first === 0) continue
    const alike = counts.filter((count) => count === first).length / counts.length
    const score = alike * 1_000 + first
    if (score > best.score) best = { separator, score }
  }
  return best.separator
}

/** 1.234,5 or 1,234.5: by the numbers of the first lines. */
export function guessDecimalMark(cells: readonly string[]): '.' | ',' {
  const commas = cells.filter(
    (cell) => /^-?\d{1,3}([. \u00a0\u202f]?\d{3})*,\d{1,2}$/.test(cell) || /^-?\d+,\d+$/.test(cell),
  ).length
  const points = cells.filter((cell) => /^-?\d{1,3}(,?\d{3})*\.\d+$/.test(cell) || /^-?\d+\.\d+$/.test(cell)).length
  return commas > points ? ',' : '.'
}

/** 31/12/2026 or 12/31/2026: where a first figure can be no day or no month; day first where both could be. */
export function guessDayOrder(cells: readonly string[]): 'dmy' | 'mdy' {
  const dates = cells.flatMap((cell) => /^(\d{1,2})[/.-](\d{1,2})[/.-]\d{4}/.exec(cell) ?? [])
  for (let i = 0; i + 2 < dates.length; i += 3) {
    if (Number(dates[i + 1]) > 12) return 'dmy'
    if (Number(dates[i + 2]) > 12) return 'mdy'
  }
  return 'dmy'
}

function isUtf8(head: Uint8Array): boolean {
  try {
    // The last character may be cut off.
    new TextDecoder('utf-8', { fatal: true }).decode(head, { stream: true })
    return true
  } catch {
    return false
  }
}

/** How often the separator stands in each of the first lines, outside quotes. */
function countsByLine(text: string, separator: string): number[] {
  const counts: number[] = []
  let [count, quoted, length] = [0, false, 0]
  for (const char of text) {
    length++
    if (char === '"') quoted = !quoted
    else if (quoted) continue
    else if (char === separator) count++
    else if (char === '\n') {
      if (length > 1) counts.push(count)
      ;[count, length] = [0, 0]
      if (counts.length === LINES_LOOKED_AT) break
    }
  }
  if (length > 0 && counts.length === 0) counts.push(count)
  return counts
}
