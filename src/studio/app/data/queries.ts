import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query'
import type {
  Definitions,
  GridPage,
  HistoryPage,
  ImportInfo,
  LookupChoice,
  RelatedRows,
  RowDetail,
  TableDetail,
  TableSummary,
  ViewInfo,
} from '../../wire-data.ts'
import { read } from '../lib/api.ts'

/** What the grid shows, as it stands in the address. Filter and order are OData over logical names. */
export type GridState = { columns?: string; filter?: string; orderby?: string; search?: string }

const IMPORT_LOOK_MS = 400

export const tablesQuery = queryOptions({ queryKey: ['tables'], queryFn: () => read<TableSummary[]>('/tables') })
export const tableQuery = (name: string) =>
  queryOptions({ queryKey: ['table', name], queryFn: () => read<TableDetail>(`/tables/${encodeURIComponent(name)}`) })

export const rowsQuery = (table: string, state: GridState) =>
  infiniteQueryOptions({
    queryKey: ['rows', table, state],
    queryFn: ({ pageParam }) => read<GridPage>(`/tables/${encodeURIComponent(table)}/rows?${parametersOf(state, pageParam)}`),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next,
    placeholderData: (before) => before,
  })
/** The first page of what a search finds, uncounted. */
export const firstRowsQuery = (table: string, search: string) =>
  queryOptions({
    queryKey: ['rows', table, 'first', search],
    queryFn: () => read<GridPage>(`/tables/${encodeURIComponent(table)}/rows?${new URLSearchParams({ search, count: 'false' })}`),
  })
export const rowQuery = (table: string, id: string) =>
  queryOptions({
    queryKey: ['row', table, id],
    queryFn: () => read<RowDetail>(`/tables/${encodeURIComponent(table)}/rows/${id}`),
  })

/** The same question as a query string, for pages and exports. Only the first page is counted. */
export function parametersOf(state: GridState, after: string | null): URLSearchParams {
  const parameters = new URLSearchParams()
  for (const [name, value] of Object.entries(state)) if (value !== undefined && value !== '') parameters.set(name, value)
  if (after !== null) {
    parameters.set('after', after)
    parameters.set('count', 'false')
  }
  return parameters
}

export const relatedQuery = (table: string, id: string) =>
  queryOptions({
    queryKey: ['related', table, id],
    queryFn: () => read<RelatedRows[]>(`/tables/${encodeURIComponent(table)}/rows/${id}/related`),
  })
export const choicesQuery = (table: string, search: string) =>
  queryOptions({
    queryKey: ['choices', table, search],
    queryFn: () => read<LookupChoice[]>(`/tables/${encodeURIComponent(table)}/choices?${new URLSearchParams({ search })}`),
    placeholderData: (before: LookupChoice[] | undefined) => before,
  })
export const historyQuery = (table: string, id: string) =>
  infiniteQueryOptions({
    queryKey: ['history', table, id],
    queryFn: ({ pageParam }) =>
      read<HistoryPage>(
        `/tables/${encodeURIComponent(table)}/rows/${id}/history${pageParam === null ? '' : `?before=${pageParam}`}`,
      ),
    initialPageParam: null as number | null,
    getNextPageParam: (last) => last.next,
  })

export const importQuery = (id: string) =>
  queryOptions({
    queryKey: ['import', id],
    queryFn: () => read<ImportInfo>(`/imports/${id}`),
    refetchInterval: (query) => (query.state.data?.state.kind === 'working' ? IMPORT_LOOK_MS : false),
  })

export const definitionsQuery = queryOptions({ queryKey: ['definitions'], queryFn: () => read<Definitions>('/definitions') })
export const viewsQuery = (table: string) =>
  queryOptions({ queryKey: ['views', table], queryFn: () => read<ViewInfo[]>(`/tables/${encodeURIComponent(table)}/views`) })
