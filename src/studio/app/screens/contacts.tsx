import { Button, Group, Stack, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { accountQuery, contactsQuery } from '../lib/api.ts'
import { useWords } from '../lib/messages.tsx'
import { ContactTable } from '../parts/contact-table.tsx'
import { ListFoot, SearchBox } from '../parts/list.tsx'
import { Empty, Loaded, ScreenHead } from '../parts/states.tsx'

type ListState = { search?: string; after?: string; account?: string }

export function ContactsScreen({ search = '', after, account }: ListState) {
  const { t } = useWords()
  const navigate = useNavigate()
  const contacts = useQuery(contactsQuery({ search, after: after ?? null, account }))
  const go = (next: ListState, replace = false) => void navigate({ to: '/contacts', search: next, replace })
  const ofAccount = account === undefined ? {} : { account }
  const kept = { ...ofAccount, ...(search !== '' && { search }) }
  return (
    <>
      <ScreenHead title={t('contacts.title')} lead={t('contacts.lead')} />
      <Group mb="md">
        <SearchBox
          label={t('contacts.search')}
          value={search}
          onSearch={(value) => go({ ...ofAccount, ...(value.trim() !== '' && { search: value.trim() }) }, true)}
        />
        {account !== undefined && <AccountFilter id={account} clear={() => go(search === '' ? {} : { search })} />}
      </Group>
      <Loaded query={contacts}>
        {(page) =>
          page.rows.length === 0 ? (
            <Empty title={t('contacts.empty.title')} text={t(search === '' ? 'contacts.empty.none' : 'list.empty.search')} />
          ) : (
            <Stack gap={0}>
              <ContactTable rows={page.rows} withAccount />
              <ListFoot
                shown={page.rows.length}
                total={page.total}
                first={after === undefined}
                onFirst={() => go(kept)}
                onNext={page.next === null ? undefined : () => go({ ...kept, after: page.next ?? '' })}
              />
            </Stack>
          )
        }
      </Loaded>
    </>
  )
}

function AccountFilter({ id, clear }: { id: string; clear: () => void }) {
  const { t } = useWords()
  const account = useQuery(accountQuery(id))
  return (
    <Group gap="xs">
      <Text size="sm">{t('contacts.ofAccount', { name: account.data?.name ?? '…' })}</Text>
      <Button size="compact-sm" variant="subtle" onClick={clear}>
        {t('contacts.allAccounts')}
      </Button>
    </Group>
  )
}
