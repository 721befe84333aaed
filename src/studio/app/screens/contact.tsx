import { Group, Paper, Stack, Title } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import type { ContactDetail } from '../../wire.ts'
import { contactQuery, meQuery } from '../lib/api.ts'
import { useWords } from '../lib/messages.tsx'
import { SyncBadge, SyncSentence } from '../parts/badges.tsx'
import { ContactAccess } from '../parts/contact-access.tsx'
import { ContactRoles } from '../parts/contact-roles.tsx'
import { CheckIcon } from '../parts/icons.tsx'
import { TextLink } from '../parts/link.tsx'
import { Loaded, ScreenHead } from '../parts/states.tsx'

/** One person: who, what for, what is missing to order, and how he or she gets in. */
export function ContactScreen({ id }: { id: string }) {
  const contact = useQuery(contactQuery(id))
  const me = useQuery(meQuery)
  return <Loaded query={contact}>{(data) => <Contact contact={data} roles={me.data?.roles ?? []} />}</Loaded>
}

function Contact({ contact, roles }: { contact: ContactDetail; roles: string[] }) {
  const { t } = useWords()
  return (
    <>
      <ScreenHead
        title={contact.fullName === '' ? (contact.email ?? t('contact.noName')) : contact.fullName}
        above={
          <TextLink to="/contacts" size="sm">
            {t('contacts.title')}
          </TextLink>
        }
        actions={
          <Group gap="md">
            <TextLink to="/security/people/$id" params={{ id: contact.id }} size="sm">
              {t('person.security')}
            </TextLink>
            <SyncBadge sync={contact.sync} />
          </Group>
        }
      />
      <div className="two-columns">
        <Stack gap="lg">
          <Facts contact={contact} />
          <OrderColumns contact={contact} />
        </Stack>
        <Stack gap="lg">
          <ContactRoles key={contact.ownRoles.join()} contact={contact} roles={roles} />
          <ContactAccess contact={contact} roles={roles} />
        </Stack>
      </div>
    </>
  )
}

function Facts({ contact }: { contact: ContactDetail }) {
  const { t } = useWords()
  return (
    <Paper withBorder p="md">
      <Stack gap="md">
        <dl className="facts">
          <Fact label={t('contact.email')} value={contact.email} />
          <div>
            <dt>{t('contact.account')}</dt>
            <dd>
              {contact.accountId === null ? (
                t('contact.noAccount')
              ) : (
                <TextLink to="/accounts/$id" params={{ id: contact.accountId }}>
                  {contact.accountName ?? contact.accountId}
                </TextLink>
              )}
            </dd>
          </div>
          <Fact label={t('contact.number')} value={contact.number} />
          <Fact label={t('contact.phone')} value={contact.phone} />
          <Fact label={t('contact.jobTitle')} value={contact.jobTitle} />
          <Fact label={t('contact.language')} value={contact.language} />
        </dl>
        <SyncSentence sync={contact.sync} />
      </Stack>
    </Paper>
  )
}

function Fact({ label, value }: { label: string; value: string | null }) {
  return (
    <div>
      <dt>{label}</dt>
      <dd>{value ?? '–'}</dd>
    </div>
  )
}

/** The five values without which nobody can order, and which of them are missing. */
function OrderColumns({ contact }: { contact: ContactDetail }) {
  const { t } = useWords()
  const missing = contact.orderColumns.filter((one) => one.value === null).length
  return (
    <Paper withBorder p="md" component="section" aria-labelledby="can-order">
      <Title order={2} size="h4" id="can-order">
        {t('contact.canOrder')}
      </Title>
      <p className={missing === 0 ? 'good' : 'bad'}>
        {missing === 0 ? t('contact.complete') : t('contact.missing', { count: missing })}
      </p>
      <dl className="facts">
        {contact.orderColumns.map((one) => (
          <div key={one.column}>
            <dt>{t(`orderColumn.${one.column}`)}</dt>
            <dd className={one.value === null ? 'bad' : undefined}>
              {one.value === null ? (
                t('contact.isMissing')
              ) : (
                <Group gap={6} wrap="nowrap" align="flex-start">
                  <span className="good">
                    <CheckIcon size={16} />
                  </span>
                  {one.value}
                </Group>
              )}
            </dd>
          </div>
        ))}
      </dl>
    </Paper>
  )
}
