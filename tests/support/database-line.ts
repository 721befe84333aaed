import { connect, createServer, type Socket } from 'node:net'
import type { Faults } from '../../src/connector/subject.ts'

/** The line to a PostgreSQL server, statement by statement: what goes wrong on it is told by count. */
export async function createDatabaseLine(serverUrl: string): Promise<
  AsyncDisposable & {
    /** The same database, by way of the line. */
    url: string
    faults: Faults
    /** Connections that stand now. */
    connections(): number
  }
> {
  let plan: { lose?: number; cutFrom?: number; outage?: 'cut' | 'page'; stall?: boolean } = {}
  let writes = 0
  const sockets = new Set<Socket>()
  const stalled = new Set<Socket>()
  const set = (next: typeof plan) => {
    plan = next
    writes = 0
    for (const socket of next.outage === undefined ? stalled : sockets) socket.destroy()
    stalled.clear()
  }
  const target = new URL(serverUrl)

  const server = createServer((client) => {
    sockets.add(client)
    if (plan.outage === 'cut') return void client.destroy()
    const upstream = connect(Number(target.port), target.hostname)
    const reader = createReader()
    let loses = false
    const end = () => {
      sockets.delete(client)
      client.destroy()
      upstream.destroy()
    }
    for (const socket of [client, upstream]) socket.setNoDelay(true).on('error', end).on('close', end)
    client.on('data', (chunk) => {
      if (plan.outage === 'page') return void client.end('HTTP/1.1 502 Bad Gateway\r\n\r\n<html>no</html>')
      if (plan.stall === true) return void stalled.add(client)
      for (const message of reader(chunk)) {
        if (message.isWrite) writes++
        if (message.isWrite && plan.cutFrom !== undefined && writes >= plan.cutFrom) return end()
        if (message.isWrite && writes === plan.lose) loses = true
        upstream.write(message.bytes)
      }
    })
    upstream.on('data', (chunk) => (loses ? end() : client.write(chunk)))
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const url = new URL(serverUrl)
  url.hostname = '127.0.0.1'
  url.port = String((server.address() as { port: number }).port)
  return {
    url: url.href,
    connections: () => sockets.size,
    faults: {
      none: () => set({}),
      loseAnswer: (nth) => set({ lose: nth }),
      cutFrom: (nth) => set({ cutFrom: nth }),
      outage: (kind) => set({ outage: kind }),
      stall: () => set({ stall: true }),
      writesSeen: () => writes,
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      await new Promise((done) => server.close(done))
    },
  }
}

type Message = { bytes: Buffer; isWrite: boolean }

/** Cuts what a client sends into messages. The first has no type; commits count where something was written before. */
function createReader(): (chunk: Buffer) => Message[] {
  let rest = Buffer.alloc(0)
  let isStarted = false
  let isDirty = false
  return (chunk) => {
    rest = Buffer.concat([rest, chunk])
    const messages: Message[] = []
    for (;;) {
      const head = isStarted ? 1 : 0
      if (rest.length < head + 4) return messages
      const size = head + rest.readInt32BE(head)
      if (rest.length < size) return messages
      const bytes = rest.subarray(0, size)
      rest = rest.subarray(size)
      const text = isStarted && 'PQ'.includes(String.fromCharCode(bytes[0] ?? 0)) ? bytes.toString('latin1', 5) : ''
      isStarted = true
      const isChange = /^[^\0]*?\0?\s*(insert|update|delete)\b/i.test(text)
      const isCommit = isDirty && /^commit\b/i.test(text)
      isDirty = isChange || (isDirty && !/^(commit|rollback|begin)\b/i.test(text))
      messages.push({ bytes, isWrite: isChange || isCommit })
    }
  }
}
