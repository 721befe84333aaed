import { Alert, Button, Checkbox, CopyButton, Group, Stack, Text } from '@mantine/core'
import { useState } from 'react'
import type { ContactDetail, Invited } from '../../wire.ts'
import { post, queryClient } from '../lib/api.ts'
import { useWords } from '../lib/messages.tsx'
import { TextLink } from './link.tsx'
import { messageOf } from './states.tsx'

/** Which roles, then send; afterwards the link, and what the contact still lacks. */
export function InviteForm({ contact, roles, close }: { contact: ContactDetail; roles: string[]; close: () => void }) {
  const { t, named } = useWords()
  const [chosen, setChosen] = useState<readonly string[]>(contact.ownRoles.length > 0 ? contact.ownRoles : ['Authorized user'])
  const [state, setState] = useState<
    { kind: 'asking' | 'busy' } | { kind: 'refused'; message: string } | { kind: 'done'; invited: Invited }
  >({
    kind: 'asking',
  })
  const send = async () => {
    setState({ kind: 'busy' })
    try {
      const invited = await post<Invited>(`/contacts/${contact.id}/invitations`, { roles: chosen })
      setState({ kind: 'done', invited })
    } catch (error) {
      setState({ kind: 'refused', message: messageOf(error as Error, t) })
    }
    await queryClient.invalidateQueries({ queryKey: ['contact', contact.id] })
  }
  if (state.kind === 'done') return <InvitationSent email={contact.email ?? ''} invited={state.invited} close={close} />
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault()
        void send()
      }}
    >
      <Stack>
        <Text size="sm">{t('access.inviteText', { email: contact.email ?? '' })}</Text>
        <Checkbox.Group label={t('contact.roles')} value={[...chosen]} onChange={setChosen}>
          <Stack gap="xs" mt="xs">
            {roles.map((role) => (
              <Checkbox key={role} value={role} label={named('role', role)} />
            ))}
          </Stack>
        </Checkbox.Group>
        {state.kind === 'refused' && (
          <Alert color="red" role="alert">
            {state.message}
          </Alert>
        )}
        <Group justify="flex-end">
          <Button variant="default" onClick={close}>
            {t('action.cancel')}
          </Button>
          <Button type="submit" loading={state.kind === 'busy'} disabled={chosen.length === 0}>
            {t('access.send')}
          </Button>
        </Group>
      </Stack>
    </form>
  )
}

function InvitationSent({ email, invited, close }: { email: string; invited: Invited; close: () => void }) {
  const { t, named } = useWords()
  const { link, mailId } = invited
  return (
    <Stack role="status">
      <Text>{t('access.sent', { email })}</Text>
      {invited.lacks.length > 0 && (
        <Alert color="orange">
          {t('access.lacks', { columns: invited.lacks.map((one) => named('orderColumn', one)).join(', ') })}
        </Alert>
      )}
      {link !== null && (
        <Group gap="xs" wrap="nowrap">
          <Text size="sm" className="mono wrap-anywhere">
            {link}
          </Text>
          <CopyButton value={link}>
            {({ copied, copy }) => (
              <Button size="compact-sm" variant="default" onClick={copy}>
                {t(copied ? 'access.copied' : 'access.copy')}
              </Button>
            )}
          </CopyButton>
        </Group>
      )}
      <Group justify="flex-end">
        {mailId !== null && (
          <TextLink to="/outbox" search={{ mail: mailId }} size="sm">
            {t('access.showMail')}
          </TextLink>
        )}
        <Button onClick={close}>{t('action.close')}</Button>
      </Group>
    </Stack>
  )
}
