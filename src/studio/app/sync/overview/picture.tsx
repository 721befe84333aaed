import '@xyflow/react/dist/style.css'
import { useComputedColorScheme } from '@mantine/core'
import { Background, Controls, Handle, type Node, type NodeProps, Position, ReactFlow } from '@xyflow/react'
import { useMemo } from 'react'
import type { MapStatus } from '../../../wire.ts'
import { useWords } from '../../lib/messages.tsx'
import { StateBadge } from '../../parts/badges.tsx'
import { TextLink } from '../../parts/link.tsx'
import { drawMaps, type HubNode, type MapNode, type ThemeNode } from './draw-maps.ts'
import { lagOf } from './themes.ts'

const NODE_TYPES = { hub: Hub, theme: ThemeBox, map: MapBox }

/**
 * All maps between the two sides, by what they are about. The lines carry what travels now: the more, the thicker; they move only while
 * something does. What lags or waits for a person is said in words on its map and its line.
 */
export function Picture({ maps }: { maps: MapStatus[] }) {
  const words = useWords()
  const { t } = words
  const colorMode = useComputedColorScheme('light')
  const { nodes, edges, width, height } = useMemo(() => drawMaps(maps, words), [maps, words])
  return (
    <section className="sync-picture" style={{ aspectRatio: `${width} / ${height}` }} aria-label={t('syncView.picture')}>
      <ReactFlow
        nodes={nodes as Node[]}
        edges={edges}
        nodeTypes={NODE_TYPES}
        colorMode={colorMode}
        fitView
        fitViewOptions={{ padding: 0.02 }}
        zoomOnScroll={false}
        minZoom={0.2}
        nodesConnectable={false}
        nodesDraggable={false}
        nodesFocusable={false}
        edgesFocusable={false}
        elementsSelectable={false}
        preventScrolling={false}
        ariaLabelConfig={{
          'controls.zoomIn.ariaLabel': t('data.zoomIn'),
          'controls.zoomOut.ariaLabel': t('data.zoomOut'),
          'controls.fitView.ariaLabel': t('data.fit'),
        }}
      >
        <Background />
        <Controls showInteractive={false} />
      </ReactFlow>
    </section>
  )
}

function Hub({ data }: NodeProps<HubNode>) {
  const { t } = useWords()
  const isPortal = data.side === 'portal'
  return (
    <div className="sync-hub">
      {t(isPortal ? 'flow.portal' : 'flow.erp')}
      {data.handles.flatMap(({ theme, top }) =>
        (['toErp', 'toPortal'] as const).map((direction) => (
          <Handle
            key={`${theme} ${direction}`}
            id={`${theme} ${direction}`}
            type={(direction === 'toErp') === isPortal ? 'source' : 'target'}
            position={isPortal ? Position.Right : Position.Left}
            style={{ top: top + (direction === 'toErp' ? -LANE : LANE) }}
          />
        )),
      )}
    </div>
  )
}

const LANE = 16

function ThemeBox({ data }: NodeProps<ThemeNode>) {
  const { t } = useWords()
  return (
    <div className="sync-theme">
      <span className="sync-theme-title">{t(`theme.${data.theme}`)}</span>
      {(['toErp', 'toPortal'] as const).flatMap((direction) =>
        (['portal', 'erp'] as const).map((side) => (
          <Handle
            key={`${direction} ${side}`}
            id={`${direction} ${side}`}
            type={(direction === 'toErp') === (side === 'erp') ? 'source' : 'target'}
            position={side === 'portal' ? Position.Left : Position.Right}
            style={{ top: data.height / 2 + (direction === 'toErp' ? -LANE : LANE) }}
          />
        )),
      )}
    </div>
  )
}

function MapBox({ data: { map } }: NodeProps<MapNode>) {
  const { t, duration } = useWords()
  const lagMs = lagOf(map)
  const moves = map.perMinute.toErp + map.perMinute.toPortal
  const facts = [
    moves > 0 && t('picture.rate', { toErp: map.perMinute.toErp, toPortal: map.perMinute.toPortal }),
    map.queued.toErp + map.queued.toPortal > 0 && t('picture.queued', { count: map.queued.toErp + map.queued.toPortal }),
    lagMs > 0 && t('picture.lag', { time: duration(lagMs) }),
  ].filter(Boolean)
  return (
    <div className="sync-map" data-bad={map.parked > 0 || undefined}>
      <TextLink to="/dual-write/$name" params={{ name: map.name }} fw={600} size="sm" lh={1.2} className="nodrag nopan">
        {map.title}
      </TextLink>
      <div className="sync-map-facts">
        <StateBadge state={map.state} />
        {map.parked > 0 && <span className="bad">{t('maps.parked', { count: map.parked })}</span>}
      </div>
      <div className="sync-map-facts">{facts.join(' · ')}</div>
    </div>
  )
}
