import { Alert, Button, Group, Stack, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import type { HealthFinding } from '#dual-write/facets-watch.ts'
import { useMaps } from '../../lib/maps.ts'
import { useWords } from '../../lib/messages.tsx'
import { useSaid } from '../../lib/said.ts'
import { TextLink } from '../../parts/link.tsx'
import { healthQuery } from '../queries.ts'

const SHOWN_MAX = 3

/** What is not well and what to do about it, errors first. Says so when all is well. */
export function Findings() {
  const { t } = useWords()
  const health = useQuery(healthQuery)
  const [all, showAll] = useState(false)
  // That the installation is not armed has its own notice, with its own button.
  const findings = (health.data ?? [])
    .filter((one) => one.severity !== 'ok' && one.code !== 'disarmed')
    .sort((a, b) => Number(b.severity === 'error') - Number(a.severity === 'error'))
  if (health.isError)
    return (
      <Alert color="orange" title={t('health.unknown')}>
        <Button size="compact-sm" variant="default" onClick={() => void health.refetch()}>
          {t('action.tryAgain')}
        </Button>
      </Alert>
    )
  if (health.isPending || findings.length === 0)
    return (
      <Text size="sm" role="status" className={health.isPending ? 'when' : 'good'}>
        {t(health.isPending ? 'health.looking' : 'health.well')}
      </Text>
    )
  const shown = all ? findings : findings.slice(0, SHOWN_MAX)
  return (
    <Stack gap="xs" component="section" aria-label={t('health.title')}>
      {shown.map((finding) => (
        <FindingAlert key={`${finding.code} ${finding.map} ${finding.message}`} finding={finding} />
      ))}
      {findings.length > SHOWN_MAX && (
        <Group>
          <Button size="compact-sm" variant="subtle" aria-expanded={all} onClick={() => showAll(!all)}>
            {all ? t('health.less') : t('health.more', { count: findings.length - SHOWN_MAX })}
          </Button>
        </Group>
      )}
    </Stack>
  )
}

function FindingAlert({ finding }: { finding: HealthFinding }) {
  const { t } = useWords()
  const maps = useMaps().data?.maps
  const said = useSaid()
  const { map, severity, message, remedy } = finding
  return (
    <Alert color={severity === 'error' ? 'red' : 'orange'} p="xs">
      <Text size="sm">
        <b>{t(`health.${severity}`)}</b>{' '}
        {map !== null && (
          <TextLink to="/dual-write/$name" params={{ name: map }} size="sm" c="inherit" underline="always">
            {maps?.find((one) => one.name === map)?.title ?? map}
          </TextLink>
        )}{' '}
        {said(message)} <FindingLink finding={finding} />
      </Text>
      {remedy !== null && (
        <Text size="sm" c="dimmed">
          {t('health.remedy', { remedy: said(remedy) })}
        </Text>
      )}
    </Alert>
  )
}

/** Where one looks at what was found. */
export function FindingLink({ finding: { code, map } }: { finding: HealthFinding }) {
  const { t } = useWords()
  if (code === 'parked' && map !== null)
    return (
      <TextLink to="/parked-changes" search={{ map }} size="sm" c="inherit" underline="always">
        {t('figure.showParked')}
      </TextLink>
    )
  if (code === 'different')
    return (
      <TextLink to="/sync/differences" size="sm" c="inherit" underline="always">
        {t('figure.showDifferences')}
      </TextLink>
    )
  return null
}
