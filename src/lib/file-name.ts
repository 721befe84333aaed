/** Names of files that come from outside: they are shown to people and written into headers, never used as a path. */

const CHARACTERS_MAX = 150
const NAMELESS = 'file'
/** Control characters, and those that turn the direction of writing ('gpj.exe' that reads 'exe.jpg'). */
const HIDDEN = /[\p{Cc}\p{Cf}\p{Co}\p{Cs}\p{Zl}\p{Zp}]/gu

/** The last part of a path, without what is invisible, reserved on some system, or too long. Never empty. */
export function cleanFileName(given: string): string {
  const last = given.normalize('NFC').split(/[/\\]/).at(-1) ?? ''
  const name = last
    .replace(HIDDEN, '')
    .replace(/[<>:"|?*]/g, '_')
    .replace(/\s+/g, ' ')
    .replace(/^[. ]+|[. ]+$/g, '')
  if (name === '') return NAMELESS
  const characters = [...name]
  if (characters.length <= CHARACTERS_MAX) return name
  const ending = /\.[a-z0-9]{1,10}$/i.exec(name)?.[0] ?? ''
  return characters.slice(0, CHARACTERS_MAX - ending.length).join('') + ending
}

/** The header Content-Disposition, in ASCII for old readers and in full for all others (RFC 6266). */
export function contentDisposition(kind: 'attachment' | 'inline', name: string): string {
  const clean = cleanFileName(name)
  const ascii = clean.replace(/[^\x20-\x7e]|["\\%]/g, '_')
  const full = encodeURIComponent(clean).replace(/['()*]/g, (one) => `%${one.charCodeAt(0).toString(16).toUpperCase()}`)
  return `${kind}; filename="${ascii}"; filename*=UTF-8''${full}`
}
