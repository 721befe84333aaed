import { ApiRefusal } from './refusals.ts'

/** `W/"123"`: the row as of its version number. */
export function etagOf(version: number | string): string {
  return `W/"${version}"`
}

/** What If-Match or If-None-Match says: a version, any row ('*'), or nothing. Clients also send the word null. */
export function parseEtag(header: string | undefined, name: string): number | '*' | undefined {
  const text = header?.trim()
  if (text === undefined || text === '' || text === 'null') return undefined
  if (text === '*') return '*'
  const version = /^(?:W\/)?"?(\d{1,15})"?$/.exec(text)?.[1]
  if (version === undefined) throw new ApiRefusal('invalid', `${name} is '*' or the @odata.etag of the row, such as W/"123"`)
  return Number(version)
}
