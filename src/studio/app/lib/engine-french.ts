import engineFr from '../messages/engine.fr.json' with { type: 'json' }

type Template = { pattern: RegExp; names: string[]; french: string }

const PLACE = /\{(\w+)\}/
/** A sentence may hold another, which may hold a third: 'Parked: The ERP cannot be reached now: no answer within 30000 ms'. */
const DEPTH_MAX = 4

const templates: readonly Template[] = Object.entries(engineFr).map(([english, french]) => templateOf(english, french))

/** The first template that fits says it; what stands in its places is said in French, too, where it is a sentence itself. */
export function inFrench(sentence: string, depth = 0): string {
  if (depth > DEPTH_MAX) return sentence
  for (const { pattern, names, french } of templates) {
    const found = pattern.exec(sentence)
    if (found === null) continue
    const values = new Map(names.map((name, at) => [name, inFrench(found[at + 1] ?? '', depth + 1)]))
    return french.replaceAll(/\{(\w+)\}/g, (whole, name: string) => values.get(name) ?? whole)
  }
  return sentence
}

/** 'Waits for {table}' as an expression: the words as they are, anything in the places. */
function templateOf(english: string, french: string): Template {
  const parts = english.split(PLACE)
  const names = parts.filter((_, at) => at % 2 === 1)
  const pattern = parts.map((part, at) => (at % 2 === 1 ? '(.*?)' : part.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&'))).join('')
  return { pattern: new RegExp(`^${pattern}$`, 's'), names, french }
}
