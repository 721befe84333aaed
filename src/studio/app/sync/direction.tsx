import type { Direction } from '#dual-write/facets-control.ts'
import { useWords } from '../lib/messages.tsx'

const ARROWS: Readonly<Record<Direction, string>> = { toErp: '→', toPortal: '←' }

/** A direction as an arrow, as maps draw it, and as words. */
export function DirectionText({ direction }: { direction: Direction }) {
  const { t } = useWords()
  return (
    <>
      <span aria-hidden="true" className="arrow">
        {ARROWS[direction]}
      </span>{' '}
      {t(`direction.${direction}`)}
    </>
  )
}
