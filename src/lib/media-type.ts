/** What a file is, by its first bytes and by what its sender says. */

const UNKNOWN_MEDIA_TYPE = 'application/octet-stream'
const MEDIA_TYPE = /^[a-z]+\/[a-z0-9][a-z0-9.+-]{0,100}$/
/** So many bytes are looked at. */
export const SNIFF_BYTES = 1_024

/** Pictures that browsers show and that run nothing. */
const PICTURES: ReadonlySet<string> = new Set(['image/png', 'image/jpeg', 'image/gif', 'image/webp', 'image/avif'])
const SIGNATURES: readonly (readonly [type: string, at: number, bytes: string])[] = [
  ['image/png', 0, '\x89PNG\r\n\x1a\n'],
  ['image/jpeg', 0, '\xff\xd8\xff'],
  ['image/gif', 0, 'GIF87a'],
  ['image/gif', 0, 'GIF89a'],
  ['image/webp', 8, 'WEBP'],
  ['image/avif', 4, 'ftypavif'],
  ['application/pdf', 0, '%PDF-'],
  ['application/zip', 0, 'PK\x03\x04'],
]
const SVG = 'image/svg+xml'

export function isPicture(mediaType: string): boolean {
  return PICTURES.has(mediaType)
}

/**
 * The type of a file: what its first bytes are, where they can be known; else what its sender says (`declared`). Undefined when the
 * two contradict each other: a page that calls itself a picture is none.
 */
export function mediaTypeOf(head: Uint8Array, declared: string | undefined): string | undefined {
  const said = (declared ?? '').split(';')[0]?.trim().toLowerCase() ?? ''
  const given = MEDIA_TYPE.test(said) ? said : UNKNOWN_MEDIA_TYPE
  const found = sniff(head)
  if (found === undefined) return isRecognizable(given) ? undefined : given
  // Documents of office programs are archives.
  if (found === 'application/zip') return given.startsWith('application/') ? given : undefined
  return given === UNKNOWN_MEDIA_TYPE || given === found || (given.startsWith('image/') && isPicture(found)) ? found : undefined
}

/** Whether a list of accepted types ('application/pdf', 'image/*') has this one; SVG, which can run scripts, only by its own name. */
export function isAccepted(mediaType: string, accept: readonly string[]): boolean {
  return accept.some((one) =>
    one.endsWith('/*') ? mediaType !== SVG && mediaType.startsWith(one.slice(0, -1)) : one === mediaType,
  )
}

function isRecognizable(mediaType: string): boolean {
  return mediaType === SVG || mediaType === 'application/zip' || SIGNATURES.some(([type]) => type === mediaType)
}

function sniff(head: Uint8Array): string | undefined {
  const text = Buffer.from(head.subarray(0, SNIFF_BYTES)).toString('latin1')
  const known = SIGNATURES.find(([, at, bytes]) => text.startsWith(bytes, at))
  if (known !== undefined) return known[0]
  const markup = text.replace(/^\xef\xbb\xbf/, '').trimStart()
  if (!markup.startsWith('<')) return undefined
  if (/<svg[\s>]/i.test(markup)) return SVG
  return /<(!doctype html|html|head|body|script)[\s>]/i.test(markup) ? 'text/html' : undefined
}
