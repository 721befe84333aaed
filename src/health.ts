import type { HttpServer } from '#http/server.ts'
import type { Database } from '#postgres/database.ts'

/** How far the start is: what /health answers. */
export type Health = {
  /** What a part is doing now; `start` speaks only when the whole cannot go on. */
  report(part: 'erp' | 'sync' | 'start', text: string): void
  ready(): void
  read(): { status: 'starting' | 'ready'; progress: Readonly<Record<string, string>> }
}

export function createHealth(): Health {
  let isReady = false
  const progress: Record<string, string> = {}
  return {
    report(part, text) {
      progress[part] = text
    },
    ready() {
      isReady = true
    },
    read: () => ({ status: isReady ? 'ready' : 'starting', progress }),
  }
}

const DATABASE_MS_MAX = 2_000

/**
 * GET /health: 200 once the first synchronisation is done and live sync runs, 503 with the progress before, and 503 while the database
 * does not answer.
 */
export function registerHealth(server: HttpServer, health: Health, database: Database): void {
  server.get('/health', async (_request, reply) => {
    const { status, progress } = health.read()
    reply.header('cache-control', 'no-store')
    if (status !== 'ready') return reply.code(503).send({ status, progress })
    if (!(await answers(database))) return reply.code(503).send({ status: 'database does not answer' })
    return reply.send({ status })
  })
}

async function answers(database: Database): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<boolean>((done) => {
    timer = setTimeout(() => done(false), DATABASE_MS_MAX)
  })
  const answered = database
    .read((tx) => tx`select 1 as one`)
    .then(
      () => true,
      () => false,
    )
  return Promise.race([answered, late]).finally(() => clearTimeout(timer))
}
