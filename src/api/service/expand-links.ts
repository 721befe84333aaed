import type { TableDefinition } from '#tables/definition.ts'
import { cursorOf } from '#tables/query.ts'
import type { Expand, RowTree } from '#tables/row-query.ts'
import type { Preferences } from '../protocol/preferences.ts'
import type { ShapeExpand } from '../query/question.ts'
import { makeSkipToken } from '../query/skip-token.ts'
import type { Caller } from './caller.ts'
import type { Rendering } from './render.ts'

/** The options of each expanded name as they were written, for the links that go on with its rows. */
type Written = ReadonlyMap<string, URLSearchParams>

/** What rows are told with, the lists inside them going on as collections of their own: `salesorders(…)/order_details?…`. */
export function renderingOf(
  caller: Caller,
  preferences: Preferences,
  asked: { expand: readonly Expand[] | undefined; text: string | null },
): Rendering {
  const written = writtenOptions(asked.text ?? '')
  return {
    preferences,
    language: caller.language,
    nextLink: (expand, parent, last) => linkOf(caller, written, asked.expand, expand, parent, last),
    inside: (name) =>
      renderingOf(caller, preferences, {
        expand: asked.expand?.find((one) => one.as === name)?.expand,
        text: written.get(name)?.get('$expand') ?? null,
      }),
  }
}

export function queryText(parameters: URLSearchParams): string {
  // Spaces are %20: clients take the link apart.
  return parameters.toString().replaceAll('+', '%20').replaceAll('%24', '$')
}

function linkOf(
  caller: Caller,
  written: Written,
  queries: readonly Expand[] | undefined,
  expand: ShapeExpand,
  parent: { table: TableDefinition; row: RowTree },
  last: RowTree,
): string {
  const orderBy = queries?.find((one) => one.as === expand.key)?.orderBy ?? []
  const sorted = { table: expand.shape.table, orderBy }
  const next = new URLSearchParams(written.get(expand.name))
  next.set('$skiptoken', makeSkipToken(sorted, cursorOf(sorted, last)))
  return `${caller.root}${parent.table.setName}(${parent.row[parent.table.idColumn]})/${expand.name}?${queryText(next)}`
}

/** `a($select=x;$filter=y),b` as it stands; the parser has seen that it is well formed. */
function writtenOptions(text: string): Written {
  const found = new Map<string, URLSearchParams>()
  for (const item of splitOutside(text, ',')) {
    const [, name = '', inside = ''] = /^\s*([^\s(]+)\s*(?:\((.*)\))?\s*$/s.exec(item) ?? []
    const options = splitOutside(inside, ';').flatMap((one): [string, string][] => {
      const at = one.indexOf('=')
      return at < 0 ? [] : [[one.slice(0, at).trim(), one.slice(at + 1).trim()]]
    })
    found.set(name, new URLSearchParams(options))
  }
  return found
}

function splitOutside(text: string, separator: string): string[] {
  const parts: string[] = []
  let start = 0
  let open = 0
  let quoted = false
  for (let at = 0; at < text.length; at++) {
    const char = text[at]
    if (char === "'") quoted = !quoted
    else if (quoted) continue
    else if (char === '(') open++
    else if (char === ')') open--
    else if (char === separator && open === 0) {
      parts.push(text.slice(start, at))
      start = at + 1
    }
  }
  parts.push(text.slice(start))
  return parts
}
