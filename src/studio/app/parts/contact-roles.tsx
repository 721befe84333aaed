import { Button, Checkbox, Group, Paper, Stack, Text, Title } from '@mantine/core'
import { useState } from 'react'
import type { ContactDetail } from '../../wire.ts'
import { post, queryClient } from '../lib/api.ts'
import { useWords } from '../lib/messages.tsx'
import { TextLink } from './link.tsx'
import { tellDone, tellFailure } from './states.tsx'

/**
 * The web roles of a contact for its own account: tick, save; they hold from the contact's next request. Roles that are limited in time,
 * and those for other accounts, are shown here and changed where people and their accounts are (Security).
 */
export function ContactRoles({ contact, roles }: { contact: ContactDetail; roles: string[] }) {
  const { t, named } = useWords()
  const [chosen, setChosen] = useState<readonly string[]>(contact.ownRoles)
  const [busy, setBusy] = useState(false)
  const isChanged = [...chosen].sort().join() !== [...contact.ownRoles].sort().join()
  const save = async () => {
    setBusy(true)
    try {
      await post(`/contacts/${contact.id}/roles`, { roles: chosen })
      tellDone(t('contact.rolesSaved'), t)
    } catch (error) {
      tellFailure(error as Error, t)
    }
    setBusy(false)
    await queryClient.invalidateQueries({ queryKey: ['contact', contact.id] })
  }
  return (
    <Paper withBorder p="md">
      <form
        onSubmit={(event) => {
          event.preventDefault()
          void save()
        }}
      >
        <Stack gap="sm">
          <Title order={2} size="h4">
            {t('contact.roles')}
          </Title>
          {contact.accountName !== null && <Text size="sm">{t('contact.rolesFor', { account: contact.accountName })}</Text>}
          <Checkbox.Group value={[...chosen]} onChange={setChosen} aria-label={t('contact.roles')}>
            <Stack gap="xs">
              {roles.map((role) => (
                <Checkbox
                  key={role}
                  value={role}
                  label={named('role', role)}
                  description={named('roleMeaning', role)}
                  disabled={contact.areRolesLimited}
                />
              ))}
            </Stack>
          </Checkbox.Group>
          <Group justify="space-between">
            <Text size="xs" c="dimmed">
              {t(contact.areRolesLimited ? 'contact.rolesLimited' : 'contact.rolesHold')}
            </Text>
            <Button type="submit" disabled={!isChanged} loading={busy}>
              {t('action.save')}
            </Button>
          </Group>
          <OtherAccounts contact={contact} />
        </Stack>
      </form>
    </Paper>
  )
}

function OtherAccounts({ contact }: { contact: ContactDetail }) {
  const { t, named } = useWords()
  return (
    <Stack gap="xs">
      {contact.otherAccounts.map((account) => (
        <Text size="sm" key={account.id}>
          {account.name}:{' '}
          {account.roles.length === 0 ? t('contact.noRoles') : account.roles.map((role) => named('role', role)).join(', ')}
        </Text>
      ))}
      <TextLink to="/security/people/$id" params={{ id: contact.id }} size="sm">
        {t('contact.manageAccounts')}
      </TextLink>
    </Stack>
  )
}
