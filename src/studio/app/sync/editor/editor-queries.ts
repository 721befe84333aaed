import { keepPreviousData, queryOptions } from '@tanstack/react-query'
import type { Finding, MapPreview, MapSchemas } from '#dual-write/facets-control.ts'
import { askEngine, mapPath, readEngine } from '../engine-api.ts'

/** What the editor of a map asks: questions about texts, which a text answers once and for all. */
const SAMPLES_MAX = 5
const MINUTE_MS = 60_000

export const schemasQuery = (map: string) =>
  queryOptions({
    queryKey: ['sync', map, 'schema'],
    queryFn: () => readEngine<MapSchemas>(mapPath(map, '/schema')),
    staleTime: 5 * MINUTE_MS,
  })
/** A few real rows through a text as it stands, and what is wrong with it. */
export const previewQuery = (map: string, text: string) =>
  queryOptions({
    queryKey: ['sync', map, 'preview', text],
    queryFn: ({ signal }) => askEngine<MapPreview>('POST', '/definitions/previews', { text, rowsMax: SAMPLES_MAX }, signal),
    placeholderData: keepPreviousData,
    staleTime: MINUTE_MS,
    gcTime: MINUTE_MS,
    retry: false,
  })
/** What is wrong alone, for when the other side gives no rows. */
export const checksQuery = (map: string, text: string) =>
  queryOptions({
    queryKey: ['sync', map, 'checks', text],
    queryFn: ({ signal }) => askEngine<Finding[]>('POST', '/definitions/checks', { text }, signal),
    placeholderData: keepPreviousData,
    staleTime: MINUTE_MS,
    gcTime: MINUTE_MS,
  })
export const differencesOfTexts = (before: string, after: string) =>
  queryOptions({
    queryKey: ['sync', 'texts', before, after],
    queryFn: ({ signal }) => askEngine<string[]>('POST', '/definitions/differences', { before, after }, signal),
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: MINUTE_MS,
  })
export const versionTextQuery = (map: string, version: string) =>
  queryOptions({
    queryKey: ['sync', map, 'text', version],
    queryFn: () => readEngine<{ text: string; version: string }>(mapPath(map, '/definition'), { version }),
    staleTime: MINUTE_MS,
  })
