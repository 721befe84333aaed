export type DiffedLine = { kind: 'same' | 'added' | 'deleted'; text: string }

/** The comparison takes lines × lines steps: longer files are told to have changed, and no more. */
const STEPS_MAX = 4_000_000

/** The lines of two texts, those of the longest common run as they are; undefined where they are too long to compare. */
export function diffLines(before: string, after: string): DiffedLine[] | undefined {
  const [a, b] = [before.split('\n'), after.split('\n')]
  if (a.length * b.length > STEPS_MAX) return undefined
  const width = b.length + 1
  const lengths = new Uint32Array((a.length + 1) * width)
  const at = (i: number, j: number) => lengths[i * width + j] ?? 0
  for (let i = a.length - 1; i >= 0; i--)
    for (let j = b.length - 1; j >= 0; j--)
      lengths[i * width + j] = a[i] === b[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1))
  const lines: DiffedLine[] = []
  let [i, j] = [0, 0]
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i] === b[j]) {
      lines.push({ kind: 'same', text: a[i] ?? '' })
      i++
      j++
    } else if (i < a.length && (j === b.length || at(i + 1, j) >= at(i, j + 1)))
      lines.push({ kind: 'deleted', text: a[i++] ?? '' })
    else lines.push({ kind: 'added', text: b[j++] ?? '' })
  }
  return lines
}
