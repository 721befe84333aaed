import { required } from '#lib/assert.ts'
import type { RecordKey, RemoteFields } from './contract.ts'

/**
 * The canonical text of a record's key: fields in the entity's order, values percent-encoded where they hold a separator, the legal
 * entity in lower case (ERPs answer 'USMF' and 'usmf' alike), no value as empty text.
 */
export function recordKey(keyFields: readonly string[], companyField: string | undefined, fields: RemoteFields): RecordKey {
  return keyFields
    .map((name) => {
      const field = fields[name]
      const value = field === null ? '' : String(required(field, `the key field ${name}`))
      return `${name}=${encode(name === companyField ? value.toLowerCase() : value)}`
    })
    .join(',')
}

export function parseRecordKey(key: RecordKey): Record<string, string> {
  return Object.fromEntries(
    key.split(',').map((part) => {
      const at = part.indexOf('=')
      return [part.slice(0, at), decodeURIComponent(part.slice(at + 1))]
    }),
  )
}

function encode(text: string): string {
  return text.replace(/[%,=]/g, (char) => encodeURIComponent(char))
}
