import { Button, Group, Paper, Stack, Text, Title } from '@mantine/core'
import { useState } from 'react'
import type { ContactDetail, InvitationState } from '../../wire.ts'
import { post, queryClient } from '../lib/api.ts'
import { type Translate, useWords } from '../lib/messages.tsx'
import { SignInBadge, Tag } from './badges.tsx'
import { Confirm, type Question } from './confirm.tsx'
import { Dialog } from './dialog.tsx'
import { InviteForm } from './invite-form.tsx'
import { tellDone, tellFailure } from './states.tsx'

/** How a contact gets in: sign-in state, sessions, invitations. */
export function ContactAccess({ contact, roles }: { contact: ContactDetail; roles: string[] }) {
  const { t, ago } = useWords()
  const [inviting, setInviting] = useState(false)
  const [question, ask] = useState<Question | undefined>(undefined)
  const { signIn } = contact
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
        <SignInDeeds contact={contact} ask={ask} invite={() => setInviting(true)} />
        <Invitations contact={contact} ask={ask} />
      </Stack>
      <Dialog opened={inviting} close={() => setInviting(false)} title={t('access.inviteTitle', { name: contact.fullName })}>
        <InviteForm contact={contact} roles={roles} close={() => setInviting(false)} />
      </Dialog>
      <Confirm question={question} close={() => ask(undefined)} />
    </Paper>
  )
}

function SignInDeeds(props: { contact: ContactDetail; ask: (question: Question) => void; invite: () => void }) {
  const { t } = useWords()
  const { contact } = props
  const { kind, sessions } = contact.signIn
  const act = (noun: string, done: string) => deed(contact.id, `/contacts/${contact.id}/${noun}`, done, t)
  const endSessions = () =>
    props.ask({
      title: t('access.endSessions.title'),
      text: t('access.endSessions.text', { name: contact.fullName }),
      deed: t('access.endSessions.deed'),
      danger: true,
      act: () => act('session-ends', t('access.sessionsEnded')),
    })
  const suspend = () =>
    props.ask({
      title: t('access.suspend.title', { name: contact.fullName }),
      text: t('access.suspend.text'),
      deed: t('access.suspend.deed'),
      danger: true,
      act: () => act('suspensions', t('access.suspended')),
    })
  if (kind === 'none' && contact.email === null)
    return (
      <Text size="sm" className="bad">
        {t('access.noEmail')}
      </Text>
    )
  return (
    <Group gap="xs">
      {kind === 'none' && <Button onClick={props.invite}>{t('access.invite')}</Button>}
      {sessions > 0 && (
        <Button variant="default" onClick={endSessions}>
          {t('access.endSessions.deed')}
        </Button>
      )}
      {(kind === 'active' || kind === 'locked') && (
        <Button variant="default" onClick={suspend}>
          {t('access.suspend.deed')}
        </Button>
      )}
      {kind === 'suspended' && (
        <Button onClick={() => void act('reactivations', t('access.reactivated'))}>{t('access.reactivate')}</Button>
      )}
    </Group>
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
      act: () => deed(contact.id, `/invitations/${invitation.id}/revocations`, t('access.revoked'), t),
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
            <Button size="compact-sm" variant="subtle" c="var(--bad)" onClick={() => revoke(invitation)}>
              {t('access.revoke.deed')}
            </Button>
          )}
        </Group>
      ))}
    </Stack>
  )
}

async function deed(contactId: string, path: string, done: string, t: Translate): Promise<void> {
  try {
    await post(path)
    tellDone(done, t)
  } catch (error) {
    tellFailure(error as Error, t)
  }
  await queryClient.invalidateQueries({ queryKey: ['contact', contactId] })
}
