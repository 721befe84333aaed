import { SegmentedControl, Select, Stack, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useWords } from '../lib/messages.tsx'
import { PersonPicker } from './pickers.tsx'
import { personQuery, type SubjectAddress, serviceAccountsQuery } from './queries.ts'

type Kind = 'contact' | 'token' | 'anonymous'
const KINDS: readonly Kind[] = ['contact', 'token', 'anonymous']
const NONE = 'none'

/** For whom: a person with the account in use, a program by its token, or anybody. */
export function SubjectPicker({ subject, onPick }: { subject: SubjectAddress; onPick: (subject: SubjectAddress) => void }) {
  const { t } = useWords()
  const known: Kind | undefined = subject.contact !== undefined ? 'contact' : subject.token !== undefined ? 'token' : undefined
  const [wanted, want] = useState<Kind>(known ?? 'contact')
  const kind = known ?? wanted
  const choose = (next: Kind) => {
    want(next)
    onPick({})
  }
  return (
    <Stack gap="xs">
      <SegmentedControl
        aria-label={t('explain.who')}
        value={kind}
        onChange={(value) => choose(KINDS.find((one) => one === value) ?? 'contact')}
        data={KINDS.map((value) => ({ value, label: t(value === 'anonymous' ? 'explain.public' : `explain.${value}`) }))}
      />
      {kind === 'contact' && (
        <>
          <PersonPicker value={subject.contact} onPick={(contact) => onPick({ contact })} />
          {subject.contact !== undefined && (
            <AccountInUse
              contact={subject.contact}
              account={subject.account}
              onPick={(account) =>
                onPick(account === undefined ? { contact: subject.contact ?? '' } : { contact: subject.contact ?? '', account })
              }
            />
          )}
        </>
      )}
      {kind === 'token' && <TokenPicker value={subject.token} onPick={(token) => onPick({ token })} />}
      {kind === 'anonymous' && (
        <Text size="sm" c="dimmed">
          {t('explain.anonymousText')}
        </Text>
      )}
    </Stack>
  )
}

/** Of the accounts a person belongs to, the one it acts for. */
function AccountInUse(props: { contact: string; account: string | undefined; onPick: (account: string | undefined) => void }) {
  const { t } = useWords()
  const person = useQuery(personQuery(props.contact))
  if (person.data === undefined) return null
  const { accounts } = person.data
  return (
    <Select
      label={t('explain.account')}
      data={[
        ...accounts.map((one) => ({ value: one.accountId, label: one.name, disabled: !one.holds })),
        { value: NONE, label: t('explain.noAccount') },
      ]}
      value={props.account ?? NONE}
      allowDeselect={false}
      onChange={(value) => props.onPick(value === null || value === NONE ? undefined : value)}
    />
  )
}

function TokenPicker({ value, onPick }: { value: string | undefined; onPick: (token: string) => void }) {
  const { t } = useWords()
  const accounts = useQuery(serviceAccountsQuery)
  const data = (accounts.data ?? []).flatMap((account) =>
    account.tokens.map((token) => ({ value: token.id, label: `${account.name} · ${token.prefix}…` })),
  )
  return (
    <Select
      label={t('explain.token')}
      placeholder={data.length === 0 ? t('programs.empty.title') : t('explain.tokenChoose')}
      searchable
      data={data}
      value={value ?? null}
      onChange={(token) => token !== null && onPick(token)}
    />
  )
}
