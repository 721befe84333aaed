import { useSyncExternalStore } from 'react'
import type { BothWays, Picture } from '../../wire.ts'
import { mapsQuery, queryClient } from './api.ts'

/** Changes per minute as seen while Studio is open: a point every few seconds, ten minutes back. */
export type History = readonly BothWays<number>[]

const POINT_MS = 5_000
const POINTS_MAX = 120

let connected = false
let histories: ReadonlyMap<string, History> = new Map()
const watchers = new Set<() => void>()

/** Opens the stream that keeps the maps fresh; the browser opens it again by itself when it breaks. Answers how to close it. */
export function openLiveStream(): () => void {
  const source = new EventSource('/studio/api/live')
  source.addEventListener('open', () => setConnected(true))
  source.addEventListener('error', () => setConnected(false))
  source.addEventListener('picture', (event) => {
    setConnected(true)
    queryClient.setQueryData(mapsQuery.queryKey, JSON.parse(event.data as string) as Picture)
  })
  const timer = setInterval(remember, POINT_MS)
  return () => {
    clearInterval(timer)
    source.close()
  }
}

export function useConnected(): boolean {
  return useSyncExternalStore(watch, () => connected)
}

export function useHistory(map: string): History {
  return useSyncExternalStore(watch, () => histories.get(map) ?? EMPTY)
}

const EMPTY: History = []

function remember(): void {
  const picture = queryClient.getQueryData(mapsQuery.queryKey)
  if (picture === undefined) return
  histories = new Map(
    picture.maps.map((map) => [map.name, [...(histories.get(map.name) ?? EMPTY), map.perMinute].slice(-POINTS_MAX)]),
  )
  tell()
}

function setConnected(value: boolean): void {
  if (connected === value) return
  connected = value
  tell()
}

function tell(): void {
  for (const watcher of watchers) watcher()
}

function watch(onChange: () => void): () => void {
  watchers.add(onChange)
  return () => watchers.delete(onChange)
}
