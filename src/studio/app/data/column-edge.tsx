import { type KeyboardEvent, type PointerEvent, useRef } from 'react'
import type { ColumnInfo } from '../../wire-data.ts'
import { useWords } from '../lib/messages.tsx'
import { labelOf } from './values.tsx'

const STEP_PX = 16

/** The edge of a column's head: drawn with the pointer, or moved with the arrow keys. */
export function ColumnEdge(props: { column: ColumnInfo; width: number | undefined; draw: (width: number) => void }) {
  const { t, language } = useWords()
  const edge = useRef<HTMLButtonElement>(null)
  const widthNow = () => edge.current?.parentElement?.getBoundingClientRect().width ?? 0
  const onPointerDown = (event: PointerEvent) => {
    event.preventDefault()
    const [start, width] = [event.clientX, widthNow()]
    const move = (moved: globalThis.PointerEvent) => props.draw(width + moved.clientX - start)
    addEventListener('pointermove', move)
    addEventListener('pointerup', () => removeEventListener('pointermove', move), { once: true })
  }
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== 'ArrowLeft' && event.key !== 'ArrowRight') return
    event.preventDefault()
    props.draw(widthNow() + (event.key === 'ArrowRight' ? STEP_PX : -STEP_PX))
  }
  return (
    <button
      ref={edge}
      type="button"
      className="grid-edge"
      aria-label={t('grid.width', { column: labelOf(props.column, language) })}
      onPointerDown={onPointerDown}
      onKeyDown={onKeyDown}
    />
  )
}
