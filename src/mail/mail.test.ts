import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import test from 'node:test'
import { silentLog } from '#log/log.ts'
import type { Database } from '#postgres/database.ts'
import { migrate } from '#postgres/migrate.ts'
import { createTestDatabase } from '../../tests/support/database.ts'
import { createMail, type Mail } from './mail.ts'

const LETTER = { to: 'kim@example.com', subject: 'Hello\r\nBcc: all@example.com', text: 'The text', html: '<p>The text</p>' }
const WAIT_MS_MAX = 20_000

test('without a mail server a mail stays in the outbox, newest first, and disappears with its transaction', async () => {
  await using t = await setUp()
  const mail = createMail({ database: t.database, smtpUrl: undefined, from: 'a@example.com', log: silentLog })
  await mail.start()
  const first = await t.database.transaction((tx) => mail.post(tx, LETTER))
  const second = await t.database.transaction((tx) => mail.post(tx, { ...LETTER, subject: 'Second' }))
  await assert.rejects(
    t.database.transaction(async (tx) => {
      await mail.post(tx, LETTER)
      throw new Error('changed my mind')
    }),
  )
  const page = (before: string | null) => t.database.read((tx) => mail.listOutbox(tx, { before, rowsMax: 1 }))
  assert.deepEqual(
    (await page(null)).map((one) => one.messageId),
    [second],
  )
  assert.deepEqual(
    (await page(second)).map((one) => [one.messageId, one.state]),
    [[first, 'kept']],
  )
  assert.deepEqual(await page(first), [])
  await mail.stop()
})

test('what is not one plain address is refused', async () => {
  await using t = await setUp()
  const mail = createMail({ database: t.database, smtpUrl: undefined, from: 'a@example.com', log: silentLog })
  for (const to of ['', 'kim', 'a@b.c, d@e.f', 'Kim <kim@example.com>', 'kim@example.com\nBcc: x@y.z'])
    await assert.rejects(
      t.database.transaction((tx) => mail.post(tx, { ...LETTER, to })),
      /one plain address/,
      to,
    )
})

test('a mail is handed to the mail server once, without headers smuggled in, and its secret content is then forgotten', async () => {
  await using t = await setUp()
  await using smtp = await startSmtp()
  const mail = createMail({ database: t.database, smtpUrl: smtp.url, from: 'Comptoir <a@example.com>', log: silentLog })
  await mail.start()
  try {
    const id = await t.database.transaction((tx) => mail.post(tx, LETTER))
    await until(async () => (await stateOf(t.database, mail, id)) === 'sent')
    const sent = await t.database.read((tx) => mail.findMessage(tx, id))
    assert.equal(sent?.text, '')
    assert.equal(smtp.received.length, 1)
    assert.match(smtp.received[0] ?? '', /^To: kim@example\.com\r$/m)
    assert.match(smtp.received[0] ?? '', /^Subject: Hello Bcc: all@example\.com\r$/m)
    assert.deepEqual(smtp.recipients, ['kim@example.com'])
  } finally {
    await mail.stop()
  }
})

test('a mail that the server refuses waits with the reason, and goes out at a later attempt', async () => {
  await using t = await setUp()
  await using smtp = await startSmtp({ refusals: 1 })
  const mail = createMail({ database: t.database, smtpUrl: smtp.url, from: 'a@example.com', log: silentLog })
  await mail.start()
  try {
    const id = await t.database.transaction((tx) => mail.post(tx, LETTER))
    await until(
      async () => (await t.database.read((tx) => mail.findMessage(tx, id)))?.error?.includes('mailbox is full') === true,
    )
    await until(async () => (await stateOf(t.database, mail, id)) === 'sent')
    assert.equal(smtp.received.length, 1)
  } finally {
    await mail.stop()
  }
})

async function setUp(): Promise<{ database: Database } & AsyncDisposable> {
  const { database, ...rest } = await createTestDatabase()
  await migrate(database, [{ module: 'mail', folder: join(import.meta.dirname, 'migrations') }])
  return { database, [Symbol.asyncDispose]: () => rest[Symbol.asyncDispose]() }
}

async function stateOf(database: Database, mail: Mail, id: string): Promise<string | undefined> {
  return (await database.read((tx) => mail.findMessage(tx, id)))?.state
}

async function until(done: () => Promise<boolean>): Promise<void> {
  for (const deadlineMs = Date.now() + WAIT_MS_MAX; Date.now() < deadlineMs; ) {
    if (await done()) return
    await new Promise((go) => setTimeout(go, 50))
  }
  assert.fail('it did not happen in time')
}

/** As much of an SMTP server as a client needs. Refuses the first `refusals` recipients. */
async function startSmtp(options: { refusals?: number } = {}) {
  const received: string[] = []
  const recipients: string[] = []
  const sockets = new Set<Socket>()
  let refusals = options.refusals ?? 0
  const server = createServer((socket) => {
    sockets.add(socket)
    let data: string | undefined
    let buffer = ''
    const say = (line: string) => socket.write(`${line}\r\n`)
    const hear = (line: string) => {
      if (data !== undefined) {
        if (line !== '.') data += `${line}\r\n`
        else {
          received.push(data)
          data = undefined
          say('250 taken')
        }
      } else if (/^EHLO|^HELO|^MAIL/i.test(line)) say('250 ok')
      else if (/^RCPT/i.test(line)) {
        if (refusals-- > 0) return say('452 the mailbox is full')
        recipients.push(/<(.*)>/.exec(line)?.[1] ?? '')
        say('250 ok')
      } else if (/^DATA/i.test(line)) {
        data = ''
        say('354 go on')
      } else if (/^QUIT/i.test(line)) {
        say('221 bye')
        socket.end()
      } else say('250 ok')
    }
    socket.on('error', () => undefined)
    socket.on('data', (chunk) => {
      buffer += chunk.toString()
      for (let end = buffer.indexOf('\r\n'); end >= 0; end = buffer.indexOf('\r\n')) {
        const line = buffer.slice(0, end)
        buffer = buffer.slice(end + 2)
        hear(line)
      }
    })
    say('220 test')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  return {
    url: `smtp://127.0.0.1:${port}`,
    received,
    recipients,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      server.close()
    },
  }
}
