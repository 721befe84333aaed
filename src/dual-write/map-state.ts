import { AppError } from '#lib/app-error.ts'

export type TableMapState = 'not_running' | 'initializing' | 'running' | 'paused' | 'resuming'

const NEXT: Readonly<Record<TableMapState, readonly TableMapState[]>> = {
  not_running: ['initializing', 'running'],
  initializing: ['running', 'not_running'],
  running: ['paused', 'not_running'],
  paused: ['resuming', 'running', 'not_running'],
  resuming: ['running', 'paused', 'not_running'],
}

/** Throws AppError `dual_write.conflict` for what a person asked too early or too late. */
export function assertTransition(map: string, from: TableMapState, to: TableMapState): void {
  if (!NEXT[from].includes(to))
    throw new AppError('dual_write.conflict', `The map ${map} is ${words(from)}, so it cannot become ${words(to)}`)
}

/** States in which changes flow. */
export function isLive(state: TableMapState): boolean {
  return state === 'running' || state === 'resuming'
}

function words(state: TableMapState): string {
  return state.replaceAll('_', ' ')
}
