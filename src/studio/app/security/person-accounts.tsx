import { Button, Checkbox, Group, Paper, Stack, Text, TextInput, Title } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import type { HeldRole, Limits, PersonAccount, PersonDetail } from '../../wire-security.ts'
import { meQuery, post, queryClient } from '../lib/api.ts'
import { type Translate, useWords } from '../lib/messages.tsx'
import { Tag } from '../parts/badges.tsx'
import type { Question } from '../parts/confirm.tsx'
import { Dialog } from '../parts/dialog.tsx'
import { TextLink } from '../parts/link.tsx'
import { tellDone, tellFailure } from '../parts/states.tsx'
import { AccountPicker } from './pickers.tsx'

const ADMINISTRATOR = 'Administrator'

/** The accounts a person acts for, with the roles for each; both can be changed here. */
export function PersonAccounts({ person, ask }: { person: PersonDetail; ask: (question: Question) => void }) {
  const { t } = useWords()
  const [editing, edit] = useState<PersonAccount | undefined>(undefined)
  const [adding, setAdding] = useState<string | undefined>(undefined)
  const add = () => change(person.id, `/contacts/${person.id}/memberships`, { accountId: adding }, t('person.added'), t)
  const remove = (account: PersonAccount) =>
    ask({
      title: t('person.removeTitle', { account: account.name }),
      text: t('person.removeText', { name: person.fullName }),
      deed: t('person.remove'),
      danger: true,
      act: () => change(person.id, `/contacts/${person.id}/memberships/${account.accountId}/ends`, {}, t('person.removed'), t),
    })
  return (
    <Paper withBorder p="md">
      <Stack gap="md">
        <Title order={2} size="h4">
          {t('person.accounts')}
        </Title>
        {person.rolesWithoutAccount.length > 0 && (
          <div>
            <Text size="sm" fw={600}>
              {t('person.noAccount')}
            </Text>
            <Roles roles={person.rolesWithoutAccount} />
          </div>
        )}
        {person.accounts.map((account) => (
          <Account key={account.accountId} account={account} onEdit={() => edit(account)} onRemove={() => remove(account)} />
        ))}
        <Group align="flex-end" gap="xs">
          <div className="grow">
            <AccountPicker label={t('person.addAccount')} value={adding} onPick={setAdding} />
          </div>
          <Button disabled={adding === undefined} onClick={() => void add().then(() => setAdding(undefined))}>
            {t('person.add')}
          </Button>
        </Group>
      </Stack>
      <Dialog
        opened={editing !== undefined}
        close={() => edit(undefined)}
        title={t('person.rolesFor', { account: editing?.name ?? '' })}
      >
        {editing !== undefined && <RoleForm person={person} account={editing} close={() => edit(undefined)} />}
      </Dialog>
    </Paper>
  )
}

function Account(props: { account: PersonAccount; onEdit: () => void; onRemove: () => void }) {
  const { t } = useWords()
  const { account, onEdit, onRemove } = props
  return (
    <div>
      <Group gap="xs">
        <TextLink to="/accounts/$id" params={{ id: account.accountId }} size="sm" fw={600}>
          {account.name}
        </TextLink>
        <Tag color={account.holds ? 'teal' : 'gray'}>
          {account.holds ? t(account.isOwn ? 'person.own' : 'person.member') : t('person.noHold')}
        </Tag>
        <LimitsText limits={account} />
      </Group>
      <Roles roles={account.roles} />
      <Group gap="xs" mt={4}>
        <Button
          size="compact-sm"
          variant="default"
          onClick={() => onEdit()}
          aria-label={`${t('person.editRoles')}: ${account.name}`}
        >
          {t('person.editRoles')}
        </Button>
        {!account.isOwn && (
          <Button
            size="compact-sm"
            variant="subtle"
            c="var(--bad)"
            onClick={() => onRemove()}
            aria-label={`${t('person.remove')}: ${account.name}`}
          >
            {t('person.remove')}
          </Button>
        )}
      </Group>
    </div>
  )
}

function Roles({ roles }: { roles: HeldRole[] }) {
  const { t, named } = useWords()
  if (roles.length === 0)
    return (
      <Text size="sm" c="dimmed">
        {t('person.noRoles')}
      </Text>
    )
  return (
    <ul className="plain-list">
      {roles.map((one) => (
        <li key={one.role}>
          <Text size="sm" span {...(!one.holds && { c: 'dimmed', td: 'line-through' })}>
            {named('role', one.role)}
          </Text>{' '}
          <LimitsText limits={one} />
        </li>
      ))}
    </ul>
  )
}

function LimitsText({ limits }: { limits: Limits }) {
  const { t, dateTime } = useWords()
  const parts = [
    limits.validFrom === null ? '' : t('person.from', { when: dateTime(limits.validFrom) }),
    limits.validUntil === null ? '' : t('person.until', { when: dateTime(limits.validUntil) }),
  ].filter((part) => part !== '')
  return (
    <Text size="xs" c="dimmed" span>
      {parts.join(' ')}
    </Text>
  )
}

function RoleForm({ person, account, close }: { person: PersonDetail; account: PersonAccount; close: () => void }) {
  const { t, named } = useWords()
  const me = useQuery(meQuery)
  const [first] = account.roles
  const [roles, setRoles] = useState(account.roles.map((one) => one.role))
  const [from, setFrom] = useState(first?.validFrom?.slice(0, 10) ?? '')
  const [until, setUntil] = useState(first?.validUntil?.slice(0, 10) ?? '')
  const save = async () => {
    const moment = (day: string) => (day === '' ? null : `${day}T00:00:00Z`)
    const body = { roles, accountId: account.accountId, validFrom: moment(from), validUntil: moment(until) }
    await change(person.id, `/contacts/${person.id}/roles`, body, t('contact.rolesSaved'), t)
    close()
  }
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault()
        void save()
      }}
    >
      <Stack>
        <Checkbox.Group value={roles} onChange={setRoles} label={t('contact.roles')}>
          <Stack gap="xs" mt="xs">
            {(me.data?.roles ?? [])
              .filter((role) => role !== ADMINISTRATOR)
              .map((role) => (
                <Checkbox key={role} value={role} label={named('role', role)} />
              ))}
          </Stack>
        </Checkbox.Group>
        <TextInput
          type="date"
          label={t('person.validFrom')}
          value={from}
          onChange={(event) => setFrom(event.currentTarget.value)}
        />
        <TextInput
          type="date"
          label={t('person.validUntil')}
          value={until}
          onChange={(event) => setUntil(event.currentTarget.value)}
        />
        <Group justify="flex-end">
          <Button variant="default" onClick={close}>
            {t('action.cancel')}
          </Button>
          <Button type="submit">{t('action.save')}</Button>
        </Group>
      </Stack>
    </form>
  )
}

async function change(contactId: string, path: string, body: object, done: string, t: Translate): Promise<void> {
  try {
    await post(path, body)
    tellDone(done, t)
  } catch (error) {
    tellFailure(error as Error, t)
  }
  await queryClient.invalidateQueries({ queryKey: ['security'] })
  await queryClient.invalidateQueries({ queryKey: ['contact', contactId] })
}
