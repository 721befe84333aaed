import type { RemoteRecord } from '#connector/contract.ts'
import type { MissingTarget } from '../mapping/to-portal.ts'

/** What became of one record. */
export type Applied = {
  record: RemoteRecord
  result:
    | { kind: 'created' | 'updated' | 'unchanged'; rowId: string | undefined }
    /** Outside the map's filter, or a row that was deleted here and stays so. */
    | { kind: 'excluded' | 'ignored' }
    /** Needs rows that are not here yet. */
    | { kind: 'waits'; missing: MissingTarget[] }
    /** A person must change something. */
    | { kind: 'held'; reason: string }
    /** Somebody else has written since the record was read: read it again. */
    | { kind: 'stale' }
    /** Our own create of it is on its way. */
    | { kind: 'in_flight' }
}

export type ApplyOptions = {
  /** Readers are told by the caller, once for the whole table. */
  quiet: boolean
  /** Revisions of the links when the records were read, by remote key; absent keys had none. */
  fence?: ReadonlyMap<string, number>
  /** When the last notice of a record came, by remote key: where the ERP itself does not say when it was changed. */
  noticedAt?: ReadonlyMap<string, string>
  /** What a person has said instead of a record, by remote key: the portal's columns, as text. */
  overrides?: ReadonlyMap<string, Readonly<Record<string, string | null>>>
  /** Take a row as ours although its create is on its way: after waiting for it in vain, or from that create itself. */
  adopt?: boolean
  /** A page of a first copy. */
  first?: FirstCopy
}

export type FirstCopy = {
  /** `lastRevision` before the page was read: a link that was written since knows more than the page. */
  revision: number
}
