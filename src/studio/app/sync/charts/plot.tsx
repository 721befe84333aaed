import 'uplot/dist/uPlot.min.css'
import { useComputedColorScheme } from '@mantine/core'
import { useElementSize } from '@mantine/hooks'
import { useEffect, useRef } from 'react'
import uPlot from 'uplot'
import { useWords } from '../../lib/messages.tsx'

export type Line = {
  label: string
  /** A variable of the style sheet: it changes with the colour scheme. */
  color: string
  /** Dashes tell lines apart where colours do not. */
  dash: number[]
  values: (number | null)[]
}

const HEIGHT = 190

/** Lines over time on a canvas. Says nothing to screen readers: a table beside it does. */
export function Plot(props: { atMs: number[]; lines: Line[]; dots: boolean; format: (value: number) => string }) {
  const { atMs, lines, dots, format } = props
  const { language } = useWords()
  const scheme = useComputedColorScheme('light')
  const { ref, width } = useElementSize()
  const place = useRef<HTMLDivElement>(null)
  const plot = useRef<uPlot>(undefined)
  const latest = useRef(format)
  latest.current = format
  const data = [atMs.map((at) => at / 1_000), ...lines.map((line) => line.values)] as uPlot.AlignedData
  const shape = lines.map((line) => `${line.label} ${line.color}`).join('\n')

  // biome-ignore lint/correctness/useExhaustiveDependencies: new points move in below; only another size, look or set of lines is drawn anew
  useEffect(() => {
    if (place.current === null || width === 0) return
    const style = getComputedStyle(document.documentElement)
    const colorOf = (name: string) => style.getPropertyValue(name).trim() || '#888'
    const drawn = new uPlot(
      optionsOf({ width, lines, dots, language, colorOf, format: (value) => latest.current(value) }),
      data,
      place.current,
    )
    plot.current = drawn
    return () => {
      plot.current = undefined
      drawn.destroy()
    }
  }, [width, shape, scheme, language])
  useEffect(() => plot.current?.setData(data), [data])
  return (
    <div ref={ref} className="plot" aria-hidden="true">
      <div ref={place} />
    </div>
  )
}

function optionsOf(of: {
  width: number
  lines: Line[]
  dots: boolean
  language: string
  colorOf: (name: string) => string
  format: (value: number) => string
}): uPlot.Options {
  const { width, lines, dots, language, colorOf, format } = of
  const locale = language === 'fr' ? 'fr-FR' : 'en-GB'
  const clock = new Intl.DateTimeFormat(locale, { hour: '2-digit', minute: '2-digit' })
  const day = new Intl.DateTimeFormat(locale, { day: 'numeric', month: 'short' })
  const common = { stroke: colorOf('--soft'), grid: { stroke: colorOf('--line'), width: 1 }, ticks: { show: false } }
  const timeOf = (seconds: number) => {
    const at = new Date(seconds * 1_000)
    return at.getHours() === 0 && at.getMinutes() === 0 ? day.format(at) : clock.format(at)
  }
  return {
    width,
    height: HEIGHT,
    legend: { show: false },
    cursor: { drag: { x: false, y: false } },
    // Room beside the last point, which would else be cut in half.
    scales: {
      x: { range: (_plot, min, max) => [min, max + (max - min) / 50] },
      y: { range: (_plot, _min, max) => [0, Math.max(1, max * 1.1)] },
    },
    axes: [
      { ...common, values: (_plot, ticks) => ticks.map(timeOf) },
      { ...common, size: 74, values: (_plot, ticks) => ticks.map(format) },
    ],
    series: [
      {},
      ...lines.map(({ label, color, dash }) => ({
        label,
        stroke: colorOf(color),
        dash,
        width: 2,
        // A minute in which something travelled may stand alone; nothing is drawn where nothing was measured.
        points: { show: dots, size: 5, fill: colorOf(color) },
      })),
    ],
  }
}
