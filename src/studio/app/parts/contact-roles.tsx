import { Button, Checkbox, Group, Paper, Stack, Text, Title } from '@mantine/core'
import { useState } from 'react'
import type { ContactDetail } from '../../wire.ts'
import { post, queryClient } from '../lib/api.ts'
import { useWords } from '../lib/messages.tsx'
import { tellDone, tellFailure } from './states.tsx'

/** The web roles of a contact: tick, save; they hold from the contact's next request. */
export function ContactRoles({ contact, roles }: { contact: ContactDetail; roles: string[] }) {
  const { t, named } = useWords()
  const [chosen, setChosen] = useState<readonly string[]>(contact.roles)
  const [busy, setBusy] = useState(false)
  const isChanged = [...chosen].sort().join() !== [...contact.roles].sort().join()
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
          <Checkbox.Group value={[...chosen]} onChange={setChosen} aria-label={t('contact.roles')}>
            <Stack gap="xs">
              {roles.map((role) => (
                <Checkbox key={role} value={role} label={named('role', role)} description={named('roleMeaning', role)} />
              ))}
            </Stack>
          </Checkbox.Group>
          <Group justify="space-between">
            <Text size="xs" c="dimmed">
              {t('contact.rolesHold')}
            </Text>
            <Button type="submit" disabled={!isChanged} loading={busy}>
              {t('action.save')}
            </Button>
          </Group>
        </Stack>
      </form>
    </Paper>
  )
}
