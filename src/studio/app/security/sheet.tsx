import { Button, Table, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { tablesQuery } from '../data/queries.ts'
import { labelOf } from '../data/values.tsx'
import { useWords } from '../lib/messages.tsx'
import { Empty } from '../parts/states.tsx'
import { cellWords, type Placed } from './scope-words.ts'
import { PRIVILEGES } from './words.ts'

/** What one role may: tables down, privileges across, in words. Opening a table shows the permissions that make its row. */
export function Sheet({ placed, role, onOpen }: { placed: readonly Placed[]; role: string; onOpen: (table: string) => void }) {
  const words = useWords()
  const { t, language } = words
  const known = useQuery(tablesQuery)
  const own = Map.groupBy(
    placed.filter((one) => one.permission.roles.includes(role)),
    (one) => one.table,
  )
  if (own.size === 0) return <Empty title={t('rules.noTables')} text={t('rules.noTablesText')} />
  const nameOf = (name: string) => {
    const table = known.data?.find((one) => one.name === name)
    return table === undefined ? name : labelOf(table, language)
  }
  const rows = [...own].sort(([a], [b]) => nameOf(a).localeCompare(nameOf(b), language))
  return (
    <Table.ScrollContainer minWidth={740}>
      <Table verticalSpacing={6} horizontalSpacing={8} className="sheet">
        <Table.Thead>
          <Table.Tr>
            <Table.Th>{t('rules.table')}</Table.Th>
            {PRIVILEGES.map((privilege) => (
              <Table.Th key={privilege}>{t(`privilege.${privilege}`)}</Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {rows.map(([table, permissions]) => (
            <Table.Tr key={table}>
              <Table.Td>
                <Button size="compact-sm" variant="subtle" onClick={() => onOpen(table)} title={t('rules.open')}>
                  {nameOf(table)}
                </Button>
              </Table.Td>
              {PRIVILEGES.map((privilege) => {
                const told = cellWords(permissions, privilege, words)
                return (
                  <Table.Td key={privilege}>
                    {told.length === 0 ? (
                      <Text size="sm" c="dimmed">
                        –
                      </Text>
                    ) : (
                      told.map((one) => (
                        <Text size="sm" key={one}>
                          {one}
                        </Text>
                      ))
                    )}
                  </Table.Td>
                )
              })}
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  )
}
