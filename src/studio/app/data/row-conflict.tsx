import { Alert, Button, Radio, Stack, Table, Text } from '@mantine/core'
import { useState } from 'react'
import type { CellValue, ColumnInfo, RowDetail, TableDetail } from '../../wire-data.ts'
import { useWords, type Words } from '../lib/messages.tsx'
import { conflictsOf, type Edits, takenOver } from './row-edits.ts'
import { labelOf, valueText } from './values.tsx'

/** Somebody else has saved this row meanwhile: what both have changed is chosen column by column, the rest goes together by itself. */
export function RowConflict(props: {
  table: TableDetail
  base: RowDetail
  theirs: RowDetail
  edits: Edits
  resolve: (now: RowDetail, mine: ReadonlySet<string>) => void
}) {
  const { table, base, theirs, edits, resolve } = props
  const words = useWords()
  const { t, language } = words
  const conflicts = conflictsOf(base, theirs, edits)
  const taken = takenOver(table, base, theirs, edits)
  const [mine, setMine] = useState<ReadonlySet<string>>(new Set())
  const columnOf = (name: string) => table.columns.find((one) => one.name === name)
  const show = (column: ColumnInfo | undefined, value: CellValue, names: RowDetail['names']) => shown(column, value, names, words)
  const choose = (name: string, isMine: boolean) => setMine(withOrWithout(mine, name, isMine))
  return (
    <Alert color="orange" title={t('conflict.title')} mb="md" role="alert">
      <Stack gap="sm" align="flex-start">
        <Text size="sm">{t(conflicts.length === 0 ? 'conflict.none' : 'conflict.text')}</Text>
        {conflicts.length > 0 && (
          <Table verticalSpacing={4}>
            <Table.Thead>
              <Table.Tr>
                <Table.Th>{t('data.column')}</Table.Th>
                <Table.Th>{t('conflict.theirs')}</Table.Th>
                <Table.Th>{t('conflict.mine')}</Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {conflicts.map((one) => {
                const column = columnOf(one.column)
                const label = column === undefined ? one.column : labelOf(column, language)
                const radio = (isMine: boolean, text: string) => (
                  <Radio
                    name={`conflict-${one.column}`}
                    checked={mine.has(one.column) === isMine}
                    onChange={() => choose(one.column, isMine)}
                    label={text}
                    aria-label={`${label}: ${text}`}
                  />
                )
                return (
                  <Table.Tr key={one.column}>
                    <Table.Th scope="row">{label}</Table.Th>
                    <Table.Td>{radio(false, show(column, one.theirs, theirs.names))}</Table.Td>
                    <Table.Td>{radio(true, show(column, one.mine, {}))}</Table.Td>
                  </Table.Tr>
                )
              })}
            </Table.Tbody>
          </Table>
        )}
        {taken.length > 0 && (
          <Text size="sm">
            {t('conflict.taken', {
              changes: taken
                .map((one) => `${labelOf(one, language)}: ${show(one, theirs.values[one.name] ?? null, theirs.names)}`)
                .join('; '),
            })}
          </Text>
        )}
        <Button size="xs" onClick={() => resolve(theirs, mine)}>
          {t('conflict.apply')}
        </Button>
      </Stack>
    </Alert>
  )
}

function shown(column: ColumnInfo | undefined, value: CellValue, names: RowDetail['names'], words: Words): string {
  return column === undefined || value === null ? '–' : (names[column.name] ?? valueText(column, value, words))
}

function withOrWithout(names: ReadonlySet<string>, name: string, isIn: boolean): ReadonlySet<string> {
  return new Set(isIn ? [...names, name] : [...names].filter((one) => one !== name))
}
