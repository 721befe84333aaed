import { List, Paper, Stack, Text, Title } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import type { ConnectionAbility, ConnectionPage } from '../../../wire.ts'
import { useWords } from '../../lib/messages.tsx'
import { Loaded } from '../../parts/states.tsx'
import { SyncHead } from '../head.tsx'
import { Disarmed } from '../overview/disarmed.tsx'
import { Findings } from '../overview/findings.tsx'
import { connectionQuery, environmentQuery, latencyQuery } from '../queries.ts'
import { SecretForm } from './secret-form.tsx'

const LATENCY_MINUTES = 60

/** How the ERP is reached, whether it may be written to, and what it can do. */
export function ConnectionScreen() {
  const { t } = useWords()
  const query = useQuery(connectionQuery)
  return (
    <>
      <SyncHead title={t('connection.title')} lead={t('connection.lead')} />
      <Stack gap="lg">
        <Disarmed />
        <Loaded query={query}>
          {(connection) => (
            <Stack gap="lg">
              <Where connection={connection} />
              <Part title={t('connection.secret')}>
                <SecretForm connection={connection} />
              </Part>
              <Installation />
              <Companies companies={connection.companies} />
              <Lacks connection={connection} />
            </Stack>
          )}
        </Loaded>
        <Part title={t('connection.health')}>
          <Findings />
        </Part>
      </Stack>
    </>
  )
}

function Part({ title, children }: { title: string; children: ReactNode }) {
  return (
    <Paper withBorder p="md" component="section" aria-label={title}>
      <Title order={2} size="h4" mb="sm">
        {title}
      </Title>
      {children}
    </Paper>
  )
}

function Facts({ facts }: { facts: readonly (readonly [string, string])[] }) {
  return (
    <dl className="facts">
      {facts
        .filter(([, value]) => value !== '')
        .map(([label, value]) => (
          <div key={label}>
            <dt>{label}</dt>
            <dd className="wrap-anywhere">{value}</dd>
          </div>
        ))}
    </dl>
  )
}

function Where({ connection }: { connection: ConnectionPage }) {
  const { t } = useWords()
  return (
    <Part title={t('connection.where')}>
      <Stack gap="sm">
        <Facts
          facts={[
            [t('connection.connector'), t(`connection.connector.${connection.connector}`)],
            [t('connection.address'), connection.address],
            [t('connection.tokenUrl'), connection.tokenUrl],
            [t('connection.clientId'), connection.clientId],
          ]}
        />
        <Text size="sm" c="dimmed">
          {t('connection.fixed')}
        </Text>
      </Stack>
    </Part>
  )
}

/** Which installation this is, whether it writes, and when the way was last found open. */
function Installation() {
  const { t, ago, dateTime } = useWords()
  const environment = useQuery(environmentQuery).data
  const latency = useQuery(latencyQuery(LATENCY_MINUTES)).data
  if (environment === undefined) return null
  const { armedAt, armedBy } = environment
  const armed =
    armedAt === null || armedBy === null
      ? t('connection.armedSince')
      : t('connection.armedYes', { when: dateTime(armedAt), who: armedBy })
  const beat = (at: string | null | undefined) => (at ? ago(at) : '–')
  return (
    <Part title={t('connection.installation')}>
      <Facts
        facts={[
          [t('connection.fingerprint'), environment.fingerprint],
          [t('connection.armed'), environment.armed ? armed : t('connection.armedNo')],
          [t('connection.beat.toErp'), beat(latency?.toErp.lastBeatAt)],
          [t('connection.beat.toPortal'), beat(latency?.toPortal.lastBeatAt)],
        ]}
      />
    </Part>
  )
}

function Companies({ companies }: Pick<ConnectionPage, 'companies'>) {
  const { t } = useWords()
  return (
    <Part title={t('connection.companies')}>
      {companies.length === 0 ? (
        <Text size="sm">{t('connection.noCompanies')}</Text>
      ) : (
        <List size="sm">
          {companies.map(({ code, name }) => (
            <List.Item key={code}>
              <span className="mono">{code}</span> {name}
            </List.Item>
          ))}
        </List>
      )}
    </Part>
  )
}

function Lacks({ connection }: { connection: ConnectionPage }) {
  const { t, number } = useWords()
  const lacks = (Object.entries(connection.capabilities) as [ConnectionAbility, boolean][]).filter(([, can]) => !can)
  return (
    <Part title={t('connection.lacks')}>
      {lacks.length === 0 ? (
        <Text size="sm">{t('connection.lacksNothing')}</Text>
      ) : (
        <List size="sm">
          {lacks.map(([ability]) => (
            <List.Item key={ability}>{t(`connection.lack.${ability}`)}</List.Item>
          ))}
        </List>
      )}
      <Text size="sm" c="dimmed" mt="xs">
        {t('connection.pageRows', { count: number(connection.pageRowsMax) })}
      </Text>
    </Part>
  )
}
