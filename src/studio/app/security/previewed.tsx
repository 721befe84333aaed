import { Paper, Stack, Table, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import type { TableSummary } from '../../wire-data.ts'
import type { PreviewedTable } from '../../wire-security.ts'
import { tablesQuery } from '../data/queries.ts'
import { labelOf } from '../data/values.tsx'
import { useWords } from '../lib/messages.tsx'
import { Empty } from '../parts/states.tsx'

const SAMPLE_COLUMNS = 6

/** What is seen of every table: how many rows, which columns, and the first rows. */
export function Previewed({ tables }: { tables: PreviewedTable[] }) {
  const { t } = useWords()
  const known = useQuery(tablesQuery)
  if (tables.length === 0) return <Empty title={t('preview.nothing')} text={t('preview.nothingText')} />
  return (
    <Stack gap="sm">
      {tables.map((one) => (
        <Previewing key={one.table} one={one} table={known.data?.find((table) => table.name === one.table)} />
      ))}
    </Stack>
  )
}

function Previewing({ one, table }: { one: PreviewedTable; table: TableSummary | undefined }) {
  const { t, language, number } = useWords()
  const rows = one.atLeast ? t('preview.atLeast', { count: number(one.rows) }) : t('preview.rows', { count: one.rows })
  return (
    <Paper withBorder p="sm">
      <details>
        <summary>
          <Text span fw={600} size="sm">
            {table === undefined ? one.table : labelOf(table, language)}
          </Text>{' '}
          <Text span size="sm">
            {rows} · {t('preview.columns', { count: one.columns.length })}
            {one.columnsOnSomeRows.length > 0 && ` · ${t('preview.someColumns', { count: one.columnsOnSomeRows.length })}`}
          </Text>
        </summary>
        <ul className="chips plain-list">
          {one.columns.map((column) => (
            <li key={column} className="mono">
              {column}
            </li>
          ))}
          {one.columnsOnSomeRows.map((column) => (
            <li key={column} className="mono when">
              {column}
            </li>
          ))}
        </ul>
        {one.sample.length > 0 && <Sample one={one} />}
      </details>
    </Paper>
  )
}

function Sample({ one }: { one: PreviewedTable }) {
  const { t } = useWords()
  const filled = Object.keys(one.sample[0] ?? {}).filter((name) =>
    one.sample.some((row) => row[name] !== null && row[name] !== ''),
  )
  const columns = filled.filter((name) => !name.endsWith('id') && !name.includes('.')).slice(0, SAMPLE_COLUMNS)
  return (
    <Table.ScrollContainer minWidth={560} scrollAreaProps={{ viewportProps: { tabIndex: 0 } }}>
      <Table captionSide="top" verticalSpacing={4}>
        <Table.Caption>{t('preview.sample')}</Table.Caption>
        <Table.Thead>
          <Table.Tr>
            {columns.map((name) => (
              <Table.Th key={name} className="mono">
                {name}
              </Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {one.sample.map((row, at) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: a sample is shown as it came and never changes
            <Table.Tr key={at}>
              {columns.map((name) => (
                <Table.Td key={name}>{row[name] === null ? '–' : String(row[name]).slice(0, 60)}</Table.Td>
              ))}
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  )
}
