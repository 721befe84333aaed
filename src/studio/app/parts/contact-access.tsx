import { Alert, Button, Checkbox, CopyButton, Group, Modal, Paper, Stack, Text, Title } from '@mantine/core'
import { useState } from 'react'
import type { ContactDetail, InvitationState } from '../../wire.ts'
import { post, queryClient } from '../lib/api.ts'
import { useWords } from '../lib/messages.tsx'
import { SignInBadge, Tag } from './badges.tsx'
import { Confirm, type Question } from './confirm.tsx'
import { TextLink } from './link.tsx'
import { messageOf, tellDone, tellFailure } from './states.tsx'

type Invited = { link: string | null; mailId: string | null; lacks: string[] }

/** How a contact gets in: sign-in state, sessions, invitations. */
export function ContactAccess({ contact, roles }: { contact: ContactDetail; roles: string[] }) {
  const { t, ago } = useWords()
  const [inviting, setInviting] = useState(false)
  const [question, ask] = useState<Question | undefined>(undefined)
  const { signIn } = contact
  const endSessions = () =>
    ask({
      title: t('access.endSessions.title'),
      text: t('access.endSessions.text', { name: contact.fullName }),
      deed: t('access.endSessions.deed'),
      danger: true,
      act: () => deed(contact.id, `/contacts/${contact.id}/session-ends`, t('access.sessionsEnded'), (e) => tellFailure(e, t)),
    })
  return (
    <Paper withBorder p="md">
      <Stack gap="md">
        <Group justify="space-between">
          <Title order={2} size="h4">
            {t('access.title')}
          </Title>
          <SignInBadge signIn={signIn} />
        </Group>
        <Text size="sm">
          {t(`signIn.${signIn.kind}Text`)}
          {signIn.lastSeenAt !== null && ` ${t('signIn.lastSeen', { when: ago(signIn.lastSeenAt) })}`}
        </Text>
        <Group gap="xs">
          <Button onClick={() => setInviting(true)} disabled={contact.email === null}>
            {t(signIn.kind === 'none' ? 'access.invite' : 'access.inviteAgain')}
          </Button>
          {signIn.sessions > 0 && (
            <Button variant="default" onClick={endSessions}>
              {t('access.endSessions.deed')}
            </Button>
          )}
        </Group>
        {contact.email === null && (
          <Text size="sm" className="bad">
            {t('access.noEmail')}
          </Text>
        )}
        <Invitations contact={contact} ask={ask} />
      </Stack>
      <Modal
        opened={inviting}
        onClose={() => setInviting(false)}
        title={t('access.inviteTitle', { name: contact.fullName })}
        centered
      >
        <InviteForm contact={contact} roles={roles} close={() => setInviting(false)} />
      </Modal>
      <Confirm question={question} close={() => ask(undefined)} />
    </Paper>
  )
}

const INVITATION_COLORS: Readonly<Record<InvitationState['state'], string>> = {
  open: 'blue',
  redeemed: 'teal',
  expired: 'gray',
  revoked: 'gray',
}

function Invitations({ contact, ask }: { contact: ContactDetail; ask: (question: Question) => void }) {
  const { t, named, dateTime } = useWords()
  if (contact.invitations.length === 0) return null
  const revoke = (invitation: InvitationState) =>
    ask({
      title: t('access.revoke.title'),
      text: t('access.revoke.text'),
      deed: t('access.revoke.deed'),
      danger: true,
      act: () => deed(contact.id, `/invitations/${invitation.id}/revocations`, t('access.revoked'), (e) => tellFailure(e, t)),
    })
  return (
    <Stack gap="xs">
      <Title order={3} size="h5">
        {t('access.invitations')}
      </Title>
      {contact.invitations.map((invitation) => (
        <Group key={invitation.id} justify="space-between" wrap="nowrap" align="flex-start">
          <Stack gap={2}>
            <Group gap="xs">
              <Tag color={INVITATION_COLORS[invitation.state]}>{t(`invitation.${invitation.state}`)}</Tag>
              <Text size="sm">{dateTime(invitation.createdAt)}</Text>
            </Group>
            <Text size="xs" c="dimmed">
              {invitation.roles.map((role) => named('role', role)).join(', ')}
              {invitation.state === 'open' && ` · ${t('access.until', { when: dateTime(invitation.expiresAt) })}`}
            </Text>
          </Stack>
          {invitation.state === 'open' && (
            <Button size="compact-sm" variant="subtle" color="red.9" onClick={() => revoke(invitation)}>
              {t('access.revoke.deed')}
            </Button>
          )}
        </Group>
      ))}
    </Stack>
  )
}

function InviteForm({ contact, roles, close }: { contact: ContactDetail; roles: string[]; close: () => void }) {
  const { t, named } = useWords()
  const [chosen, setChosen] = useState<readonly string[]>(contact.roles.length > 0 ? contact.roles : ['Authorized user'])
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

async function deed(contactId: string, path: string, done: string, onFailure: (error: Error) => void): Promise<void> {
  try {
    await post(path)
    tellDone(done)
  } catch (error) {
    onFailure(error as Error)
  }
  await queryClient.invalidateQueries({ queryKey: ['contact', contactId] })
}
