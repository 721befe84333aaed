import { type Edge, MarkerType, type Node } from '@xyflow/react'
import type { Direction } from '#dual-write/facets-control.ts'
import type { MapStatus } from '../../../wire.ts'
import type { Words } from '../../lib/messages.tsx'
import { lagOf, THEMES, type Theme, themeOf } from './themes.ts'

export type HubNode = Node<{ side: 'portal' | 'erp'; handles: { theme: Theme; top: number }[] }, 'hub'>
export type ThemeNode = Node<{ theme: Theme; height: number }, 'theme'>
export type MapNode = Node<{ map: MapStatus }, 'map'>

const COLUMNS = 5
const BOX = { width: 176, height: 108 }
const GAP = 10
const HEAD = 34
const BETWEEN = 20
const HUB_WIDTH = 84
/** Room for the lines and what they say. */
const LINES = 164
const THEME_WIDTH = COLUMNS * (BOX.width + GAP) + GAP
const WIDTH = 2 * (HUB_WIDTH + LINES) + THEME_WIDTH
const LAG_MS_LONG = 60_000

export type Drawing = { nodes: Node[]; edges: Edge[]; width: number; height: number }

/** Places the themes below each other between the two sides, with two lines on either side of each: one for each direction. */
export function drawMaps(maps: readonly MapStatus[], words: Words): Drawing {
  const nodes: Node[] = []
  const edges: Edge[] = []
  const handles: { theme: Theme; top: number }[] = []
  let top = 0
  for (const theme of THEMES) {
    const own = maps.filter((map) => themeOf(map) === theme)
    if (own.length === 0) continue
    const height = HEAD + Math.ceil(own.length / COLUMNS) * (BOX.height + GAP)
    handles.push({ theme, top: top + height / 2 })
    nodes.push(themeNode(theme, top, height), ...own.map((map, index) => mapNode(map, theme, index)))
    edges.push(...linesOf(theme, own, words))
    top += height + BETWEEN
  }
  const height = Math.max(0, top - BETWEEN)
  nodes.push(hubNode('portal', 0, height, handles), hubNode('erp', WIDTH - HUB_WIDTH, height, handles))
  return { nodes, edges, width: WIDTH, height }
}

function hubNode(side: 'portal' | 'erp', x: number, height: number, handles: HubNode['data']['handles']): HubNode {
  return { id: side, type: 'hub', position: { x, y: 0 }, data: { side, handles }, style: { width: HUB_WIDTH, height } }
}

function themeNode(theme: Theme, y: number, height: number): ThemeNode {
  return {
    id: theme,
    type: 'theme',
    position: { x: HUB_WIDTH + LINES, y },
    data: { theme, height },
    style: { width: THEME_WIDTH, height },
  }
}

function mapNode(map: MapStatus, theme: Theme, index: number): MapNode {
  return {
    id: `map ${map.name}`,
    type: 'map',
    parentId: theme,
    position: {
      x: GAP + (index % COLUMNS) * (BOX.width + GAP),
      y: HEAD + Math.floor(index / COLUMNS) * (BOX.height + GAP),
    },
    data: { map },
    style: { ...BOX },
  }
}

/** In and out of a theme, for each direction that one of its maps carries. */
function linesOf(theme: Theme, maps: readonly MapStatus[], words: Words): Edge[] {
  const directions = (['toErp', 'toPortal'] as const).filter((direction) => maps.some((map) => map.carries[direction]))
  return directions.flatMap((direction) => {
    const { rate, waiting, ...line } = lineOf(maps, direction, words)
    const [from, to] = direction === 'toErp' ? (['portal', 'erp'] as const) : (['erp', 'portal'] as const)
    const hub = `${theme} ${direction}`
    const before = { source: from, sourceHandle: hub, target: theme, targetHandle: `${direction} ${from}` }
    const after = { source: theme, sourceHandle: `${direction} ${to}`, target: to, targetHandle: hub }
    return [
      { ...line, ...before, id: `${hub} before`, label: rate },
      { ...line, ...after, id: `${hub} after`, label: waiting },
    ]
  })
}

/** What goes in says how much travels; what comes out, how much still waits. */
function lineOf(maps: readonly MapStatus[], direction: Direction, { t, duration }: Words) {
  const rate = maps.reduce((sum, map) => sum + map.perMinute[direction], 0)
  const queued = maps.reduce((sum, map) => sum + map.queued[direction], 0)
  const lagMs = Math.max(...maps.map((map) => map.lagMs[direction]))
  const isLate = lagMs >= LAG_MS_LONG || maps.some((map) => map.parked > 0 && lagOf(map) >= LAG_MS_LONG)
  const color = isLate ? 'var(--bad)' : rate > 0 ? 'var(--flowing)' : 'var(--soft)'
  const waiting = [
    queued > 0 && t('picture.queued', { count: queued }),
    lagMs > 0 && t('picture.lag', { time: duration(lagMs) }),
  ].filter(Boolean)
  return {
    type: 'straight' as const,
    animated: rate > 0,
    style: { stroke: color, strokeWidth: 1.5 + Math.min(6, Math.log2(1 + rate)) },
    markerEnd: { type: MarkerType.ArrowClosed, color, markerUnits: 'userSpaceOnUse', width: 18, height: 18 },
    rate: rate > 0 ? t('picture.perMinute', { count: rate }) : undefined,
    waiting: waiting.length > 0 ? waiting.join(' · ') : undefined,
  }
}
