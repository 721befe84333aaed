import { Badge, Group, SegmentedControl, Table, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { lazy, Suspense } from 'react'
import type { TableSummary } from '../../wire-data.ts'
import { tablesQuery } from '../data/queries.ts'
import { NewTable } from '../data/table-form.tsx'
import { labelOf } from '../data/values.tsx'
import { useWords } from '../lib/messages.tsx'
import { TextLink } from '../parts/link.tsx'
import { SearchBox } from '../parts/list.tsx'
import { Empty, Loaded, ScreenHead } from '../parts/states.tsx'

/** The drawing library is only fetched by who looks at the picture. */
const Relations = lazy(() => import('../data/relations.tsx').then((module) => ({ default: module.Relations })))

/** All tables of this installation, as a list or as a picture of how they hang together. */
export function TablesScreen({ search = '', view }: { search?: string; view?: 'picture' | undefined }) {
  const { t } = useWords()
  const navigate = useNavigate()
  const tables = useQuery(tablesQuery)
  const go = (next: { search?: string; view?: 'picture' }) => void navigate({ to: '/data', search: next, replace: true })
  return (
    <>
      <ScreenHead title={t('data.title')} lead={t('data.lead')} actions={<NewTable />} />
      <Group justify="space-between" mb="md">
        <SearchBox
          label={t('data.search')}
          value={search}
          onSearch={(value) => go({ search: value, ...(view !== undefined && { view }) })}
        />
        <SegmentedControl
          aria-label={t('data.view')}
          value={view ?? 'list'}
          onChange={(value) => go({ search, ...(value === 'picture' && { view: 'picture' }) })}
          data={[
            { value: 'list', label: t('data.list') },
            { value: 'picture', label: t('data.picture') },
          ]}
        />
      </Group>
      <Loaded query={tables}>
        {(all) => {
          const found = all.filter((table) => matches(table, search))
          if (found.length === 0) return <Empty title={t('data.empty')} text={t('list.empty.search')} />
          if (view !== 'picture') return <TableList tables={found} />
          return (
            <Suspense fallback={<Text c="dimmed">{t('state.loading')}</Text>}>
              <Relations tables={found} />
            </Suspense>
          )
        }}
      </Loaded>
    </>
  )
}

function TableList({ tables }: { tables: TableSummary[] }) {
  const { t, language, number } = useWords()
  const sorted = [...tables].sort((a, b) => labelOf(a, language).localeCompare(labelOf(b, language), language))
  return (
    <Table.ScrollContainer minWidth={680}>
      <Table highlightOnHover verticalSpacing="sm">
        <Table.Thead>
          <Table.Tr>
            <Table.Th>{t('data.table')}</Table.Th>
            <Table.Th>{t('data.logicalName')}</Table.Th>
            <Table.Th className="number">{t('data.rowsAbout')}</Table.Th>
            <Table.Th className="number">{t('data.columns')}</Table.Th>
            <Table.Th>{t('data.maps')}</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {sorted.map((table) => (
            <Table.Tr key={table.name}>
              <Table.Td>
                <TextLink to="/data/$table" params={{ table: table.name }} fw={550} size="sm">
                  {labelOf(table, language)}
                </TextLink>{' '}
                {(table.origin === 'custom' || table.customColumnCount > 0) && (
                  <Badge size="sm" variant="light" color="gray">
                    {table.origin === 'custom' ? t('data.custom') : t('data.extended', { count: table.customColumnCount })}
                  </Badge>
                )}
              </Table.Td>
              <Table.Td className="mono">{table.name}</Table.Td>
              <Table.Td className="number">{number(table.rowsAbout)}</Table.Td>
              <Table.Td className="number">{number(table.columnCount)}</Table.Td>
              <Table.Td>
                {table.maps.map((map) => (
                  <TextLink key={map} to="/dual-write/$name" params={{ name: map }} size="sm" mr="xs">
                    {map}
                  </TextLink>
                ))}
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  )
}

function matches(table: TableSummary, search: string): boolean {
  const wanted = search.trim().toLowerCase()
  return [table.name, table.setName, ...Object.values(table.labels)].some((text) => text.toLowerCase().includes(wanted))
}
