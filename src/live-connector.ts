import type { Connector } from '#connector/contract.ts'
import { AppError } from '#lib/app-error.ts'

/** One connector for those who work with it, though the connection behind it is made anew: a secret that is replaced needs no restart. */
export type LiveConnector = {
  connector: Connector
  /** From now on calls go through `next`, a connector of the same kind; the one before is closed once it has answered what it was asked. */
  replace(next: Connector): void
  close(): Promise<void>
}

type Connection = { connector: Connector; calls: number; ending: AbortController; idle: () => void }

export function createLiveConnector(first: Connector): LiveConnector {
  let current = connectionTo(first)

  async function ask<T>(call: (connector: Connector) => Promise<T>): Promise<T> {
    const connection = current
    connection.calls += 1
    try {
      return await call(connection.connector)
    } finally {
      connection.calls -= 1
      if (connection.calls === 0) connection.idle()
    }
  }

  return {
    connector: {
      name: first.name,
      capabilities: first.capabilities,
      describe: (signal) => ask((one) => one.describe(signal)),
      readPage: (request, signal) => ask((one) => one.readPage(request, signal)),
      readRecords: (request, signal) => ask((one) => one.readRecords(request, signal)),
      writeGroup: (group, signal) => ask((one) => one.writeGroup(group, signal)),
      registerEvents: (request, signal) => ask((one) => one.registerEvents(request, signal)),
      parseEvent: (body) => current.connector.parseEvent(body),
      ping: (signal) => ask((one) => one.ping(signal)),
      ...optionalCalls(first, ask, () => current),
    },
    replace(next) {
      const before = current
      current = connectionTo(next)
      before.ending.abort()
      const close = () => void before.connector.close?.()
      if (before.calls === 0) close()
      else before.idle = close
    },
    close: async () => current.connector.close?.(),
  }
}

function connectionTo(connector: Connector): Connection {
  return { connector, calls: 0, ending: new AbortController(), idle: () => undefined }
}

type Ask = <T>(call: (connector: Connector) => Promise<T>) => Promise<T>

/** What only some connectors can: those of one kind can the same. */
function optionalCalls(first: Connector, ask: Ask, current: () => Connection): Partial<Connector> {
  return {
    ...(first.writeGroups && { writeGroups: (groups, signal) => ask((one) => required(one.writeGroups)(groups, signal)) }),
    ...(first.readChanges && { readChanges: (request, signal) => ask((one) => required(one.readChanges)(request, signal)) }),
    ...(first.splitRanges && { splitRanges: (request, signal) => ask((one) => required(one.splitRanges)(request, signal)) }),
    ...(first.hashRange && { hashRange: (request, signal) => ask((one) => required(one.hashRange)(request, signal)) }),
    // It would hold the earlier connection open for ever.
    ...(first.watchChanges && {
      watchChanges: (request, signal) => {
        const during = AbortSignal.any([signal, current().ending.signal])
        return ask((one) => required(one.watchChanges)(request, during))
      },
    }),
  } satisfies Partial<Connector>
}

function required<T>(call: T | undefined): T {
  if (call === undefined) throw new AppError('connector.refused', 'A connection is replaced by one of the same kind only')
  return call
}
