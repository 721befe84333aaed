import assert from 'node:assert/strict'
import type { Connector, GroupOutcome, RecordWrite, RemoteFields, WriteOutcome } from './contract.ts'

/** A connector with an ERP of its own behind it, for the suite to try. */
export type Subject = AsyncDisposable & {
  /** Another connector to the same ERP each time: nothing may hang on what an earlier one remembers. */
  connect(): Connector
  /** A legal entity that takes new records, and one that has none of them. */
  company: string
  otherCompany: string
  /** An entity with records that nothing depends on, told apart by one text that the caller gives. */
  plain: { entity: string; keyField: string; textField: string }
  /** Records whose values must come back exactly as they went; between them every type of field the ERP has. */
  roundTrips: readonly { title: string; entity: string; fields: RemoteFields; findBy: RemoteFields }[]
  group: {
    /** A header with a line for each item; items other than 'good' are refused by the ERP. */
    writes(reference: string, items: readonly ('good' | 'bad')[]): RecordWrite[]
    /** What the ERP has under the reference, told without the connector: the lines of each header, and whether it can be processed. */
    find(reference: string): Promise<{ lines: number; ready: boolean }[]>
  }
  faults: Faults
  /** Text is compared with case, as in the reference ERP: no connector can make up for that. */
  comparesCase?: boolean
  /**
   * Changes or makes a plain record in a transaction of the ERP's own that stays open; it ends with the answered function. Only for
   * ERPs whose changes can become visible in another order than that in which they were made.
   */
  changeLate?(key: string, text: string): Promise<() => Promise<void>>
  /** Where the ERP can post events to, with what it has posted. Only for connectors that have events. */
  listen?(): Promise<
    AsyncDisposable & { url: string; bodies: readonly unknown[]; waitUntil(isDone: () => boolean): Promise<void> }
  >
}

/** What goes wrong between connector and ERP; each call replaces what was set before. */
export type Faults = {
  none(): void
  /** The ERP carries out the nth write request from now, and its answer is lost. */
  loseAnswer(nth: number): void
  /** The nth write request from now and all later ones do not reach the ERP. */
  cutFrom(nth: number): void
  /** No request is answered: cut off, or answered by a gateway's page. */
  outage(kind: 'cut' | 'page'): void
  /** The next requests are refused with the wish to wait so long. Only for ERPs that wish such. */
  throttle?(requests: number, seconds: number): void
  /** Requests wait and wait. */
  stall(): void
  /** Write requests since the last call of these. */
  writesSeen(): number
  /** When requests came, by the clock that the connector was given. Beside `throttle`. */
  requestTimesMs?(): readonly number[]
}

export const SIGNAL = new AbortController().signal

export function plainCreate(subject: Subject, key: string, text: string): Extract<RecordWrite, { operation: 'create' }> {
  const { entity, keyField, textField } = subject.plain
  const findBy = { [keyField]: key }
  return { operation: 'create', entity, company: subject.company, fields: { ...findBy, [textField]: text }, findBy }
}

/** Writes that must all succeed. */
export async function write(
  connector: Connector,
  ...writes: readonly RecordWrite[]
): Promise<Extract<WriteOutcome, { kind: 'applied' }>[]> {
  return applied(await connector.writeGroup({ attempt: 1, writes }, SIGNAL))
}

export function applied(outcomes: GroupOutcome): Extract<WriteOutcome, { kind: 'applied' }>[] {
  return outcomes.map((outcome) => {
    assert.equal(outcome.kind, 'applied', JSON.stringify(outcome))
    return outcome as Extract<WriteOutcome, { kind: 'applied' }>
  })
}

export function kinds(outcomes: GroupOutcome): string[] {
  return outcomes.map((outcome) => outcome.kind)
}
