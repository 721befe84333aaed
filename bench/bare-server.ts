/** The floor: node:http, the page's own statements, prepared, on a pooled connection, the page's own bytes. */
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import pg from 'pg'

type Task = { url: string; statements: { text: string; values: (string | null)[] }[]; body: string }

const task = JSON.parse(readFileSync(process.env.BARE ?? '', 'utf8')) as Task
const pool = new pg.Pool({ connectionString: task.url, max: 10 })
const body = Buffer.from(task.body)

const server = createServer(async (_request, response) => {
  const client = await pool.connect()
  for (const [index, { text, values }] of task.statements.entries()) {
    await client.query(values.length === 0 ? { text } : { name: `s${index}`, text, values })
  }
  client.release()
  response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end(body)
})
server.listen(0, '127.0.0.1', () => console.log(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`))
