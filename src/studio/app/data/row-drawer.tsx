import { Drawer, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import type { ColumnInfo, GridRow, TableDetail } from '../../wire-data.ts'
import { useWords } from '../lib/messages.tsx'
import { TextLink } from '../parts/link.tsx'
import { Loaded } from '../parts/states.tsx'
import { rowQuery } from './queries.ts'
import { cellText, labelOf } from './values.tsx'

/** One row with all its values, beside the grid it was opened from. */
export function RowDrawer({ table, id, close }: { table: TableDetail; id: string; close: () => void }) {
  const { t, language } = useWords()
  const row = useQuery(rowQuery(table.name, id))
  const name = row.data === undefined ? '' : String(row.data.values[table.nameColumn] ?? id)
  return (
    <Drawer
      opened
      onClose={close}
      position="right"
      size="lg"
      title={
        <Text fw={600} component="span">
          {labelOf(table, language)} {name}
        </Text>
      }
      closeButtonProps={{ 'aria-label': t('action.close') }}
    >
      <Loaded query={row}>{(found) => <Values table={table} row={found} />}</Loaded>
    </Drawer>
  )
}

function Values({ table, row }: { table: TableDetail; row: GridRow }) {
  const { language } = useWords()
  return (
    <dl className="facts">
      {table.columns.map((column) => (
        <div key={column.name}>
          <dt title={column.name}>{labelOf(column, language)}</dt>
          <dd>
            <Value column={column} row={row} />
          </dd>
        </div>
      ))}
    </dl>
  )
}

function Value({ column, row }: { column: ColumnInfo; row: GridRow }) {
  const words = useWords()
  const text = cellText(column, row, words)
  const id = row.values[column.name]
  const target = row.values[`${column.name}type`] ?? column.targets[0]
  if (text === '') return '–'
  if (column.targets.length === 0 || typeof target !== 'string') return text
  return (
    <TextLink to="/data/$table" params={{ table: target }} search={{ row: String(id) }} size="sm">
      {text}
    </TextLink>
  )
}
