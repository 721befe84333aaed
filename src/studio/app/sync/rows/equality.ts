import type { Language } from '../../lib/messages.tsx'

/** How much is equal, in per cent. As long as one row differs it never says 100. */
export function equalPercent(rows: number, differences: number, language: Language): string {
  const share = rows === 0 ? (differences === 0 ? 1 : 0) : Math.max(0, 1 - differences / rows)
  const shown = differences === 0 ? 1 : Math.min(Math.floor(share * 1_000_000) / 1_000_000, 0.999999)
  return new Intl.NumberFormat(language, { style: 'percent', maximumFractionDigits: 4 }).format(shown)
}
