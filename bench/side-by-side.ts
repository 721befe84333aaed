import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { Database } from '../src/postgres/database.ts'
import type { RunningComptoir } from '../tests/support/comptoir.ts'
import { cpuMs, line, ms, percentiles, repeat } from './measure.ts'
import { serverLog } from './portal-database.ts'

const REQUESTS = 400
const CONCURRENCY = 4

export type Asked = { name: string; path: string; headers: Readonly<Record<string, string>> }

/**
 * Processor time, statements and latency of one address, next to a bare server that sends the same statements and writes the same bytes.
 * Throws when it does not answer 200.
 */
export async function besideBare(comptoir: RunningComptoir, database: Database, asked: Asked): Promise<void> {
  const get = async (url: string) => {
    const response = await fetch(url, { headers: { ...asked.headers, 'accept-encoding': 'identity' } })
    const body = await response.text()
    if (response.status !== 200) throw new Error(`${url} answered ${response.status}: ${body.slice(0, 400)}`)
    return body
  }
  const url = `${comptoir.portalUrl}${asked.path}`
  const body = await get(url)
  const statements = await captureStatements(comptoir, database, () => get(url))
  const portal = await load(comptoir.pid(), () => get(url))

  const bare = spawn(process.execPath, [join(import.meta.dirname, 'bare-server.ts')], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, BARE: bareFile(comptoir, database, statements, body) },
  })
  const [line1] = (await once(bare.stdout, 'data')) as [Buffer]
  const bareUrl = line1.toString().trim()
  const floor = await load(bare.pid ?? 0, () => get(bareUrl))
  bare.kill()

  const work = statements.filter((one) => !/^(begin|commit|rollback)/i.test(one.text)).length
  line(asked.name, `${work} statements`, `${(body.length / 1024).toFixed(0)} KiB`)
  line('  Comptoir', ...figures(portal))
  line('  bare node:http, same SQL and bytes', ...figures(floor))
  line('  ratio', `CPU ${(portal.cpuMsEach / floor.cpuMsEach).toFixed(2)}`, `p50 ${(portal.p50 / floor.p50).toFixed(2)}`)
}

export function announce(what: string): void {
  console.log(`\n${what}, ${REQUESTS} requests, ${CONCURRENCY} at once`)
}

type Load = { cpuMsEach: number; p50: number; p95: number; p99: number }

function figures(load: Load): string[] {
  return [`CPU ${ms(load.cpuMsEach)} ms/request`, `p50 ${ms(load.p50)}`, `p95 ${ms(load.p95)}`, `p99 ${ms(load.p99)} ms`]
}

async function load(pid: number, get: () => Promise<unknown>): Promise<Load> {
  await repeat(REQUESTS / 4, CONCURRENCY, async () => void (await get()))
  const beforeMs = cpuMs(pid)
  const tookMs = await repeat(REQUESTS, CONCURRENCY, async () => void (await get()))
  return { cpuMsEach: (cpuMs(pid) - beforeMs) / REQUESTS, ...percentiles(tookMs) }
}

type Statement = { text: string; values: (string | null)[] }

/** What PostgreSQL itself says it was asked while `work` ran: its log, switched on for the moment. */
async function captureStatements(
  comptoir: RunningComptoir,
  database: Database,
  work: () => Promise<unknown>,
): Promise<Statement[]> {
  const setLogging = async (value: string) => {
    const client = await database.pool.connect()
    await client.query(`alter system set log_statement = ${value}`)
    await client.query('select pg_reload_conf()')
    client.release()
    await delay(300)
  }
  await setLogging("'all'")
  const from = readFileSync(serverLog(comptoir), 'utf8').length
  await work()
  await delay(100)
  const text = readFileSync(serverLog(comptoir), 'utf8').slice(from)
  await setLogging('default')
  return parseLog(text)
}

function parseLog(text: string): Statement[] {
  const entries = text.split(/\n(?=\d{4}-\d{2}-\d{2} )/)
  const byProcess = new Map<string, Statement[]>()
  for (const entry of entries) {
    const head = /^\S+ \S+ \S+ \[(\d+)\] (LOG|DETAIL):\s+([\s\S]*)$/.exec(entry)
    if (head === null) continue
    const [, process = '', kind, rest = ''] = head
    const list = byProcess.get(process) ?? []
    byProcess.set(process, list)
    if (kind === 'LOG') list.push({ text: rest.replace(/^(execute \S+|statement):\s*/, '').trim(), values: [] })
    else {
      const last = list.at(-1)
      if (last !== undefined)
        last.values = [...rest.matchAll(/\$\d+ = (NULL|'((?:[^']|'')*)')/g)].map(([, all, inner]) =>
          all === 'NULL' ? null : (inner ?? '').replaceAll("''", "'"),
        )
    }
  }
  return [...byProcess.values()].flatMap(wholeTransactions).filter(isOfRequest).flat()
}

/**
 * Transactions, and statements by themselves. What began or ended outside the time of the capture would leave a replay inside somebody
 * else's transaction.
 */
function wholeTransactions(statements: readonly Statement[]): Statement[][] {
  const whole: Statement[][] = []
  let open: Statement[] | undefined
  for (const one of statements) {
    const ends = /^(commit|rollback)/i.test(one.text)
    if (/^begin/i.test(one.text)) open = []
    else if (open === undefined && !ends) whole.push([one])
    open?.push(one)
    if (!ends) continue
    if (open !== undefined) whole.push(open)
    open = undefined
  }
  return whole
}

/** The engine's own work goes on meanwhile: it claims, and a request never does. */
function isOfRequest(transaction: readonly Statement[]): boolean {
  const text = transaction.map((one) => one.text).join('\n')
  return /salesorder|access\./.test(text) && !/for update|dual_write\./.test(text)
}

function bareFile(comptoir: RunningComptoir, database: Database, statements: readonly Statement[], body: string): string {
  const file = join(comptoir.dataDir, 'bare.json')
  writeFileSync(file, JSON.stringify({ url: database.url, statements, body }))
  return file
}

/** Signs in as a buyer does; answers the cookies. */
export async function signIn(portalUrl: string, email: string): Promise<string> {
  const jar = new Map<string, string>()
  const keep = (response: Response) => {
    for (const cookie of response.headers.getSetCookie()) {
      const [pair = ''] = cookie.split(';')
      jar.set(pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1))
    }
  }
  const cookies = () => [...jar].map(([name, value]) => `${name}=${value}`).join('; ')
  const page = await fetch(`${portalUrl}/signin`)
  keep(page)
  const csrf = /name="_csrf"[^>]*value="([^"]+)"/.exec(await page.text())?.[1] ?? ''
  const answer = await fetch(`${portalUrl}/signin`, {
    method: 'POST',
    redirect: 'manual',
    headers: { cookie: cookies() },
    body: new URLSearchParams({ email, password: 'comptoir-demo', _csrf: csrf }),
  })
  keep(answer)
  if (answer.status !== 303 && answer.status !== 302) throw new Error(`signing in answered ${answer.status}`)
  return cookies()
}
