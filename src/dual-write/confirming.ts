import type { RowId } from '#tables/rows.queries.ts'
import type { Core } from './core.ts'
import { findSyncStates } from './sync-state.ts'

/** For pages that show a save as done only when the ERP has taken it (`confirmFirst` of its map). */
export type Confirming = {
  /**
   * Waits for the ERP's answer to what has been saved of the row; the save itself stands whatever it is. `timeout`: no answer yet, the
   * row is on its way and its state goes on telling. `not_carried`: nothing of the row goes to the ERP.
   */
  confirmRow(table: string, rowId: RowId, options: { timeoutMs: number; signal: AbortSignal }): Promise<Confirmation>
}

export type Confirmation =
  | { kind: 'accepted'; remoteKey: string }
  | { kind: 'refused'; code: string; reason: string }
  | { kind: 'timeout' }
  | { kind: 'not_carried' }

const LOOK_MS_MIN = 25
const LOOK_MS_MAX = 400

export function createConfirming({ database, clock }: Pick<Core, 'database' | 'clock'>): Confirming {
  return {
    async confirmRow(table, rowId, { timeoutMs, signal }) {
      const endMs = clock.nowMs() + timeoutMs
      for (let waitMs = LOOK_MS_MIN; ; waitMs = Math.min(waitMs * 2, LOOK_MS_MAX)) {
        const state = (await database.read((tx) => findSyncStates(tx, table, [rowId]))).get(rowId)
        switch (state?.kind) {
          case 'accepted':
            return { kind: 'accepted', remoteKey: state.remoteKey }
          case 'refused':
            return { kind: 'refused', code: state.code, reason: state.reason }
          case 'waiting':
            break
          default:
            return { kind: 'not_carried' }
        }
        const leftMs = endMs - clock.nowMs()
        if (leftMs <= 0 || signal.aborted) return { kind: 'timeout' }
        await clock.sleep(Math.min(waitMs, leftMs), signal)
      }
    },
  }
}
