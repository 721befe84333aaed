import { Button, Stack, Table, Text } from '@mantine/core'
import { useInfiniteQuery } from '@tanstack/react-query'
import type { CellValue, HistoryEntry, TableDetail } from '../../wire-data.ts'
import { useWords, type Words } from '../lib/messages.tsx'
import { Empty, Loaded } from '../parts/states.tsx'
import { historyQuery } from './queries.ts'
import { labelOf, valueText } from './values.tsx'

/** What happened to a row, newest first: who, when, through which door, and each value before and after. */
export function RowHistory({ table, id }: { table: TableDetail; id: string }) {
  const { t } = useWords()
  const history = useInfiniteQuery(historyQuery(table.name, id))
  return (
    <Loaded query={history}>
      {(found) => {
        const entries = found.pages.flatMap((page) => page.entries)
        if (entries.length === 0) return <Empty title={t('history.empty')} text={t('history.emptyText')} />
        return (
          <Stack gap="md">
            <ol className="plain-list history">
              {entries.map((entry) => (
                <Entry key={entry.number} table={table} entry={entry} />
              ))}
            </ol>
            {history.hasNextPage && (
              <Button variant="default" loading={history.isFetchingNextPage} onClick={() => void history.fetchNextPage()}>
                {t('history.more')}
              </Button>
            )}
          </Stack>
        )
      }}
    </Loaded>
  )
}

function Entry({ table, entry }: { table: TableDetail; entry: HistoryEntry }) {
  const words = useWords()
  const { t } = words
  return (
    <li>
      <Text size="sm">
        <strong>{entry.who ?? t(entry.from === 'erp' ? 'history.erp' : 'history.program')}</strong>{' '}
        {t(`history.${entry.operation}`)}{' '}
        <span className="when">
          · {words.dateTime(entry.at)} · {t(`door.${entry.from}`)}
          {entry.map !== null && ` (${entry.map})`}
        </span>
      </Text>
      {entry.changes.length > 0 && (
        <Table verticalSpacing={2} mt={4} withRowBorders={false}>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>{t('data.column')}</Table.Th>
              <Table.Th>{t('history.before')}</Table.Th>
              <Table.Th>{t('history.after')}</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {entry.changes.map((one) => (
              <Table.Tr key={one.column}>
                <Table.Td>{columnLabel(table, one.column, words)}</Table.Td>
                <Table.Td className="wrap-anywhere when">{shown(table, one.column, one.before, one.beforeName, words)}</Table.Td>
                <Table.Td className="wrap-anywhere">{shown(table, one.column, one.after, one.afterName, words)}</Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      )}
    </li>
  )
}

function columnLabel(table: TableDetail, name: string, { language }: Words): string {
  const column = table.columns.find((one) => one.name === name)
  return column === undefined ? name : labelOf(column, language)
}

function shown(table: TableDetail, name: string, value: CellValue, behind: string | null, words: Words): string {
  if (value === null || value === '') return '–'
  if (behind !== null) return behind
  const column = table.columns.find((one) => one.name === name)
  return column === undefined ? String(value) : valueText(column, value, words)
}
