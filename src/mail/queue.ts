import { Logger, type Runner, run, runMigrations, type TaskList } from 'graphile-worker'
import type { Log } from '#log/log.ts'

export type JobQueue = {
  /** Waits for the jobs that run; those that wait are kept for the next start. */
  stop(): Promise<void>
}

const JOBS_AT_ONCE_MAX = 2
const CONNECTIONS_MAX = 3

/** Makes the job queue's own tables, so that jobs can be added before (or without) a process that runs them. */
export function prepareJobQueue(options: { url: string; log: Log }): Promise<void> {
  return runMigrations({ connectionString: options.url, maxPoolSize: 1, logger: loggerTo(options.log) })
}

/**
 * Runs jobs of the PostgreSQL job queue in this process: retried with growing delays, taken over by others when the process dies.
 * With connections of its own, since the library reads dates and numbers in its own way.
 */
export async function startJobQueue(options: { url: string; tasks: TaskList; log: Log }): Promise<JobQueue> {
  const runner: Runner = await run({
    connectionString: options.url,
    maxPoolSize: CONNECTIONS_MAX,
    concurrency: JOBS_AT_ONCE_MAX,
    noHandleSignals: true,
    taskList: options.tasks,
    logger: loggerTo(options.log),
  })
  runner.promise.catch((error: unknown) => options.log.error({ reason: String(error) }, 'the job queue has stopped'))
  return {
    async stop() {
      await runner.stop()
      // The outcome of the last job is still being written when `stop` returns; this ends after it.
      await runner.promise.catch(() => undefined)
    },
  }
}

function loggerTo(log: Log): Logger {
  return new Logger((scope) => (level, message) => {
    if (level === 'error') log.error({ ...scope, reason: message }, 'the job queue reports an error')
    else if (level === 'warning') log.warn({ ...scope, reason: message }, 'the job queue warns')
    else log.debug({ ...scope, reason: message }, 'the job queue says')
  })
}
