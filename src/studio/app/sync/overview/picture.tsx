import '@xyflow/react/dist/style.css'
import { Stack, Text, useComputedColorScheme } from '@mantine/core'
import { useElementSize } from '@mantine/hooks'
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
  const { ref, width: placeWidth } = useElementSize()
  const drawing = useMemo(() => drawMaps(maps, placeWidth, words), [maps, placeWidth, words])
  const { nodes, edges, width, height } = drawing
  return (
    <Stack gap="xs" ref={ref}>
      <section className="sync-picture" style={{ aspectRatio: `${width} / ${height}` }} aria-label={t('syncView.picture')}>
        {placeWidth > 0 && (
          <ReactFlow
            // Another number of columns, or of maps, is another drawing: it is fitted to its place anew.
            key={`${placeWidth} ${width} ${height}`}
            nodes={nodes as Node[]}
            edges={edges}
            nodeTypes={NODE_TYPES}
            colorMode={colorMode}
            fitView
            fitViewOptions={{ padding: 0.01 }}
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
        )}
      </section>
      <Text size="sm" c="dimmed">
        {t('picture.legend')}
      </Text>
    </Stack>
  )
}

function Hub({ data }: NodeProps<HubNode>) {
  const { t } = useWords()
  const isPortal = data.side === 'portal'
  return (
    <div className="sync-hub">
      <span>{t(isPortal ? 'flow.portal' : 'flow.erp')}</span>
      <span aria-hidden="true">{t(isPortal ? 'flow.portal' : 'flow.erp')}</span>
      <span />
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
  const { toErp, toPortal } = map.carries
  return (
    <div className="sync-map" data-bad={map.parked > 0 || undefined}>
      <TextLink to="/dual-write/$name" params={{ name: map.name }} fw={600} size="sm" lh={1.2} className="nodrag nopan">
        {map.title}
      </TextLink>
      <div className="sync-map-facts">
        <StateBadge state={map.state} />
        <span aria-hidden="true">{toErp && toPortal ? '⇄' : toErp ? '→' : '←'}</span>
      </div>
      <div className="sync-map-facts">
        <Now map={map} />
      </div>
    </div>
  )
}

/** What matters most about a map now: what waits for a person, what differs, what is on its way, else that all is equal. */
function Now({ map }: { map: MapStatus }) {
  const { t, duration, dateTime } = useWords()
  if (map.parked > 0) return <span className="bad">{t('maps.parked', { count: map.parked })}</span>
  const differences = map.differences ?? 0
  if (differences > 0) return <span className="bad">{t('picture.different', { count: differences })}</span>
  const queued = map.queued.toErp + map.queued.toPortal
  if (queued > 0) {
    const lagMs = lagOf(map)
    return (
      <TextLink to="/sync/queued" search={{ map: map.name }} size="xs" lh={1.2} className="nodrag nopan">
        {t('picture.queued', { count: queued })}
        {lagMs > 0 && ` ${t('picture.lag', { time: duration(lagMs) })}`}
      </TextLink>
    )
  }
  const { toErp, toPortal } = map.perMinute
  if (toErp + toPortal > 0) return t('picture.rate', { toErp, toPortal })
  if (map.state === 'not_running') return null
  if (map.comparedAt === null) return <span className="when">{t('picture.notCompared')}</span>
  return (
    <span className="when" title={dateTime(map.comparedAt)}>
      {map.rows === null ? t('picture.equal') : t('picture.equalRows', { count: map.rows })}
    </span>
  )
}
