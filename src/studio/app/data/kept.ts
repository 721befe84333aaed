import { useState } from 'react'

/** How a person likes a table's grid: kept in this browser. */
type Liking = { columns?: string | undefined; widths?: Readonly<Record<string, number>> | undefined }

const WIDTH_MIN_PX = 60
const WIDTH_MAX_PX = 900

export function likingOf(table: string): Liking {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(keyOf(table)) ?? '{}')
    return typeof kept === 'object' && kept !== null ? (kept as Liking) : {}
  } catch {
    return {}
  }
}

export function like(table: string, liking: Liking): void {
  try {
    localStorage.setItem(keyOf(table), JSON.stringify({ ...likingOf(table), ...liking }))
  } catch {
    // A browser that keeps nothing forgets it.
  }
}

/** Widths of columns in pixels, as they were last drawn. */
export function useWidths(table: string): [Readonly<Record<string, number>>, (widths: Readonly<Record<string, number>>) => void] {
  const [widths, setWidths] = useState<Readonly<Record<string, number>>>(() => likingOf(table).widths ?? {})
  return [
    widths,
    (next) => {
      setWidths(next)
      like(table, { widths: next })
    },
  ]
}

export function boundedWidth(px: number): number {
  return Math.round(Math.min(Math.max(px, WIDTH_MIN_PX), WIDTH_MAX_PX))
}

function keyOf(table: string): string {
  return `comptoir-studio-grid-${table}`
}
