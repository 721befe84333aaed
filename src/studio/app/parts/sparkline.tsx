import { useHistory } from '../lib/live.ts'
import { useWords } from '../lib/messages.tsx'

const WIDTH = 84
const HEIGHT = 22
const POINTS = 120

/** Changes per minute, both ways together, over the last ten minutes that Studio has been open. */
export function Sparkline({ map }: { map: string }) {
  const { t } = useWords()
  const values = useHistory(map).map((point) => point.toErp + point.toPortal)
  const now = values.at(-1) ?? 0
  const top = Math.max(4, ...values)
  const points = values.map((value, index) => {
    const x = WIDTH - ((values.length - 1 - index) * WIDTH) / (POINTS - 1)
    return `${x.toFixed(1)},${(HEIGHT - 2 - (value / top) * (HEIGHT - 4)).toFixed(1)}`
  })
  return (
    <svg className="sparkline" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label={t('maps.perMinute', { count: now })}>
      <line x1="0" x2={WIDTH} y1={HEIGHT - 2} y2={HEIGHT - 2} className="sparkline-base" />
      {points.length > 1 && <polyline points={points.join(' ')} className="sparkline-line" />}
    </svg>
  )
}
