import { Liquid, type Template } from 'liquidjs'
import { AppError } from '#lib/app-error.ts'
import type { FetchExpression } from '#lib/fetchxml/ast.ts'
import type { Report } from './pages.ts'
import { type RenderState, registerTags, STATE } from './tags.ts'

/**
 * The Liquid of a site, parsed once: layout, templates and pages by name. Everything a customizer can write passes here, so here it is
 * held: values are escaped, only own plain data is reachable, templates come from the site alone, and work is limited.
 */
export type Templates = {
  has(name: string): boolean
  /** The queries of {% fetchxml %}, with the file each stands in. */
  fetches: readonly { file: string; fetch: FetchExpression }[]
  /** `globals` is plain data that the template and its parts see. Throws AppError `site.template_failed`. */
  render(name: string, globals: Readonly<Record<string, unknown>>, state: RenderState): string
}

const PARSE_CHARACTERS_MAX = 1_000_000
const RENDER_MS_MAX = 500
const MEMORY_MAX = 5_000_000
const OUTPUT_CHARACTERS_MAX = 4_000_000

/** Filters without a bound (`*_exp` evaluate code in a loop that no limit stops), that unescape, or that answer differently each time. */
const FILTERS_REMOVED = /_exp$|^(raw|sample|inspect|sha256|hmac_sha256|base64_decode)$/
/** Our layout and `render` do their work; `include` would let a part change what its parent sees. */
const TAGS_REMOVED = ['layout', 'block', 'include']

/** `sources`: 'templates/tile.liquid' or 'pages/orders.liquid' → text without front matter. */
export function createTemplates(sources: ReadonlyMap<string, string>, report: Report): Templates {
  const fetches: { file: string; fetch: FetchExpression }[] = []
  // Parts are parsed once more when they are first rendered: their queries are known by then.
  let reading: string | undefined
  const engine = createEngine(sources, (fetch) => {
    if (reading !== undefined) fetches.push({ file: reading, fetch })
  })
  const parsed = new Map<string, Template[]>()
  for (const [file, source] of sources) {
    reading = file
    try {
      parsed.set(file, engine.parse(source, file))
    } catch (error) {
      report(file, firstLine(error))
    }
  }
  reading = undefined
  return {
    fetches,
    has: (name) => parsed.has(name),
    render(name, globals, state) {
      const template = parsed.get(name)
      if (template === undefined) throw new AppError('site.template_missing', `The site has no ${name}`)
      try {
        const text = String(engine.renderSync(template, {}, { globals: { ...globals, [STATE]: state } }))
        if (text.length > OUTPUT_CHARACTERS_MAX) throw new Error(`the page is longer than ${OUTPUT_CHARACTERS_MAX} characters`)
        return text
      } catch (cause) {
        throw new AppError('site.template_failed', `${name} cannot be rendered: ${firstLine(cause)}`, { cause })
      }
    },
  }
}

function createEngine(sources: ReadonlyMap<string, string>, onFetch: (fetch: FetchExpression) => void): Liquid {
  const parts = [...sources].filter(([file]) => file.startsWith('templates/'))
  const engine = new Liquid({
    // In memory: the file system is never asked.
    templates: Object.fromEntries(parts.map(([file, source]) => [file.slice('templates/'.length), source])),
    extname: '.liquid',
    dynamicPartials: true,
    relativeReference: false,
    cache: true,
    outputEscape: 'escape',
    ownPropertyOnly: true,
    strictFilters: true,
    strictVariables: false,
    parseLimit: PARSE_CHARACTERS_MAX,
    renderLimit: RENDER_MS_MAX,
    memoryLimit: MEMORY_MAX,
    timezoneOffset: 0,
    locale: 'en-US',
  })
  for (const name of Object.keys(engine.filters)) if (FILTERS_REMOVED.test(name)) delete engine.filters[name]
  for (const name of TAGS_REMOVED) delete engine.tags[name]
  registerTags(engine, onFetch)
  return engine
}

function firstLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split('\n')[0] ?? ''
}
