import { Button, Group, Paper, Stack, Text, Title } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import type { PersonDetail } from '../../wire-security.ts'
import { post, queryClient } from '../lib/api.ts'
import { type Translate, useWords } from '../lib/messages.tsx'
import { Confirm, type Question } from '../parts/confirm.tsx'
import { ButtonLink, TextLink } from '../parts/link.tsx'
import { Empty, Loaded, tellDone, tellFailure } from '../parts/states.tsx'
import { SecurityHead } from '../security/head.tsx'
import { PersonAccounts } from '../security/person-accounts.tsx'
import { PersonBadge } from '../security/person-badge.tsx'
import { Previewed } from '../security/previewed.tsx'
import { personQuery, previewQuery } from '../security/queries.ts'

/** One person: the accounts and roles, where signed in, and what all that shows. */
export function PersonScreen({ id }: { id: string }) {
  const person = useQuery(personQuery(id))
  return <Loaded query={person}>{(data) => <Person person={data} />}</Loaded>
}

function Person({ person }: { person: PersonDetail }) {
  const { t } = useWords()
  const [question, ask] = useState<Question | undefined>(undefined)
  const own = person.accounts.find((one) => one.holds)
  const explained = { contact: person.id, ...(own !== undefined && { account: own.accountId }) }
  return (
    <>
      <SecurityHead
        title={person.fullName === '' ? person.email : person.fullName}
        lead={person.email}
        actions={<PersonBadge state={person.state} />}
      />
      <div className="two-columns">
        <PersonAccounts person={person} ask={ask} />
        <Paper withBorder p="md">
          <Stack gap="sm">
            <Title order={2} size="h4">
              {t('person.sessions')}
            </Title>
            <Sessions person={person} />
            <Deeds person={person} ask={ask} />
            <Group gap="md">
              <TextLink to="/contacts/$id" params={{ id: person.id }} size="sm">
                {t('person.contact')}
              </TextLink>
              <TextLink to="/security/explain" search={explained} size="sm">
                {t('person.explain')}
              </TextLink>
            </Group>
          </Stack>
        </Paper>
      </div>
      <Sees person={person} />
      <Confirm question={question} close={() => ask(undefined)} />
    </>
  )
}

function Sessions({ person }: { person: PersonDetail }) {
  const { t, ago } = useWords()
  if (person.sessions.length === 0) return <Text size="sm">{t('person.noSessions')}</Text>
  return (
    <ul className="plain-list">
      {person.sessions.map((one) => (
        <li key={`${one.createdAt} ${one.expiresAt}`}>
          <Text size="sm" className="wrap-anywhere">
            {one.userAgent ?? t('person.device')}
          </Text>
          <Text size="xs" c="dimmed">
            {t('person.lastSeen', { when: ago(one.lastSeenAt) })}
          </Text>
        </li>
      ))}
    </ul>
  )
}

function Deeds({ person, ask }: { person: PersonDetail; ask: (question: Question) => void }) {
  const { t } = useWords()
  const act = (noun: string, done: string) => deed(person.id, noun, done, t)
  const endSessions = () =>
    ask({
      title: t('access.endSessions.title'),
      text: t('access.endSessions.text', { name: person.fullName }),
      deed: t('access.endSessions.deed'),
      danger: true,
      act: () => act('session-ends', t('access.sessionsEnded')),
    })
  const suspend = () =>
    ask({
      title: t('access.suspend.title', { name: person.fullName }),
      text: t('access.suspend.text'),
      deed: t('access.suspend.deed'),
      danger: true,
      act: () => act('suspensions', t('access.suspended')),
    })
  return (
    <Group gap="xs">
      {person.sessions.length > 0 && (
        <Button variant="default" onClick={endSessions}>
          {t('access.endSessions.deed')}
        </Button>
      )}
      {(person.state === 'active' || person.state === 'locked') && (
        <Button variant="default" onClick={suspend}>
          {t('access.suspend.deed')}
        </Button>
      )}
      {person.state === 'suspended' && (
        <Button onClick={() => void act('reactivations', t('access.reactivated'))}>{t('access.reactivate')}</Button>
      )}
      {person.state === 'none' && (
        <ButtonLink to="/contacts/$id" params={{ id: person.id }} variant="default">
          {t('access.invite')}
        </ButtonLink>
      )}
    </Group>
  )
}

/** For each account that the person acts for, what is seen there. */
function Sees({ person }: { person: PersonDetail }) {
  const { t } = useWords()
  const places = [
    ...person.accounts.filter((one) => one.holds).map((one) => ({ account: one.accountId, name: one.name })),
    ...(person.rolesWithoutAccount.length > 0 ? [{ account: undefined, name: t('person.noAccount') }] : []),
  ]
  const [chosen, choose] = useState(places[0])
  const preview = useQuery({
    ...previewQuery({ contact: person.id, ...(chosen?.account !== undefined && { account: chosen.account }) }),
    enabled: chosen !== undefined,
  })
  return (
    <section aria-labelledby="sees">
      <Title order={2} size="h4" id="sees" mt="xl" mb="sm">
        {t('person.sees')}
      </Title>
      {places.length > 1 && (
        <Group gap="xs" mb="sm">
          {places.map((place) => (
            <Button
              key={place.account ?? ''}
              size="xs"
              variant={place.account === chosen?.account ? 'filled' : 'default'}
              aria-pressed={place.account === chosen?.account}
              onClick={() => choose(place)}
            >
              {place.name}
            </Button>
          ))}
        </Group>
      )}
      {chosen === undefined ? (
        <Empty title={t('preview.nothing')} text={t('preview.nothingText')} />
      ) : (
        <Loaded query={preview}>{(found) => <Previewed tables={found.tables} />}</Loaded>
      )}
    </section>
  )
}

async function deed(contactId: string, noun: string, done: string, t: Translate): Promise<void> {
  try {
    await post(`/contacts/${contactId}/${noun}`)
    tellDone(done, t)
  } catch (error) {
    tellFailure(error as Error, t)
  }
  await queryClient.invalidateQueries({ queryKey: ['security', 'person', contactId] })
}
