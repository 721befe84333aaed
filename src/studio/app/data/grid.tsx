// biome-ignore-all lint/a11y/useSemanticElements: only the rows that are seen are drawn, which a table element cannot do
// biome-ignore-all lint/a11y/useFocusableInteractive: the grid has the focus and names the row it is at
// biome-ignore-all lint/a11y/useKeyWithClickEvents: the grid takes the keys
import { Loader, Text, UnstyledButton } from '@mantine/core'
import { useInfiniteQuery } from '@tanstack/react-query'
import { useVirtualizer } from '@tanstack/react-virtual'
import { type KeyboardEvent, type RefObject, useEffect, useRef, useState } from 'react'
import type { ColumnInfo, GridRow, TableDetail } from '../../wire-data.ts'
import { useWords, type Words } from '../lib/messages.tsx'
import { Empty, LoadFailure, tellDone } from '../parts/states.tsx'
import { ColumnEdge } from './column-edge.tsx'
import { boundedWidth } from './kept.ts'
import { type GridState, rowsQuery } from './queries.ts'
import { cellText, isNumeric, labelOf } from './values.tsx'

const ROW_HEIGHT_PX = 36
/** Rows drawn beyond what is seen, so that quick scrolling shows no gaps. */
const OVERSCAN_ROWS = 12

/**
 * Rows of a table, as many as one scrolls to: pages are fetched as they come near, and only what is seen is drawn. Arrow keys move,
 * Enter opens.
 */
export function Grid(props: {
  table: TableDetail
  state: GridState
  widths: Readonly<Record<string, number>>
  setWidths: (widths: Readonly<Record<string, number>>) => void
  onSort: (orderby: string) => void
  onOpen: (id: string) => void
}) {
  const { t } = useWords()
  const query = useInfiniteQuery(rowsQuery(props.table.name, props.state))
  if (query.isError) return <LoadFailure error={query.error} retry={query.refetch} />
  if (query.isPending) return <Loader aria-label={t('state.loading')} />
  const [first] = query.data.pages
  const rows = query.data.pages.flatMap((page) => page.rows)
  const asked = (props.state.filter ?? '') + (props.state.search ?? '')
  if (first === undefined || rows.length === 0)
    return <Empty title={t('grid.empty')} text={t(asked === '' ? 'grid.empty.none' : 'list.empty.search')} />
  const columns = Object.keys(rows[0]?.values ?? {}).flatMap((name) => props.table.columns.find((one) => one.name === name) ?? [])
  const total = first.total ?? rows.length
  return (
    <>
      <Body
        {...props}
        rows={rows}
        columns={columns}
        total={total}
        more={query.hasNextPage}
        fetchMore={query.fetchNextPage}
        busy={query.isFetchingNextPage}
      />
      <Text size="sm" c="dimmed" mt="xs" role="status">
        {t(total >= first.totalMax ? 'grid.countMore' : 'list.count', { total })}
      </Text>
    </>
  )
}

type BodyProps = {
  table: TableDetail
  state: GridState
  columns: ColumnInfo[]
  rows: GridRow[]
  total: number
  more: boolean
  busy: boolean
  fetchMore: () => unknown
  widths: Readonly<Record<string, number>>
  setWidths: (widths: Readonly<Record<string, number>>) => void
  onSort: (orderby: string) => void
  onOpen: (id: string) => void
}

function Body(props: BodyProps) {
  const { rows, columns } = props
  const words = useWords()
  const { language } = words
  const scroller = useRef<HTMLDivElement>(null)
  const [at, setAt] = useState(0)
  const [from, setFrom] = useState(0)
  const { virtual, items } = useSeenRows(scroller, props)
  const move = (to: number, extend = false) => {
    const next = Math.min(Math.max(to, 0), rows.length - 1)
    setAt(next)
    if (!extend) setFrom(next)
    virtual.scrollToIndex(next)
  }
  const { template, minWidth } = tracksOf(columns, props.widths)
  const [first, last] = [Math.min(from, at), Math.max(from, at)]
  const copy = () => copyRows(rows.slice(first, last + 1), columns, words)
  return (
    <div
      ref={scroller}
      className="grid"
      role="grid"
      tabIndex={0}
      aria-label={labelOf(props.table, language)}
      aria-rowcount={props.total + 1}
      aria-activedescendant={`grid-row-${at}`}
      aria-multiselectable
      onKeyDown={(event) => onKey(event, at, { move, copy, open: () => props.onOpen(rows[at]?.id ?? '') })}
    >
      <Head {...props} template={template} minWidth={minWidth} />
      <div className="grid-rows" role="rowgroup" style={{ height: virtual.getTotalSize(), minWidth }}>
        {items.map(({ index, start }) => {
          const row = rows[index]
          if (row === undefined) return null
          return (
            <div
              key={row.id}
              id={`grid-row-${index}`}
              role="row"
              aria-rowindex={index + 2}
              aria-selected={index >= first && index <= last}
              data-at={index === at || undefined}
              className="grid-row"
              style={{ gridTemplateColumns: template, transform: `translateY(${start}px)` }}
              onClick={(event) => {
                move(index, event.shiftKey)
                if (!event.shiftKey) props.onOpen(row.id)
              }}
            >
              <Cells columns={columns} row={row} />
            </div>
          )
        })}
      </div>
    </div>
  )
}

/** The rows to draw, which are those near what is seen; rows that are not here yet are fetched as they come near. */
function useSeenRows(scroller: RefObject<HTMLDivElement | null>, { rows, more, busy, fetchMore }: BodyProps) {
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW_HEIGHT_PX,
    overscan: OVERSCAN_ROWS,
  })
  const items = virtual.getVirtualItems()
  const lastSeen = items.at(-1)?.index ?? 0
  useEffect(() => {
    if (more && !busy && lastSeen >= rows.length - OVERSCAN_ROWS) void fetchMore()
  }, [more, busy, lastSeen, rows.length, fetchMore])
  return { virtual, items }
}

/** How wide the columns are. A width that somebody has drawn stays; the others share what is left. */
function tracksOf(columns: readonly ColumnInfo[], widths: Readonly<Record<string, number>>) {
  const widthIn = (column: ColumnInfo) => widths[column.name] ?? widthOf(column)
  const template = columns
    .map((one) => (widths[one.name] === undefined ? `minmax(${widthIn(one)}px, 1fr)` : `${widthIn(one)}px`))
    .join(' ')
  return { template, minWidth: columns.reduce((sum, column) => sum + widthIn(column), 0) }
}

function Cells({ columns, row }: { columns: ColumnInfo[]; row: GridRow }) {
  const words = useWords()
  return columns.map((column) => {
    const text = cellText(column, row, words)
    return (
      <div key={column.name} role="gridcell" className={isNumeric(column.type) ? 'grid-cell number' : 'grid-cell'} title={text}>
        {text === '' ? <span className="when">–</span> : text}
      </div>
    )
  })
}

function Head({
  columns,
  state,
  template,
  minWidth,
  onSort,
  widths,
  setWidths,
}: BodyProps & { template: string; minWidth: number }) {
  const { language } = useWords()
  const [sorted = '', direction] = (state.orderby ?? '').split(' ')
  return (
    <div role="row" aria-rowindex={1} className="grid-head" style={{ gridTemplateColumns: template, minWidth }}>
      {columns.map((column) => {
        const isSorted = column.name === sorted
        const next = isSorted && direction !== 'desc' ? `${column.name} desc` : column.name
        return (
          <div
            key={column.name}
            role="columnheader"
            aria-sort={!isSorted ? 'none' : direction === 'desc' ? 'descending' : 'ascending'}
            className="grid-cell"
          >
            <UnstyledButton className="grid-sort" title={column.name} onClick={() => onSort(next)}>
              {labelOf(column, language)}
              {isSorted && <span aria-hidden="true">{direction === 'desc' ? ' ↓' : ' ↑'}</span>}
            </UnstyledButton>
            <ColumnEdge
              column={column}
              width={widths[column.name]}
              draw={(width) => setWidths({ ...widths, [column.name]: boundedWidth(width) })}
            />
          </div>
        )
      })}
    </div>
  )
}

/** As lines of cells between tabs, which spreadsheets take. */
function copyRows(rows: readonly GridRow[], columns: readonly ColumnInfo[], words: Words): void {
  const lines = rows.map((row) => columns.map((column) => tsvCell(cellText(column, row, words))).join('\t'))
  void navigator.clipboard.writeText(lines.join('\n')).then(
    () => tellDone(words.t('grid.copied', { count: lines.length }), words.t),
    () => undefined,
  )
}

type Deeds = { move: (to: number, extend?: boolean) => void; copy: () => void; open: () => void }

/** Arrows move, with Shift they select; Ctrl+C copies what is selected, Enter opens. */
function onKey(event: KeyboardEvent, at: number, deeds: Deeds): void {
  // Keys on the buttons of the head are theirs.
  if (event.target !== event.currentTarget) return
  const steps: Readonly<Record<string, number>> = { ArrowDown: 1, ArrowUp: -1, PageDown: 15, PageUp: -15 }
  const step = steps[event.key]
  const isCopy = (event.ctrlKey || event.metaKey) && event.key.toLowerCase() === 'c'
  // Text that is selected with the mouse is copied by the browser.
  if (isCopy && getSelection()?.isCollapsed === false) return
  if (isCopy) deeds.copy()
  else if (step !== undefined) deeds.move(at + step, event.shiftKey)
  else if (event.key === 'Home') deeds.move(0, event.shiftKey)
  else if (event.key === 'Enter') deeds.open()
  else return
  event.preventDefault()
}

/** Tabs and ends of lines would make cells of one. */
function tsvCell(text: string): string {
  return text.replace(/[\t\r\n]+/g, ' ')
}

function widthOf(column: ColumnInfo): number {
  if (column.type === 'boolean') return 90
  if (isNumeric(column.type) || column.type === 'date') return 120
  return column.type === 'datetime' ? 170 : 180
}
