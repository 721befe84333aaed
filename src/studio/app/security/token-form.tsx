import { Alert, Button, Checkbox, CopyButton, Group, MultiSelect, Select, Stack, Text, TextInput } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import type { TokenMade } from '../../wire-security.ts'
import { tablesQuery } from '../data/queries.ts'
import { meQuery, post, queryClient } from '../lib/api.ts'
import { useWords } from '../lib/messages.tsx'
import { messageOf } from '../parts/states.tsx'
import { AccountPicker } from './pickers.tsx'

const DAYS = [7, 30, 90, 365, 730]
const DAY_MS = 86_400_000

type Wish = {
  name: string
  role: string | null
  account: string | undefined
  /** The only tables it reaches; none: all that its role does. */
  tables: string[]
  readOnly: boolean
  days: string
}

const FIRST_WISH: Wish = { name: '', role: null, account: undefined, tables: [], readOnly: true, days: '90' }

/** A token for a program; afterwards the token itself, this once. */
export function TokenForm({ close }: { close: () => void }) {
  const { t } = useWords()
  const [wish, setWish] = useState(FIRST_WISH)
  const [made, setMade] = useState<TokenMade | undefined>(undefined)
  const [problem, setProblem] = useState<string | undefined>(undefined)
  const make = async () => {
    try {
      setMade(await post<TokenMade>('/security/tokens', askedBy(wish)))
    } catch (error) {
      setProblem(messageOf(error as Error, t))
    }
    await queryClient.invalidateQueries({ queryKey: ['security'] })
  }
  if (made !== undefined) return <Made made={made} close={close} />
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault()
        void make()
      }}
    >
      <Stack gap="sm">
        <Fields wish={wish} change={(part) => setWish((before) => ({ ...before, ...part }))} />
        {problem !== undefined && (
          <Alert color="red" role="alert">
            {problem}
          </Alert>
        )}
        <Group justify="flex-end">
          <Button variant="default" onClick={close}>
            {t('action.cancel')}
          </Button>
          <Button type="submit" disabled={wish.name.trim() === '' || wish.role === null}>
            {t('programs.make')}
          </Button>
        </Group>
      </Stack>
    </form>
  )
}

function Fields({ wish, change }: { wish: Wish; change: (part: Partial<Wish>) => void }) {
  const { t, named } = useWords()
  const me = useQuery(meQuery)
  const tables = useQuery(tablesQuery)
  return (
    <>
      <TextInput
        label={t('programs.name')}
        value={wish.name}
        maxLength={100}
        required
        onChange={(event) => change({ name: event.currentTarget.value })}
        data-autofocus
      />
      <Select
        label={t('programs.role')}
        data={(me.data?.roles ?? []).map((value) => ({ value, label: named('role', value) }))}
        value={wish.role}
        onChange={(role) => change({ role })}
        required
      />
      <AccountPicker label={t('programs.account')} value={wish.account} onPick={(account) => change({ account })} />
      <MultiSelect
        label={t('programs.tables')}
        data={(tables.data ?? []).map((one) => one.name)}
        value={wish.tables}
        onChange={(limited) => change({ tables: limited })}
        searchable
      />
      <Select
        label={t('programs.days')}
        data={DAYS.map((count) => ({ value: String(count), label: t('programs.dayCount', { count }) }))}
        value={wish.days}
        allowDeselect={false}
        onChange={(value) => change({ days: value ?? FIRST_WISH.days })}
      />
      <Checkbox
        label={t('programs.readOnly')}
        checked={wish.readOnly}
        onChange={(event) => change({ readOnly: event.currentTarget.checked })}
      />
    </>
  )
}

/** What the server is asked for. */
function askedBy({ name, role, account, tables, readOnly, days }: Wish) {
  return {
    name,
    role,
    accountId: account ?? null,
    readOnly,
    tables: tables.length === 0 ? null : tables,
    expiresAt: new Date(Date.now() + Number(days) * DAY_MS).toISOString(),
  }
}

function Made({ made, close }: { made: TokenMade; close: () => void }) {
  const { t } = useWords()
  return (
    <Stack>
      <Text size="sm">{t('programs.made')}</Text>
      <code className="mono token">{made.token}</code>
      <Group justify="flex-end">
        <CopyButton value={made.token}>
          {({ copied, copy }) => <Button onClick={copy}>{t(copied ? 'programs.copied' : 'programs.copy')}</Button>}
        </CopyButton>
        <Button variant="default" onClick={close}>
          {t('action.close')}
        </Button>
      </Group>
    </Stack>
  )
}
