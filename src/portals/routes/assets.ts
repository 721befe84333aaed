import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import type { HttpServer } from '#http/server.ts'
import { AppError } from '#lib/app-error.ts'
import type { Releases } from '../releases.ts'
import { type Asset, assetOf, HASH_LENGTH, isAssetPath, mediaTypeOf } from '../site/assets.ts'

const FOR_EVER = 'public, max-age=31536000, immutable'

/** What every page of every site loads: our own scripts and htmx, under 'engine/'. */
export function engineAssets(): ReadonlyMap<string, Asset> {
  const htmx = dirname(createRequire(import.meta.url).resolve('htmx.org/package.json'))
  const files: readonly [string, string][] = [
    ['engine/htmx.js', join(htmx, 'dist/htmx.min.js')],
    ['engine/portal.js', join(import.meta.dirname, '../browser/portal.js')],
    ['engine/keys.js', join(import.meta.dirname, '../browser/keys.js')],
    ['engine/menus.js', join(import.meta.dirname, '../browser/menus.js')],
  ]
  return new Map(files.map(([path, file]) => [path, assetOf(path, readFileSync(file))]))
}

/** Files under addresses that name their content. An address of an earlier release still answers with that release's file. */
export function addAssetRoutes(server: HttpServer, releases: Releases, engine: ReadonlyMap<string, Asset>): void {
  server.get<{ Params: { hash: string; '*': string } }>('/assets/:hash/*', async (request, reply) => {
    const { hash, '*': path } = request.params
    const asset = engine.get(path) ?? releases.current().site.assets.get(path)
    const content = asset?.url === `/assets/${hash}/${path}` ? asset.content : await findEarlier(releases, path, hash)
    return reply.header('content-type', mediaTypeOf(path)).header('cache-control', FOR_EVER).send(content)
  })
  server.get('/favicon.ico', (_request, reply) => reply.code(204).send())
}

async function findEarlier(releases: Releases, path: string, hash: string): Promise<Buffer> {
  const plausible = isAssetPath(path) && new RegExp(`^[0-9a-f]{${HASH_LENGTH}}$`).test(hash)
  const content = plausible ? await releases.findAsset(path, hash) : undefined
  if (content === undefined) throw new AppError('request.not_found', 'There is no such file')
  return content
}
