import type { Database } from '#postgres/database.ts'

/** A row that changed, or (`rowId` undefined) a table of which any row may have changed. */
export type RowNotice = { table: string; rowId: string | undefined }

export type LiveRows = {
  /** Calls back for every changed row until the returned function is called. Callbacks must be quick and must not throw. */
  subscribe(onRow: (notice: RowNotice) => void): () => void
  close(): Promise<void>
}

/**
 * One listener per process that tells everybody inside which rows have changed, after the commit. Carries no data: whoever is told
 * reads again under his own permissions.
 */
export async function listenToRows(database: Database): Promise<LiveRows> {
  const subscribers = new Set<(notice: RowNotice) => void>()
  const tell = (notice: RowNotice) => {
    for (const subscriber of subscribers) subscriber(notice)
  }
  const connection = await database.listen(
    'comptoir_rows',
    (payload) => {
      const [table = '', rowId = '*'] = payload.split(' ')
      tell({ table, rowId: rowId === '*' ? undefined : rowId })
    },
    // The connection was lost for a while: anything may have happened meanwhile.
    () => tell({ table: '*', rowId: undefined }),
  )
  return {
    subscribe(onRow) {
      subscribers.add(onRow)
      return () => subscribers.delete(onRow)
    },
    close: () => connection.close(),
  }
}
