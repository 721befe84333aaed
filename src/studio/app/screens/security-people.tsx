import { Group, Select, Table, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import type { PersonSummary } from '../../wire-security.ts'
import { useWords } from '../lib/messages.tsx'
import { TextLink } from '../parts/link.tsx'
import { ListFoot, SearchBox } from '../parts/list.tsx'
import { Empty, Loaded } from '../parts/states.tsx'
import { SecurityHead } from '../security/head.tsx'
import { PersonBadge } from '../security/person-badge.tsx'
import { type PeopleSearch, peopleQuery } from '../security/queries.ts'

const STATES = ['active', 'invited', 'locked', 'suspended'] as const

/** Everybody, by name, mail or account, and by how they get in. */
export function PeopleScreen({ address }: { address: PeopleSearch }) {
  const { t } = useWords()
  const navigate = useNavigate()
  const people = useQuery(peopleQuery(address))
  const go = (next: PeopleSearch, replace = true) => void navigate({ to: '/security', search: next, replace })
  const { after, ...kept } = address
  const { search: _search, ...withoutSearch } = kept
  const { state: _state, ...withoutState } = kept
  return (
    <>
      <SecurityHead title={t('security.people')} lead={t('people.lead')} />
      <Group mb="md" align="flex-end">
        <SearchBox
          label={t('people.search')}
          value={address.search ?? ''}
          onSearch={(search) => go(search.trim() === '' ? withoutSearch : { ...withoutSearch, search: search.trim() })}
        />
        <Select
          aria-label={t('people.state')}
          placeholder={t('people.anyState')}
          clearable
          clearButtonProps={{ 'aria-label': t('action.clear') }}
          data={STATES.map((state) => ({ value: state, label: t(`people.${state}`) }))}
          value={address.state ?? null}
          onChange={(state) => go(state === null ? withoutState : { ...withoutState, state })}
        />
      </Group>
      <Loaded query={people}>
        {(page) =>
          page.rows.length === 0 ? (
            <Empty title={t('people.empty')} text={t('list.empty.search')} />
          ) : (
            <>
              <PeopleTable rows={page.rows} />
              <ListFoot
                shown={page.rows.length}
                total={page.total}
                first={after === undefined}
                onFirst={() => go(kept, false)}
                onNext={page.next === null ? undefined : () => go({ ...kept, after: page.next ?? '' }, false)}
              />
            </>
          )
        }
      </Loaded>
    </>
  )
}

function PeopleTable({ rows }: { rows: PersonSummary[] }) {
  const { t, named } = useWords()
  return (
    <Table.ScrollContainer minWidth={760}>
      <Table highlightOnHover verticalSpacing="sm">
        <Table.Thead>
          <Table.Tr>
            <Table.Th>{t('contact.name')}</Table.Th>
            <Table.Th>{t('contact.email')}</Table.Th>
            <Table.Th>{t('contact.account')}</Table.Th>
            <Table.Th>{t('contact.roles')}</Table.Th>
            <Table.Th>{t('people.state')}</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {rows.map((row) => (
            <Table.Tr key={row.id}>
              <Table.Td>
                <TextLink to="/security/people/$id" params={{ id: row.id }} fw={550} size="sm">
                  {row.fullName === '' ? (row.email ?? t('contact.noName')) : row.fullName}
                </TextLink>
              </Table.Td>
              <Table.Td>{row.email ?? '–'}</Table.Td>
              <Table.Td>
                {row.accountName ?? '–'}
                {row.otherAccounts > 0 && (
                  <Text span size="xs" c="dimmed">
                    {' '}
                    {t('people.others', { count: row.otherAccounts })}
                  </Text>
                )}
              </Table.Td>
              <Table.Td>{row.roles.length === 0 ? '–' : row.roles.map((role) => named('role', role)).join(', ')}</Table.Td>
              <Table.Td>
                <PersonBadge state={row.state} />
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  )
}
