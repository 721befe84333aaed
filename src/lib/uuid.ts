import { createHash } from 'node:crypto'

/** Of this program alone: the same name gives another id elsewhere. */
const NAMESPACE = Buffer.from('5f0d3c1e8a6b4f7d9c2e1b7a4d6f8e03', 'hex')

/** An id that a name always has (RFC 9562, version 5). */
export function nameBasedId(name: string): string {
  const bytes = createHash('sha1').update(NAMESPACE).update(name).digest().subarray(0, 16)
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x50, 6)
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8)
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}
