import { keepPreviousData, queryOptions } from '@tanstack/react-query'
import type {
  Activity,
  CopyErrorGroup,
  CopyOutcome,
  CopyOutcomeKind,
  CopyPart,
  Direction,
  ListPlan,
  Losses,
  MapVersion,
  Prerequisite,
  SharedList,
  ValuePair,
} from '#dual-write/facets-control.ts'
import type {
  Comparison,
  Difference,
  Explanation,
  LostValue,
  PairSuggestion,
  ParkedCluster,
  QueuedItem,
} from '#dual-write/facets-rows.ts'
import type { Alert, AlertRule, Environment, HealthFinding, LatencyFigures, SeriesPoint } from '#dual-write/facets-watch.ts'
import type { ConnectionPage, Page, ParkedItem } from '../../wire.ts'
import { read } from '../lib/api.ts'
import { askEngine, mapPath, readEngine } from './engine-api.ts'

/** What the dual-write workspace asks, each once. Keys begin with 'sync', so that a deed can make all of a map stale. */
const SECOND_MS = 1_000
const MINUTE_MS = 60_000
export const ACTIVITY_ROWS_MAX = 50

export const prerequisitesQuery = (map: string) =>
  queryOptions({
    queryKey: ['sync', map, 'prerequisites'],
    queryFn: () => readEngine<Prerequisite[]>(mapPath(map, '/prerequisites')),
  })
export const lossesQuery = (map: string, scope: { company?: string; direction?: Direction }) =>
  queryOptions({
    queryKey: ['sync', map, 'losses', scope],
    queryFn: () => readEngine<Losses>(mapPath(map, '/losses'), scope),
    staleTime: 0,
  })
export const activityQuery = (map: string | undefined, before: number | undefined) =>
  queryOptions({
    queryKey: ['sync', map ?? '', 'activity', before],
    queryFn: () => readEngine<Activity[]>('/activity', { map, before, top: ACTIVITY_ROWS_MAX }),
    placeholderData: keepPreviousData,
  })

export const copiesQuery = (map: string, isRunning: boolean) =>
  queryOptions({
    queryKey: ['sync', map, 'copies'],
    queryFn: () => readEngine<CopyPart[]>(mapPath(map, '/copies')),
    refetchInterval: (isRunning ? 1 : 5) * SECOND_MS,
  })
export const copyErrorsQuery = (map: string) =>
  queryOptions({
    queryKey: ['sync', map, 'copy-errors'],
    queryFn: () => readEngine<CopyErrorGroup[]>(mapPath(map, '/copy-errors')),
    refetchInterval: 5 * SECOND_MS,
  })
export const copyOutcomesQuery = (map: string, page: { kind?: CopyOutcomeKind; code?: string; after?: string }) =>
  queryOptions({
    queryKey: ['sync', map, 'copy-outcomes', page],
    queryFn: () =>
      readEngine<{ rows: CopyOutcome[]; next: string | null }>(mapPath(map, '/copy-outcomes'), { ...page, top: 100 }),
    placeholderData: keepPreviousData,
  })

export const comparisonQuery = queryOptions({
  queryKey: ['sync', 'comparison'],
  queryFn: () => readEngine<Comparison>('/comparisons/last'),
  refetchInterval: 10 * SECOND_MS,
})
export const DIFFERENCES_MAX = 100
export const differencesQuery = (map: string, company: string | undefined, after: string | undefined) =>
  queryOptions({
    queryKey: ['sync', map, 'differences', company, after],
    queryFn: () => readEngine<Difference[]>(mapPath(map, '/differences'), { company, after, top: DIFFERENCES_MAX }),
    placeholderData: keepPreviousData,
  })

export const clustersQuery = (map: string | undefined) =>
  queryOptions({
    queryKey: ['sync', map ?? '', 'clusters'],
    queryFn: () => readEngine<ParkedCluster[]>('/parked-changes/clusters', { map }),
    refetchInterval: 10 * SECOND_MS,
  })
/** With what people call the rows; the newest of the cause. */
export const parkedOfCluster = (cluster: string) =>
  queryOptions({
    queryKey: ['sync', 'parked', cluster],
    queryFn: () => read<Page<ParkedItem>>(`/parked-changes?${new URLSearchParams({ cluster })}`),
    refetchInterval: 10 * SECOND_MS,
  })
export const queuedQuery = (page: { map?: string; direction?: Direction; after?: string }) =>
  queryOptions({
    queryKey: ['sync', page.map ?? '', 'queued', page],
    queryFn: () => readEngine<{ rows: QueuedItem[]; next: string | null }>('/queued-changes', { ...page, top: 100 }),
    refetchInterval: 5 * SECOND_MS,
    placeholderData: keepPreviousData,
  })
export const CONFLICTS_MAX = 100
export const conflictsQuery = (map: string | undefined, before: number | undefined) =>
  queryOptions({
    queryKey: ['sync', map ?? '', 'conflicts', before],
    queryFn: () => readEngine<LostValue[]>('/conflicts', { map, before, top: CONFLICTS_MAX }),
    placeholderData: keepPreviousData,
  })
export const explanationsQuery = (of: { map?: string; rowId?: string; remoteKey?: string; at?: string }) =>
  queryOptions({
    queryKey: ['sync', 'explanations', of],
    queryFn: () => readEngine<Explanation[]>('/explanations', of),
    enabled: of.rowId !== undefined || (of.remoteKey !== undefined && of.map !== undefined),
  })
export const pairsQuery = (map: string, company: string | undefined) =>
  queryOptions({
    queryKey: ['sync', map, 'pairs', company],
    queryFn: () => readEngine<PairSuggestion[]>(mapPath(map, '/pairs'), { company, top: 200 }),
    staleTime: MINUTE_MS,
  })

export const versionsQuery = (map: string) =>
  queryOptions({ queryKey: ['sync', map, 'versions'], queryFn: () => readEngine<MapVersion[]>(mapPath(map, '/versions')) })
export const definitionQuery = (map: string) =>
  queryOptions({
    queryKey: ['sync', map, 'definition'],
    queryFn: () => readEngine<{ text: string; version: string; source: string }>(mapPath(map, '/definition')),
  })

export const valueListsQuery = queryOptions({
  queryKey: ['sync', 'value-lists'],
  queryFn: () => readEngine<SharedList[]>('/value-lists'),
})
export const listPath = (name: string) => `/value-lists/${encodeURIComponent(name)}`
/** What other pairs would change; null: what the file's would. */
export const valuePlanQuery = (name: string, pairs: readonly ValuePair[] | null) =>
  queryOptions({
    queryKey: ['sync', 'value-plan', name, pairs],
    queryFn: ({ signal }) => askEngine<ListPlan>('POST', `${listPath(name)}/plans`, { pairs }, signal),
    retry: false,
    staleTime: 0,
    gcTime: 0,
  })

export const seriesQuery = (map: string | undefined, hours: number) =>
  queryOptions({
    queryKey: ['sync', map ?? '', 'series', hours],
    queryFn: () =>
      readEngine<SeriesPoint[]>('/series', { map, since: new Date(Date.now() - hours * 60 * MINUTE_MS).toISOString() }),
    refetchInterval: 15 * SECOND_MS,
    placeholderData: keepPreviousData,
  })
export const latencyQuery = (minutes: number) =>
  queryOptions({
    queryKey: ['sync', 'latency', minutes],
    queryFn: () => readEngine<Record<Direction, LatencyFigures>>('/latency', { minutes }),
    refetchInterval: 15 * SECOND_MS,
  })
export const healthQuery = queryOptions({
  queryKey: ['sync', 'health'],
  queryFn: () => readEngine<HealthFinding[]>('/health'),
  staleTime: MINUTE_MS,
})
export const alertRulesQuery = queryOptions({
  queryKey: ['sync', 'alert-rules'],
  queryFn: () => readEngine<AlertRule[]>('/alert-rules'),
})
export const ALERTS_MAX = 50
export const alertsQuery = (before: number | undefined) =>
  queryOptions({
    queryKey: ['sync', 'alerts', before],
    queryFn: () => readEngine<Alert[]>('/alerts', { before, top: ALERTS_MAX }),
    refetchInterval: 15 * SECOND_MS,
  })
export const environmentQuery = queryOptions({
  queryKey: ['sync', 'environment'],
  queryFn: () => readEngine<Environment>('/environment'),
  refetchInterval: MINUTE_MS,
})
export const connectionQuery = queryOptions({
  queryKey: ['sync', 'connection'],
  queryFn: () => read<ConnectionPage>('/connection'),
})
