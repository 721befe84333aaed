import { type Document, isMap, isScalar, LineCounter, parseDocument } from 'yaml'
import type { EntityDescription } from '#connector/contract.ts'
import type { Catalog } from '#tables/catalog.ts'
import type { Finding } from './facets-control.ts'
import { buildMap } from './map.ts'
import { checkAgainstErp } from './mapping/check-erp.ts'
import { checkAgainstMaps } from './mapping/check-maps.ts'
import { checkRoundTrips } from './mapping/check-round-trips.ts'
import { createFindings } from './mapping/findings.ts'
import type { ValueLists } from './mapping/map-file.ts'
import type { TableMap } from './table-map.ts'

/** What a map is judged against. What is not known is not judged. */
export type ValidationGround = {
  catalog: Catalog
  lists: ValueLists
  /** What the ERP says of itself, or why it could not be asked. */
  entities?: readonly EntityDescription[] | { unreachable: string } | undefined
  /** The maps beside it; one with its own name is the version it takes the place of. */
  maps?: readonly TableMap[] | undefined
  /** Codes of the legal entities there are. */
  companies?: readonly string[] | undefined
}

/** Everything that is wrong or doubtful in a map's text, with a code, its place and line, and what to do. Empty for a map that is well. */
export function validateMap(text: string, ground: ValidationGround): Finding[] {
  const { list: findings, report } = createFindings()
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines })
  for (const error of document.errors) {
    const isTwice = error.code === 'DUPLICATE_KEY'
    report(isTwice ? 'DIPV1029' : 'CMP2001', '', {
      message: isTwice ? 'a name or value stands twice in one list' : `this is no YAML: ${error.message.split('\n', 1)[0]}`,
      remedy: isTwice ? 'Keep one of the two' : 'Correct the text',
    })
    const [last] = findings.slice(-1)
    if (last !== undefined) last.line = lines.linePos(error.pos[0]).line
  }
  if (document.errors.length > 0) return findings
  const content: unknown = document.toJS()
  const entity = entityOf(content, ground)
  const built = buildMap(ground.catalog, content, ground.lists, entity)
  findings.push(...built.findings)
  if (built.map !== undefined && built.source !== undefined) {
    const { map, source } = built
    checkAgainstErp(source, map, { entities: ground.entities, entity, companies: ground.companies }, report)
    if (ground.maps !== undefined) checkAgainstMaps(map, ground.maps, report)
    checkRoundTrips(source, map, report)
  }
  return findings.map((one) => ({ ...one, line: one.line ?? lineOf(document, lines, one.at) }))
}

function entityOf(content: unknown, { entities }: ValidationGround): EntityDescription | undefined {
  if (entities === undefined || 'unreachable' in entities) return undefined
  const name = (content as { entity?: unknown } | null)?.entity
  return entities.find((one) => one.name === name)
}

/** The line of a place, or of the nearest that stands in the text: what is missing has none. */
function lineOf(document: Document, lines: LineCounter, at: string): number | null {
  let path: (string | number)[] = at.split(/[.[\]]+/).filter((step) => step !== '')
  path = path.map((step) => (/^\d+$/.test(String(step)) ? Number(step) : step))
  for (; path.length > 0; path = path.slice(0, -1)) {
    const parent = path.length === 1 ? document.contents : document.getIn(path.slice(0, -1), true)
    const key = isMap(parent) ? parent.items.find((pair) => isScalar(pair.key) && pair.key.value === path.at(-1))?.key : undefined
    const node = key ?? document.getIn(path, true)
    const range = (node as { range?: [number, number, number] } | undefined)?.range
    if (range !== undefined) return lines.linePos(range[0]).line
  }
  return null
}
