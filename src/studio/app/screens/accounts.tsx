import { Table, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import type { AccountSummary } from '../../wire.ts'
import { accountsQuery } from '../lib/api.ts'
import { useWords } from '../lib/messages.tsx'
import { Tag } from '../parts/badges.tsx'
import { TextLink } from '../parts/link.tsx'
import { ListFoot, SearchBox } from '../parts/list.tsx'
import { Empty, Loaded, ScreenHead } from '../parts/states.tsx'

export function AccountsScreen({ search = '', after }: { search?: string; after?: string }) {
  const { t } = useWords()
  const navigate = useNavigate()
  const accounts = useQuery(accountsQuery({ search, after: after ?? null }))
  const go = (next: { search?: string; after?: string }, replace = false) =>
    void navigate({ to: '/accounts', search: next, replace })
  const kept = search === '' ? {} : { search }
  return (
    <>
      <ScreenHead title={t('accounts.title')} lead={t('accounts.lead')} />
      <SearchBox
        label={t('accounts.search')}
        value={search}
        onSearch={(value) => go(value.trim() === '' ? {} : { search: value.trim() }, true)}
      />
      <Loaded query={accounts}>
        {(page) =>
          page.rows.length === 0 ? (
            <Empty title={t('accounts.empty.title')} text={t(search === '' ? 'accounts.empty.none' : 'list.empty.search')} />
          ) : (
            <>
              <AccountTable rows={page.rows} />
              <ListFoot
                shown={page.rows.length}
                total={page.total}
                first={after === undefined}
                onFirst={() => go(kept)}
                onNext={page.next === null ? undefined : () => go({ ...kept, after: page.next ?? '' })}
              />
            </>
          )
        }
      </Loaded>
    </>
  )
}

function AccountTable({ rows }: { rows: AccountSummary[] }) {
  const { t, named } = useWords()
  return (
    <Table.ScrollContainer minWidth={640} mt="md">
      <Table highlightOnHover verticalSpacing="sm">
        <Table.Thead>
          <Table.Tr>
            <Table.Th>{t('account.name')}</Table.Th>
            <Table.Th>{t('fact.number')}</Table.Th>
            <Table.Th>{t('fact.company')}</Table.Th>
            <Table.Th>{t('account.place')}</Table.Th>
            <Table.Th>{t('fact.currency')}</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {rows.map((row) => (
            <Table.Tr key={row.id}>
              <Table.Td>
                <TextLink to="/accounts/$id" params={{ id: row.id }} fw={550} size="sm">
                  {row.name}
                </TextLink>{' '}
                {row.onHold !== null && row.onHold !== 'no' && <Tag color="orange">{named('onHold', row.onHold)}</Tag>}
              </Table.Td>
              <Table.Td className="digits">{row.number}</Table.Td>
              <Table.Td>{row.company ?? '–'}</Table.Td>
              <Table.Td>
                <Text size="sm">{[row.city, row.country].filter((part) => part !== null).join(', ') || '–'}</Text>
              </Table.Td>
              <Table.Td>{row.currency ?? '–'}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  )
}
