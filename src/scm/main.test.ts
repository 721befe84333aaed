import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { test } from 'node:test'
import { createTestDatabase } from '../../tests/support/database.ts'

test('the process loads its folder once, says so, serves, ends with its parent’s pipe, and is back with everything kept', async () => {
  await using db = await createTestDatabase()
  const folder = mkdtempSync(join(tmpdir(), 'scm-data-'))
  try {
    writeFileSync(join(folder, 'LegalEntities.csv'), 'LegalEntityId,Name\nUSMF,Contoso\n')
    writeFileSync(join(folder, 'Currencies.csv'), 'CurrencyCode,Name\nUSD,US Dollar\nEUR,Euro\n')
    const port = await freePort()
    const env = { ...process.env, SCM_DATABASE_URL: db.url, SCM_PORT: String(port), SCM_DATA: folder, LOG_LEVEL: 'silent' }

    const first = await start(env)
    assert(first.said.some((one) => one.event === 'progress'))
    assert.equal(first.said.at(-1)?.url, `http://127.0.0.1:${port}`)
    assert.deepEqual(await (await fetch(`http://127.0.0.1:${port}/health`)).json(), { status: 'ready' })
    first.child.stdin?.end()
    assert.deepEqual(await first.ended, [0, null])

    writeFileSync(join(folder, 'Currencies.csv'), 'CurrencyCode,Name\nGBP,Pound\n')
    const second = await start(env)
    assert.deepEqual(
      second.said.map((one) => one.event),
      ['ready'],
    )
    assert.equal(await countCurrencies(port), '2')
    second.child.kill('SIGTERM')
    assert.deepEqual(await second.ended, [0, null])
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})

async function countCurrencies(port: number): Promise<string> {
  const form = { grant_type: 'client_credentials', client_id: 'comptoir', client_secret: 'comptoir-demo-secret', resource: 'scm' }
  const answer = await fetch(`http://127.0.0.1:${port}/oauth2/token`, { method: 'POST', body: new URLSearchParams(form) })
  const { access_token } = (await answer.json()) as { access_token: string }
  const count = await fetch(`http://127.0.0.1:${port}/data/Currencies/$count`, {
    headers: { authorization: `Bearer ${access_token}` },
  })
  return count.text()
}

type Said = { event: string; text?: string; url?: string }

/** Resolves when the process says it is ready. */
async function start(env: NodeJS.ProcessEnv): Promise<{ child: ChildProcess; said: Said[]; ended: Promise<unknown[]> }> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'main.ts')], { stdio: ['pipe', 'pipe', 'inherit'], env })
  const ended = once(child, 'exit')
  const said: Said[] = []
  for await (const line of createInterface({ input: child.stdout })) {
    const message = JSON.parse(line) as Said
    said.push(message)
    if (message.event === 'ready') return { child, said, ended }
  }
  return assert.fail(`The process ended before it was ready: ${JSON.stringify(await ended)}`)
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}
