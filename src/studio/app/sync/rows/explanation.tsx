import { Alert, Button, Group, Paper, Stack, Text, Timeline, Title } from '@mantine/core'
import { type ReactNode, useState } from 'react'
import type { ExplainStep, Explanation } from '#dual-write/facets-rows.ts'
import { useMaps } from '../../lib/maps.ts'
import { useWords } from '../../lib/messages.tsx'
import { useSaid } from '../../lib/said.ts'
import {
  CheckIcon,
  DoorIcon,
  MailIcon,
  ParkedIcon,
  PauseIcon,
  PlayIcon,
  SearchIcon,
  ShieldIcon,
  StopIcon,
  SyncIcon,
  TableIcon,
} from '../../parts/icons.tsx'
import { TextLink } from '../../parts/link.tsx'
import { useActorsIn } from '../names.ts'
import { SideBySide } from './side-by-side.tsx'

const ICON_PX = 14
const ICONS: Readonly<Record<ExplainStep, ReactNode>> = {
  captured: <TableIcon size={ICON_PX} />,
  filtered: <StopIcon size={ICON_PX} />,
  mapped: <SearchIcon size={ICON_PX} />,
  waiting: <ParkedIcon size={ICON_PX} />,
  sent: <PlayIcon size={ICON_PX} />,
  answered: <MailIcon size={ICON_PX} />,
  received: <DoorIcon size={ICON_PX} />,
  applied: <CheckIcon size={ICON_PX} />,
  parked: <ParkedIcon size={ICON_PX} />,
  conflict: <ShieldIcon size={ICON_PX} />,
  linked: <SyncIcon size={ICON_PX} />,
  paused: <PauseIcon size={ICON_PX} />,
  not_captured: <StopIcon size={ICON_PX} />,
}
const TROUBLED: ReadonlySet<ExplainStep> = new Set(['parked', 'conflict', 'not_captured', 'filtered', 'paused'])

/** One map's account of a row: where it stands, how it came there, and what each side has. */
export function ExplanationCard({ explanation, title }: { explanation: Explanation; title: string }) {
  const { t } = useWords()
  const { map, rowId, remoteKey, verdict, steps, columns } = explanation
  const table = useMaps().data?.maps.find((one) => one.name === map)?.table
  const last = steps.at(-1)
  const said = useSaid()
  return (
    <Paper component="section" withBorder p="md" aria-label={title}>
      <Stack>
        <Group gap="md">
          <Title order={2} size="h4">
            <TextLink to="/dual-write/$name" params={{ name: map }} inherit>
              {title}
            </TextLink>
          </Title>
          {rowId !== null && table !== undefined && (
            <TextLink to="/data/$table" params={{ table }} search={{ row: rowId }} size="sm">
              {t('way.openRow')}
            </TextLink>
          )}
          {remoteKey !== null && <span className="mono">{remoteKey}</span>}
        </Group>
        <Alert color={colorOf(last?.step)} className="wrap-anywhere">
          {said(verdict)}
        </Alert>
        {steps.length > 0 && <Steps steps={steps} />}
        {columns.length > 0 && (
          <Columns
            label={t('sides.of', { name: title })}
            columns={columns.filter((one) => one.column !== '' || one.field !== '')}
          />
        )}
      </Stack>
    </Paper>
  )
}

function colorOf(step: ExplainStep | undefined): string {
  if (step !== undefined && TROUBLED.has(step)) return 'orange'
  return step === 'waiting' ? 'blue' : 'teal'
}

/** What differs, or is noted; the rest is of use to few and comes when it is asked for. */
function Columns({ label, columns }: { label: string; columns: Explanation['columns'] }) {
  const { t } = useWords()
  const [all, showAll] = useState(false)
  const differing = columns.filter(
    (one) => (one.portal ?? '') !== (one.erp ?? '') || (one.note !== null && (one.portal ?? '') !== ''),
  )
  const shown = all ? columns : differing
  return (
    <Stack gap="xs">
      <Group gap="sm">
        <Text size="sm">{t('sides.differ', { count: differing.length, total: columns.length })}</Text>
        <Button size="compact-sm" variant="subtle" aria-expanded={all} onClick={() => showAll(!all)}>
          {t(all ? 'sides.showDiffering' : 'sides.showAll')}
        </Button>
      </Group>
      {shown.length > 0 && <SideBySide label={label} columns={shown} />}
    </Stack>
  )
}

function Steps({ steps }: { steps: Explanation['steps'] }) {
  const { t, dateTime } = useWords()
  const said = useSaid()
  const withNames = useActorsIn(steps.map((one) => one.text))
  return (
    <Timeline bulletSize={24} lineWidth={2} active={steps.length}>
      {steps.map((one, at) => (
        <Timeline.Item
          // biome-ignore lint/suspicious/noArrayIndexKey: steps have no name of their own, and their order is what they are
          key={at}
          bullet={ICONS[one.step]}
          color={TROUBLED.has(one.step) ? 'orange.9' : 'brand'}
          title={t(`way.step.${one.step}`)}
        >
          <Text size="sm" className="wrap-anywhere">
            {said(withNames(one.text))}
          </Text>
          {one.at !== null && (
            <Text size="xs" c="dimmed">
              <time dateTime={one.at}>{dateTime(one.at)}</time>
            </Text>
          )}
          {Object.keys(one.details).length > 0 && <Details details={one.details} />}
        </Timeline.Item>
      ))}
    </Timeline>
  )
}

function Details({ details }: { details: Readonly<Record<string, unknown>> }) {
  const { t } = useWords()
  return (
    <details className="small">
      <summary>{t('way.details')}</summary>
      {Object.entries(details).map(([name, value]) => (
        <div key={name} className="wrap-anywhere">
          <span className="when">{name}</span> {typeof value === 'string' ? value : JSON.stringify(value)}
        </div>
      ))}
    </details>
  )
}
