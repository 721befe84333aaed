import { AppError } from '#lib/app-error.ts'

export type XmlTag = {
  /** Without its namespace prefix. */
  name: string
  attributes: ReadonlyMap<string, string>
  kind: 'open' | 'close' | 'empty'
}

/**
 * The tags of an XML document in order, as far as metadata needs them: elements and attributes; text, comments and processing
 * instructions are passed over; documents with a DOCTYPE are refused, so that no entity can be declared. Throws AppError
 * `connector.bad_metadata` for what is not well formed.
 */
export function* readXmlTags(xml: string): Generator<XmlTag> {
  const open: string[] = []
  let at = 0
  for (;;) {
    const start = xml.indexOf('<', at)
    if (start < 0) break
    const skipped = SKIPPED.find(({ from }) => xml.startsWith(from, start))
    if (skipped !== undefined) {
      at = endOf(xml, skipped.to, start + skipped.from.length)
      continue
    }
    if (xml.startsWith('<!', start)) fail('declares a document type', start)
    TAG.lastIndex = start
    const [text, slash, name = '', attributes = '', empty] = TAG.exec(xml) ?? fail('has a malformed tag', start)
    at = start + text.length
    if (slash !== '') {
      if (open.pop() !== name || attributes.trim() !== '') fail(`closes <${name}>, which is not open`, start)
      yield { name: localName(name), attributes: NO_ATTRIBUTES, kind: 'close' }
      continue
    }
    if (empty === '') open.push(name)
    yield { name: localName(name), attributes: attributesOf(attributes, start), kind: empty === '' ? 'open' : 'empty' }
  }
  const unclosed = open.at(-1)
  if (unclosed !== undefined) fail(`ends before <${unclosed}> is closed`, xml.length)
}

const SKIPPED = [
  { from: '<!--', to: '-->' },
  { from: '<?', to: '?>' },
  { from: '<![CDATA[', to: ']]>' },
]
const NAME = '[\\p{L}_][\\p{L}\\p{N}_.:-]*'
const TAG = new RegExp(`<(\\/?)(${NAME})((?:\\s+${NAME}\\s*=\\s*(?:"[^"<]*"|'[^'<]*'))*)\\s*(\\/?)>`, 'uy')
const ATTRIBUTE = new RegExp(`(${NAME})\\s*=\\s*(?:"([^"<]*)"|'([^'<]*)')`, 'gu')
const ENTITIES: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" }
const NO_ATTRIBUTES: ReadonlyMap<string, string> = new Map()

function attributesOf(text: string, at: number): ReadonlyMap<string, string> {
  if (text === '') return NO_ATTRIBUTES
  const attributes = new Map<string, string>()
  for (const [, name = '', double, single] of text.matchAll(ATTRIBUTE)) {
    attributes.set(name, decode(double ?? single ?? '', at))
  }
  return attributes
}

function decode(text: string, at: number): string {
  if (!text.includes('&')) return text
  return text.replace(/&([^;&\s]*);?/g, (_all, name: string) => {
    const code = /^#(?:x([0-9a-f]{1,6})|(\d{1,7}))$/i.exec(name)
    if (code === null) return ENTITIES[name] ?? fail(`uses the unknown entity &${name.slice(0, 20)};`, at)
    const point = code[1] === undefined ? Number(code[2]) : Number.parseInt(code[1], 16)
    return point <= 0x10ffff ? String.fromCodePoint(point) : fail('names a character that does not exist', at)
  })
}

function localName(name: string): string {
  return name.slice(name.indexOf(':') + 1)
}

function endOf(xml: string, mark: string, from: number): number {
  const end = xml.indexOf(mark, from)
  return end < 0 ? fail('ends too early', from) : end + mark.length
}

function fail(what: string, at: number): never {
  throw new AppError('connector.bad_metadata', `The metadata of the ERP ${what} (at character ${at})`, { details: { at } })
}
