import { createHash } from 'node:crypto'

/** A static file under a URL that names its content: it may be kept for ever. */
export type Asset = { path: string; url: string; content: Buffer; mediaType: string }

export const HASH_LENGTH = 16

export function assetOf(path: string, content: Buffer): Asset {
  const hash = createHash('sha256').update(content).digest('hex').slice(0, HASH_LENGTH)
  return { path, url: `/assets/${hash}/${path}`, content, mediaType: mediaTypeOf(path) }
}

/** Only these folders of a site are served as they are. */
export function isAssetPath(path: string): boolean {
  return path.startsWith('theme/') || path.startsWith('files/')
}

export function mediaTypeOf(path: string): string {
  return MEDIA_TYPES[path.slice(path.lastIndexOf('.') + 1).toLowerCase()] ?? 'application/octet-stream'
}

const MEDIA_TYPES: Readonly<Record<string, string>> = {
  css: 'text/css; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  svg: 'image/svg+xml',
  png: 'image/png',
  jpg: 'image/jpeg',
  jpeg: 'image/jpeg',
  webp: 'image/webp',
  avif: 'image/avif',
  ico: 'image/x-icon',
  woff2: 'font/woff2',
  txt: 'text/plain; charset=utf-8',
  pdf: 'application/pdf',
  webmanifest: 'application/manifest+json',
}
