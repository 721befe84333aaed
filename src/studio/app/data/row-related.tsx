import { Table } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import type { TableDetail } from '../../wire-data.ts'
import { useWords } from '../lib/messages.tsx'
import { TextLink } from '../parts/link.tsx'
import { Empty, Loaded } from '../parts/states.tsx'
import { relatedQuery } from './queries.ts'
import { labelOf } from './values.tsx'

/** The rows that point to this one, each kind with a way to the grid that shows them. */
export function RelatedList({ table, id }: { table: TableDetail; id: string }) {
  const { t, language, number } = useWords()
  const related = useQuery(relatedQuery(table.name, id))
  return (
    <Loaded query={related}>
      {(all) => {
        if (all.length === 0) return <Empty title={t('related.none')} text={t('related.noneText')} />
        return (
          <Table verticalSpacing={6}>
            <Table.Thead>
              <Table.Tr>
                <Table.Th>{t('data.table')}</Table.Th>
                <Table.Th>{t('data.column')}</Table.Th>
                <Table.Th className="number">{t('data.rows')}</Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {[...all]
                .sort((a, b) => b.count - a.count)
                .map((one) => (
                  <Table.Tr key={`${one.table} ${one.column}`}>
                    <Table.Td>
                      {one.count === 0 ? (
                        labelOf({ labels: one.labels, name: one.table }, language)
                      ) : (
                        <TextLink
                          to="/data/$table"
                          params={{ table: one.table }}
                          search={{ filter: `${one.column} eq ${id}` }}
                          size="sm"
                        >
                          {labelOf({ labels: one.labels, name: one.table }, language)}
                        </TextLink>
                      )}
                    </Table.Td>
                    <Table.Td>{labelOf({ labels: one.columnLabels, name: one.column }, language)}</Table.Td>
                    <Table.Td className="number">
                      {number(one.count)}
                      {one.count >= one.countMax && '+'}
                    </Table.Td>
                  </Table.Tr>
                ))}
            </Table.Tbody>
          </Table>
        )
      }}
    </Loaded>
  )
}
