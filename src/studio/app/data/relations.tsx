import '@xyflow/react/dist/style.css'
import { graphlib, layout } from '@dagrejs/dagre'
import { useComputedColorScheme } from '@mantine/core'
import { useNavigate } from '@tanstack/react-router'
import { Background, Controls, type Edge, MarkerType, type Node, Position, ReactFlow } from '@xyflow/react'
import { useMemo, useState } from 'react'
import type { TableSummary } from '../../wire-data.ts'
import { type Language, useWords } from '../lib/messages.tsx'
import { labelOf } from './values.tsx'

const NODE = { width: 220, height: 58 }
/** Nearly every table points to its legal entity: those arrows would hide the others. */
const COMPANY_COLUMN = 'msdyn_company'

/**
 * Tables as boxes, lookups as arrows from the table that holds them to the one they point to. The box under the pointer shows the names of
 * its lookups; a click leads to its table.
 */
export function Relations({ tables }: { tables: TableSummary[] }) {
  const { t, language } = useWords()
  const navigate = useNavigate()
  const colorMode = useComputedColorScheme('light')
  const { nodes, edges } = useMemo(() => draw(tables, language), [tables, language])
  const [at, setAt] = useState<string>()
  return (
    <section className="relations" aria-label={t('data.picture')}>
      <ReactFlow
        nodes={nodes}
        edges={edges.map((edge) =>
          edge.source === at || edge.target === at ? edge : { ...edge, label: undefined, animated: false },
        )}
        colorMode={colorMode}
        fitView
        minZoom={0.2}
        nodesConnectable={false}
        edgesFocusable={false}
        onNodeMouseEnter={(_event, node) => setAt(node.id)}
        onNodeMouseLeave={() => setAt(undefined)}
        onNodeClick={(_event, node) => void navigate({ to: '/data/$table', params: { table: node.id } })}
        ariaLabelConfig={{
          'node.a11yDescription.default': t('data.nodeHelp'),
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

function draw(tables: readonly TableSummary[], language: Language): { nodes: Node[]; edges: Edge[] } {
  const graph = new graphlib.Graph()
  graph.setGraph({ rankdir: 'LR', nodesep: 14, ranksep: 70 })
  graph.setDefaultEdgeLabel(() => ({}))
  const names = new Set(tables.map((table) => table.name))
  // One arrow for all lookups between the same two tables: twelve between orders and accounts would be a knot.
  const between = new Map<string, { from: string; to: string; columns: string[] }>()
  for (const table of tables) {
    graph.setNode(table.name, { ...NODE })
    for (const { column, table: target } of table.pointsTo) {
      if (!names.has(target) || target === table.name || column === COMPANY_COLUMN) continue
      const key = `${table.name} ${target}`
      const one = between.get(key) ?? { from: table.name, to: target, columns: [] }
      between.set(key, { ...one, columns: [...one.columns, column] })
    }
  }
  for (const { from, to } of between.values()) graph.setEdge(from, to)
  layout(graph)
  return {
    nodes: tables.map((table) => {
      const { x, y } = graph.node(table.name)
      return {
        id: table.name,
        position: { x: x - NODE.width / 2, y: y - NODE.height / 2 },
        data: { label: labelOf(table, language) },
        sourcePosition: Position.Right,
        targetPosition: Position.Left,
        style: { width: NODE.width, fontSize: 16 },
      }
    }),
    edges: [...between].map(([id, { from, to, columns }]) => ({
      id,
      source: from,
      target: to,
      label: columns.join(', '),
      animated: true,
      markerEnd: { type: MarkerType.ArrowClosed },
    })),
  }
}
