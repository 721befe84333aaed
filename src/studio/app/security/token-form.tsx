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

/** A token for a program; afterwards the token itself, this once. */
export function TokenForm({ close }: { close: () => void }) {
  const { t, named } = useWords()
  const me = useQuery(meQuery)
  const tables = useQuery(tablesQuery)
  const [name, setName] = useState('')
  const [role, setRole] = useState<string | null>(null)
  const [account, setAccount] = useState<string | undefined>(undefined)
  const [limited, setLimited] = useState<string[]>([])
  const [readOnly, setReadOnly] = useState(true)
  const [days, setDays] = useState('90')
  const [made, setMade] = useState<TokenMade | undefined>(undefined)
  const [problem, setProblem] = useState<string | undefined>(undefined)
  const make = async () => {
    try {
      const expiresAt = new Date(Date.now() + Number(days) * DAY_MS).toISOString()
      const limits = { readOnly, tables: limited.length === 0 ? null : limited }
      setMade(await post<TokenMade>('/security/tokens', { name, role, accountId: account ?? null, ...limits, expiresAt }))
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
        <TextInput
          label={t('programs.name')}
          value={name}
          maxLength={100}
          required
          onChange={(event) => setName(event.currentTarget.value)}
          data-autofocus
        />
        <Select
          label={t('programs.role')}
          data={(me.data?.roles ?? []).map((value) => ({ value, label: named('role', value) }))}
          value={role}
          onChange={setRole}
          required
        />
        <AccountPicker label={t('programs.account')} value={account} onPick={setAccount} />
        <MultiSelect
          label={t('programs.tables')}
          data={(tables.data ?? []).map((one) => one.name)}
          value={limited}
          onChange={setLimited}
          searchable
        />
        <Select
          label={t('programs.days')}
          data={DAYS.map((count) => ({ value: String(count), label: t('programs.dayCount', { count }) }))}
          value={days}
          allowDeselect={false}
          onChange={(value) => setDays(value ?? '90')}
        />
        <Checkbox
          label={t('programs.readOnly')}
          checked={readOnly}
          onChange={(event) => setReadOnly(event.currentTarget.checked)}
        />
        {problem !== undefined && (
          <Alert color="red" role="alert">
            {problem}
          </Alert>
        )}
        <Group justify="flex-end">
          <Button variant="default" onClick={close}>
            {t('action.cancel')}
          </Button>
          <Button type="submit" disabled={name.trim() === '' || role === null}>
            {t('programs.make')}
          </Button>
        </Group>
      </Stack>
    </form>
  )
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
