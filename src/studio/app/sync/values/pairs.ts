import type { ValuePair } from '#dual-write/facets-control.ts'

/** Pairs as they are typed: an empty text of ours is no value. Pure: the screen shows it, the server judges it once more. */
export type TypedPair = { erp: string; ours: string }
export type Kind = 'text' | 'number' | 'truth'
export type PairProblem = 'twice' | 'noNumber' | 'noTruth'

export function typedOf(pairs: readonly ValuePair[]): TypedPair[] {
  return pairs.map(({ erp, portal }) => ({ erp, ours: portal === null ? '' : String(portal) }))
}

/** What our values are; texts where they are several things, or none. */
export function kindOf(pairs: readonly ValuePair[]): Kind {
  const types = new Set(pairs.flatMap(({ portal }) => (portal === null ? [] : [typeof portal])))
  if (types.size !== 1) return 'text'
  return types.has('number') ? 'number' : types.has('boolean') ? 'truth' : 'text'
}

export function pairsOf(typed: readonly TypedPair[], kind: Kind): ValuePair[] {
  return typed.map(({ erp, ours }) => ({ erp, portal: scalarIn(ours.trim(), kind) }))
}

function scalarIn(ours: string, kind: Kind): ValuePair['portal'] {
  if (ours === '') return null
  if (kind === 'number') return Number(ours)
  return kind === 'truth' ? ours === 'true' : ours
}

/** What is wrong with each pair, by its place. */
export function problemsOf(typed: readonly TypedPair[], kind: Kind): ReadonlyMap<number, PairProblem> {
  const found = new Map<number, PairProblem>()
  const seen = new Set<string>()
  for (const [at, { erp, ours }] of typed.entries()) {
    const text = ours.trim()
    if (seen.has(erp.toLowerCase())) found.set(at, 'twice')
    else if (text !== '' && kind === 'number' && !/^-?\d+(\.\d+)?$/.test(text)) found.set(at, 'noNumber')
    else if (text !== '' && kind === 'truth' && text !== 'true' && text !== 'false') found.set(at, 'noTruth')
    seen.add(erp.toLowerCase())
  }
  return found
}

/** Of several of the ERP's values that mean the same to us the first goes back: by the place of each other one, that first. */
export function waysBack(typed: readonly TypedPair[]): ReadonlyMap<number, string> {
  const first = new Map<string, string>()
  const back = new Map<number, string>()
  for (const [at, { erp, ours }] of typed.entries()) {
    const earlier = first.get(ours.trim())
    if (earlier === undefined) first.set(ours.trim(), erp)
    else back.set(at, earlier)
  }
  return back
}
