import { queryOptions, useQueries, useQuery } from '@tanstack/react-query'
import { read } from '../lib/api.ts'
import { useMaps } from '../lib/maps.ts'

const ID = /[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}/gi
const IDS_MAX = 200

type Names = Readonly<Record<string, string>>

/** What people call rows of several maps, by id; undefined where nobody knows or it is not known yet. */
export function useRowNames(
  rows: readonly { map: string; rowId: string | null }[],
): (rowId: string | null) => string | undefined {
  const maps = useMaps().data?.maps ?? []
  const tables = Map.groupBy(rows, (row) => maps.find((map) => map.name === row.map)?.table ?? '')
  const known = useQueries({
    queries: [...tables]
      .filter(([table]) => table !== '')
      .map(([table, own]) =>
        namesQuery(
          '/names',
          own.flatMap(({ rowId }) => rowId ?? []),
          table,
        ),
      ),
  })
  return (rowId) => known.map(({ data }) => data?.[rowId ?? '']).find((name) => name !== undefined)
}

/** Puts the names of people and programs in the place of their ids. `texts` are all that will be asked for. */
export function useActorsIn(texts: readonly string[]): (text: string) => string {
  const ids = texts.flatMap((text) => text.match(ID) ?? [])
  const names = useQuery(namesQuery('/actors', ids)).data
  return (text) => text.replace(ID, (id) => names?.[id] ?? id)
}

function namesQuery(path: '/names' | '/actors', ids: readonly string[], table?: string) {
  const wanted = [...new Set(ids)].sort().slice(0, IDS_MAX)
  const asked = new URLSearchParams({ ...(table !== undefined && { table }), ids: wanted.join(',') })
  return queryOptions({
    queryKey: ['names', path, table, wanted],
    queryFn: () => read<Names>(`${path}?${asked}`),
    enabled: wanted.length > 0,
  })
}
