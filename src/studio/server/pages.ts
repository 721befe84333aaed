import { randomBytes } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { extname, join } from 'node:path'
import { visitorOf } from '#access/request.ts'
import type { HttpServer, Reply, Request } from '#http/server.ts'
import { AppError } from '#lib/app-error.ts'
import { guardPage } from './guard.ts'

const MEDIA_TYPES: Readonly<Record<string, string>> = {
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
}

type BuiltApp = { shell: string; assets: ReadonlyMap<string, Buffer> }

/**
 * The browser part of Studio: one page for all its addresses, and files whose names change with their content. The page's policy
 * is as strict as the portal's, save that it takes style elements with this answer's nonce, which the component library makes.
 */
export function registerPages(server: HttpServer, app: Promise<string>): void {
  const built = app.then(readApp)
  // Whoever asks for a page is told; nobody asking must not end the process.
  built.catch(() => undefined)

  const showShell = async (request: Request, reply: Reply) => {
    if (!guardPage(request, reply)) return reply
    const { shell } = await built
    const nonce = randomBytes(18).toString('base64')
    return reply
      .header('content-security-policy', policyWith(nonce))
      .header('cache-control', 'no-store')
      .type('text/html; charset=utf-8')
      .send(shell.replace('__STYLE_NONCE__', nonce).replace('lang="en"', `lang="${visitorOf(request).language.slice(0, 2)}"`))
  }
  server.get('/studio', showShell)
  server.get('/studio/*', showShell)
  // Public: they hold no data, and the browser fetches them without asking who is signed in.
  server.get<{ Params: { name: string } }>('/studio/assets/:name', async (request, reply) => {
    const { assets } = await built
    const asset = assets.get(request.params.name)
    if (asset === undefined) throw new AppError('studio.not_found', 'There is nothing here')
    return reply
      .header('cache-control', 'public, max-age=31536000, immutable')
      .type(MEDIA_TYPES[extname(request.params.name)] ?? 'application/octet-stream')
      .send(asset)
  })
}

function readApp(folder: string): BuiltApp {
  const names = readdirSync(join(folder, 'assets'))
  return {
    shell: readFileSync(join(folder, 'index.html'), 'utf8'),
    assets: new Map(names.map((name) => [name, readFileSync(join(folder, 'assets', name))])),
  }
}

function policyWith(nonce: string): string {
  return [
    "default-src 'none'",
    "script-src 'self'",
    `style-src 'self' 'nonce-${nonce}'`,
    "img-src 'self' data:",
    "font-src 'self'",
    "connect-src 'self'",
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ].join('; ')
}
