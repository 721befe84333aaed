import { createHash } from 'node:crypto'
import type { RangeHash, RemoteRecord, RemoteValue } from './contract.ts'

/** Sums are kept below this, so that they stay the same however the records are divided. */
const MODULUS = 2n ** 60n

/**
 * The hash of records, whatever their order: each record's key and fields as one text, of whose MD5 the first 60 bits are added up
 * (modulo 2^60). A database can work it out where the records are; whoever has read them gets the same here.
 */
export function hashRecords(records: Iterable<RemoteRecord>, fields: readonly string[]): RangeHash {
  let rows = 0
  let sum = 0n
  for (const record of records) {
    rows += 1
    sum += digest(record, fields)
  }
  return { rows, hash: (sum % MODULUS).toString() }
}

/** The hash of both together. */
export function addHashes(one: RangeHash, other: RangeHash): RangeHash {
  return { rows: one.rows + other.rows, hash: ((BigInt(one.hash) + BigInt(other.hash)) % MODULUS).toString() }
}

function digest(record: RemoteRecord, fields: readonly string[]): bigint {
  const text = [record.key, ...fields.map((name) => record.fields[name] ?? null)].map(part).join('|')
  return BigInt(`0x${createHash('md5').update(text).digest('hex').slice(0, 15)}`)
}

/** No value is '-'; a value has '+' before it, and its separators escaped, so that no two lists of values make one text. */
function part(value: RemoteValue): string {
  return value === null ? '-' : `+${String(value).replaceAll('\\', '\\\\').replaceAll('|', '\\|')}`
}
