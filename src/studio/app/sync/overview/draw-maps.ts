import { type Edge, MarkerType, type Node } from '@xyflow/react'
import type { Direction } from '#dual-write/facets-control.ts'
import type { MapStatus } from '../../../wire.ts'
import type { Words } from '../../lib/messages.tsx'
import { lagOf, THEMES, type Theme, themeOf } from './themes.ts'

export type HubNode = Node<{ side: 'portal' | 'erp'; handles: { theme: Theme; top: number }[] }, 'hub'>
export type ThemeNode = Node<{ theme: Theme; height: number }, 'theme'>
export type MapNode = Node<{ map: MapStatus }, 'map'>

const BOX = { width: 176, height: 92 }
const GAP = 10
const HEAD = 34
const BETWEEN = 20
/** Room for a side and for the lines to it; narrow windows have none for what the lines say. */
const WIDE = { hub: 76, lines: 132 }
const NARROW = { hub: 34, lines: 40 }
const COLUMNS_MAX = 5
/** Smaller than this nobody can read it. */
const ZOOM_MIN = 0.88
const LAG_MS_LONG = 60_000

export type Drawing = { nodes: Node[]; edges: Edge[]; width: number; height: number }

/**
 * Places the themes below each other between the two sides, with two lines on either side of each: one for each direction. As many maps
 * stand beside each other as can be read in a place of `placeWidth`.
 */
export function drawMaps(maps: readonly MapStatus[], placeWidth: number, words: Words): Drawing {
  const columns = columnsIn(placeWidth, WIDE)
  const side = columns >= 2 ? WIDE : NARROW
  const grid = { columns: columns >= 2 ? columns : columnsIn(placeWidth, NARROW), left: side.hub + side.lines }
  const themeWidth = grid.columns * (BOX.width + GAP) + GAP
  const width = 2 * grid.left + themeWidth
  const nodes: Node[] = []
  const edges: Edge[] = []
  const handles: { theme: Theme; top: number }[] = []
  let top = 0
  for (const theme of THEMES) {
    const own = maps.filter((map) => themeOf(map) === theme)
    if (own.length === 0) continue
    const height = HEAD + Math.ceil(own.length / grid.columns) * (BOX.height + GAP)
    handles.push({ theme, top: top + height / 2 })
    nodes.push({
      id: theme,
      type: 'theme',
      position: { x: grid.left, y: top },
      data: { theme, height },
      style: { width: themeWidth, height },
    } satisfies ThemeNode)
    nodes.push(...own.map((map, index) => mapNode(map, theme, index, grid.columns)))
    edges.push(...linesOf(theme, own, side === WIDE, words))
    top += height + BETWEEN
  }
  const height = Math.max(0, top - BETWEEN)
  const hub = (name: 'portal' | 'erp', x: number): HubNode => ({
    id: name,
    type: 'hub',
    position: { x, y: 0 },
    data: { side: name, handles },
    style: { width: side.hub, height },
  })
  nodes.push(hub('portal', 0), hub('erp', width - side.hub))
  return { nodes, edges, width, height }
}

function columnsIn(placeWidth: number, side: { hub: number; lines: number }): number {
  const free = placeWidth / ZOOM_MIN - 2 * (side.hub + side.lines) - GAP
  return Math.min(COLUMNS_MAX, Math.max(1, Math.floor(free / (BOX.width + GAP))))
}

function mapNode(map: MapStatus, theme: Theme, index: number, columns: number): MapNode {
  return {
    id: `map ${map.name}`,
    type: 'map',
    parentId: theme,
    position: {
      x: GAP + (index % columns) * (BOX.width + GAP),
      y: HEAD + Math.floor(index / columns) * (BOX.height + GAP),
    },
    data: { map },
    style: { ...BOX },
  }
}

/** In and out of a theme, for each direction that one of its maps carries. */
function linesOf(theme: Theme, maps: readonly MapStatus[], withLabels: boolean, words: Words): Edge[] {
  const directions = (['toErp', 'toPortal'] as const).filter((direction) => maps.some((map) => map.carries[direction]))
  return directions.flatMap((direction) => {
    const { rate, waiting, ...line } = lineOf(maps, direction, words)
    const [from, to] = direction === 'toErp' ? (['portal', 'erp'] as const) : (['erp', 'portal'] as const)
    const hub = `${theme} ${direction}`
    const before = { source: from, sourceHandle: hub, target: theme, targetHandle: `${direction} ${from}` }
    const after = { source: theme, sourceHandle: `${direction} ${to}`, target: to, targetHandle: hub }
    return [
      { ...line, ...before, id: `${hub} before`, label: withLabels ? rate : undefined },
      { ...line, ...after, id: `${hub} after`, label: withLabels ? waiting : undefined },
    ]
  })
}

/** What goes in says how much travels; what comes out, how much still waits. */
function lineOf(maps: readonly MapStatus[], direction: Direction, { t, number }: Words) {
  const rate = maps.reduce((sum, map) => sum + map.perMinute[direction], 0)
  const queued = maps.reduce((sum, map) => sum + map.queued[direction], 0)
  const lagMs = Math.max(...maps.map((map) => map.lagMs[direction]))
  const isLate = lagMs >= LAG_MS_LONG || maps.some((map) => map.parked > 0 && lagOf(map) >= LAG_MS_LONG)
  const color = isLate ? 'var(--bad)' : rate > 0 ? 'var(--flowing)' : 'var(--soft)'
  return {
    type: 'straight' as const,
    animated: rate > 0,
    style: { stroke: color, strokeWidth: 1.5 + Math.min(6, Math.log2(1 + rate)) },
    markerEnd: { type: MarkerType.ArrowClosed, color, markerUnits: 'userSpaceOnUse', width: 18, height: 18 },
    rate: rate > 0 ? t('picture.perMinute', { count: number(rate) }) : undefined,
    waiting: queued > 0 ? t('picture.queued', { count: queued }) : undefined,
  }
}
