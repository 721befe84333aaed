import { readFileSync } from 'node:fs'

/** Percentiles of measured milliseconds. */
export function percentiles(values: readonly number[]): { p50: number; p95: number; p99: number; count: number } {
  const sorted = values.toSorted((a, b) => a - b)
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
  return { p50: at(0.5), p95: at(0.95), p99: at(0.99), count: sorted.length }
}

/** Processor milliseconds that a process has used so far (Linux: /proc, 100 ticks a second). */
export function cpuMs(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ')
  return (Number(fields[11]) + Number(fields[12])) * 10
}

/** Runs `work` `count` times, at most `concurrency` at once, and answers how long each took. */
export async function repeat(count: number, concurrency: number, work: () => Promise<void>): Promise<number[]> {
  const tookMs: number[] = []
  let started = 0
  const lane = async () => {
    while (started++ < count) {
      const beforeMs = performance.now()
      await work()
      tookMs.push(performance.now() - beforeMs)
    }
  }
  await Promise.all(Array.from({ length: concurrency }, lane))
  return tookMs
}

export const ms = (value: number) => value.toFixed(value < 10 ? 2 : 1).padStart(7)

export function line(label: string, ...parts: readonly string[]): void {
  console.log(`  ${label.padEnd(34)} ${parts.join('  ')}`)
}
