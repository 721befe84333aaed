import type { HttpServer } from '#http/server.ts'

/** How far the start is: what /health answers. */
export type Health = {
  /** What a part is doing now. */
  report(part: 'erp' | 'sync', text: string): void
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

/** GET /health: 200 once the first synchronisation is done and live sync runs, 503 with the progress before. */
export function registerHealth(server: HttpServer, health: Health): void {
  server.get('/health', (_request, reply) => {
    const { status, progress } = health.read()
    return reply
      .code(status === 'ready' ? 200 : 503)
      .header('cache-control', 'no-store')
      .send(status === 'ready' ? { status } : { status, progress })
  })
}
