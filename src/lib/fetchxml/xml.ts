import { AppError } from '../app-error.ts'

/** An element of a text: what FetchXML needs of XML, and no more. Positions count characters from 0. */
export type XmlElement = {
  name: string
  attributes: ReadonlyMap<string, XmlText>
  children: readonly XmlElement[]
  /** The text directly inside, without that of its children. */
  text: XmlText
  position: number
}
export type XmlText = { value: string; position: number }

export const TEXT_LENGTH_MAX = 65_536
const ELEMENTS_MAX = 2_000
const DEPTH_MAX = 30
const ATTRIBUTES_MAX = 40

/**
 * Parses one element with everything in it: attributes, text, comments, the five named entities and character references. Document types,
 * other entities, processing instructions and CDATA are refused, so nothing in a text can name anything outside it.
 * Throws AppError `fetch.invalid` with line, column and position (see `refuseAt`).
 */
export function parseXml(text: string): XmlElement {
  if (text.length > TEXT_LENGTH_MAX) throw refuseAt(text, 0, `it is longer than ${TEXT_LENGTH_MAX} characters`)
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters that XML does not have.
  const forbidden = /[\u0000-\u0008\u000B\u000C\u000E-\u001F\uFFFE\uFFFF]/.exec(text)
  if (forbidden !== null) throw refuseAt(text, forbidden.index, 'this character is not allowed in XML')
  const reader: Reader = { text, at: text.startsWith('\uFEFF') ? 1 : 0, elements: 0 }
  take(reader, /<\?xml\s[^>]*\?>/y)
  skipBetween(reader)
  if (peek(reader) !== '<') fail(reader, 'an element is expected here')
  const root = element(reader, 1)
  skipBetween(reader)
  if (reader.at < text.length) fail(reader, 'nothing may follow the end of the query')
  return root
}

/** A refusal that says where: in words by line and column, in the details for programs. */
export function refuseAt(text: string, position: number, reason: string): AppError {
  const lines = text.slice(0, position).split('\n')
  const [line, column] = [lines.length, (lines.at(-1) ?? '').length + 1]
  return new AppError('fetch.invalid', `The FetchXML cannot be used, at line ${line}, column ${column}: ${reason}`, {
    details: { position, line, column, reason },
  })
}

type Reader = { readonly text: string; at: number; elements: number }

const SPACE = /[ \t\r\n]+/y
const NAME = /[A-Za-z_][A-Za-z0-9_.:-]{0,127}/y
const COMMENT = /<!--(?:(?!--)[\s\S])*-->/y
const QUOTED = /"[^"<]*"|'[^'<]*'/y
const BETWEEN_TAGS = /[^<]+/y

function element(reader: Reader, depth: number): XmlElement {
  const position = reader.at
  if (depth > DEPTH_MAX) fail(reader, `elements stand in each other more than ${DEPTH_MAX} deep`)
  reader.elements++
  if (reader.elements > ELEMENTS_MAX) fail(reader, `there are more than ${ELEMENTS_MAX} elements`)
  if (reader.text.startsWith('<!', reader.at) || reader.text.startsWith('<?', reader.at))
    fail(reader, 'document types, CDATA and processing instructions are not supported')
  reader.at++
  const name = take(reader, NAME) ?? fail(reader, 'the name of an element is expected here')
  const attributes = readAttributes(reader)
  if (take(reader, /\/>/y) !== undefined) return { name, attributes, children: [], text: { value: '', position }, position }
  if (take(reader, />/y) === undefined) fail(reader, `an attribute, > or /> is expected in <${name}>`)
  return { name, attributes, ...content(reader, name, depth), position }
}

function readAttributes(reader: Reader): Map<string, XmlText> {
  const attributes = new Map<string, XmlText>()
  while (take(reader, SPACE) !== undefined) {
    const at = reader.at
    const name = take(reader, NAME)
    if (name === undefined) break
    if (attributes.has(name)) fail(reader, `${name} stands twice in this element`, at)
    if (attributes.size >= ATTRIBUTES_MAX) fail(reader, `an element has at most ${ATTRIBUTES_MAX} attributes`, at)
    take(reader, SPACE)
    if (take(reader, /=/y) === undefined) fail(reader, `${name} needs a value: ${name}="…"`)
    take(reader, SPACE)
    const start = reader.at
    const quoted = take(reader, QUOTED) ?? fail(reader, `the value of ${name} stands in quotes, without <`)
    // XML makes spaces of line ends and tabs in attributes.
    const raw = quoted.slice(1, -1).replace(/\r\n|[\r\n\t]/g, ' ')
    attributes.set(name, { value: decode(reader, raw, start + 1), position: start + 1 })
  }
  return attributes
}

function content(reader: Reader, name: string, depth: number): { children: XmlElement[]; text: XmlText } {
  const children: XmlElement[] = []
  let text = ''
  const position = reader.at
  for (;;) {
    const start = reader.at
    const plain = take(reader, BETWEEN_TAGS)
    if (plain !== undefined) text += decode(reader, plain, start)
    else if (take(reader, COMMENT) === undefined) {
      if (reader.at >= reader.text.length) fail(reader, `<${name}> is not closed`)
      if (take(reader, /<\//y) === undefined) children.push(element(reader, depth + 1))
      else {
        const closed = take(reader, NAME)
        if (closed !== name) fail(reader, `</${name}> is expected here`)
        take(reader, SPACE)
        if (take(reader, />/y) === undefined) fail(reader, `> is expected after </${name}`)
        return { children, text: { value: text, position } }
      }
    }
  }
}

const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }

function decode(reader: Reader, raw: string, position: number): string {
  if (!raw.includes('&')) return raw
  return raw.replace(/&([^;&]{0,12});?/g, (whole, name: string, at: number) => {
    const closed = whole.endsWith(';')
    if (closed && Object.hasOwn(ENTITIES, name)) return ENTITIES[name] ?? ''
    const digits = /^#(?:x([0-9a-fA-F]{1,6})|([0-9]{1,7}))$/.exec(name)
    const code =
      digits === null || !closed ? Number.NaN : Number.parseInt(digits[1] ?? digits[2] ?? '', digits[1] === undefined ? 10 : 16)
    if (!isCharacter(code)) fail(reader, 'this is no entity; & itself is written &amp;', position + at)
    return String.fromCodePoint(code)
  })
}

function isCharacter(code: number): boolean {
  return (
    code === 9 ||
    code === 10 ||
    code === 13 ||
    (code >= 0x20 && code <= 0xd7ff) ||
    (code >= 0xe000 && code <= 0xfffd) ||
    (code >= 0x10000 && code <= 0x10ffff)
  )
}

function skipBetween(reader: Reader): void {
  while (take(reader, SPACE) !== undefined || take(reader, COMMENT) !== undefined);
}

function peek(reader: Reader): string {
  return reader.text[reader.at] ?? ''
}

function take(reader: Reader, sticky: RegExp): string | undefined {
  sticky.lastIndex = reader.at
  const found = sticky.exec(reader.text)?.[0]
  if (found !== undefined) reader.at += found.length
  return found
}

function fail(reader: Reader, reason: string, at = reader.at): never {
  throw refuseAt(reader.text, at, reason)
}
