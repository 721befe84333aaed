import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { withPortalDatabase } from '../../bench/portal-database.ts'
import type { Dice } from '../simulation/random.ts'
import type { RunningComptoir } from '../support/comptoir.ts'

/** What is killed: Comptoir itself, the ERP's process, the database server, or some of the portal's connections to it. */
export const VICTIMS = ['portal', 'erp', 'database', 'connections'] as const
export type Victim = (typeof VICTIMS)[number]

const AGAIN_MS = 500

/** kill -9, without a word before. What does not come back by itself is started again. */
export async function kill(comptoir: RunningComptoir, victim: Victim, dice: Dice): Promise<void> {
  if (victim === 'portal') {
    await comptoir.kill()
    await comptoir.start()
  } else if (victim === 'connections') {
    await cutConnections(comptoir, dice).catch(() => undefined)
  } else {
    const pid = victim === 'erp' ? findErp(comptoir) : findServer(comptoir)
    if (pid !== undefined) killNow(pid)
    await delay(AGAIN_MS)
  }
}

/** It may be away from the kill before. */
function killNow(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

/** Each of the portal's connections is cut with an even chance: in the middle of a transaction, or idle. */
async function cutConnections(comptoir: RunningComptoir, dice: Dice): Promise<void> {
  await withPortalDatabase(comptoir, async ({ pool }) => {
    const { rows } = await pool.query<{ pid: number }>(
      `select pid from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid() and application_name <> 'comptoir bench' order by pid`,
    )
    for (const { pid } of rows) if (dice.chance(0.5)) await pool.query('select pg_terminate_backend($1)', [pid])
  })
}

function findErp(comptoir: RunningComptoir): number | undefined {
  try {
    const found = execFileSync('pgrep', ['-P', String(comptoir.pid()), '-f', 'scm/main.ts'])
    return Number(found.toString().split('\n')[0])
  } catch {
    return undefined
  }
}

function findServer(comptoir: RunningComptoir): number | undefined {
  try {
    return Number(readFileSync(join(comptoir.dataDir, 'postgres', 'data', 'postmaster.pid'), 'utf8').split('\n')[0])
  } catch {
    return undefined
  }
}
