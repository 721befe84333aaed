import { Alert, Progress, Stack, Table, Text } from '@mantine/core'
import { useEffect, useRef } from 'react'
import type { DryRun, DryRunProgress, DryRunSample } from '#dual-write/facets-control.ts'
import { useWords } from '../../lib/messages.tsx'
import { useSaid } from '../../lib/said.ts'
import { messageOf } from '../../parts/states.tsx'
import { CompanyName } from '../copy-parts.tsx'
import { DirectionText } from '../direction.tsx'
import type { Trial } from './use-dry-run.ts'

const COUNTS = ['created', 'changed', 'unchanged', 'deleted', 'refused', 'excluded'] as const

/** What a first copy would do: how far the reading is, then what was found. */
export function DryRunResult({ trial }: { trial: Trial }) {
  const { t } = useWords()
  if (trial.isBusy) return <HowFar now={trial.now} />
  if (trial.error !== undefined)
    return (
      <Alert color="red" role="alert" title={t('dryRun.failed')}>
        {messageOf(trial.error, t)}
      </Alert>
    )
  return trial.result === undefined ? null : <Found result={trial.result} />
}

function HowFar({ now }: { now: DryRunProgress | undefined }) {
  const { t, number } = useWords()
  const done = now === undefined ? 0 : now.part - 1 + (now.rowsTotal ? Math.min(now.rowsDone / now.rowsTotal, 1) : 0)
  return (
    <Stack gap={4}>
      <Progress value={now === undefined ? 0 : (done / now.parts) * 100} aria-label={t('dryRun.progress')} animated />
      <Text size="sm">{t('dryRun.busy')}</Text>
      {now !== undefined && (
        <Text size="xs" c="dimmed">
          {t('dryRun.part', { part: now.part, parts: now.parts })} · {now.company !== '' && `${now.company}, `}
          {t(`direction.${now.direction}`)} ·{' '}
          {now.rowsTotal === null
            ? t('initialSync.rows', { done: number(now.rowsDone) })
            : t('initialSync.rowsOf', { done: number(now.rowsDone), total: number(now.rowsTotal) })}
        </Text>
      )}
    </Stack>
  )
}

function Found({ result }: { result: DryRun }) {
  const { t } = useWords()
  const place = useRef<HTMLDivElement>(null)
  // It comes below what one has just clicked.
  useEffect(() => {
    place.current?.scrollIntoView({ block: 'nearest' })
  }, [])
  return (
    <Stack gap="sm" component="section" aria-label={t('dryRun.title')} ref={place}>
      <Text fw={600} role="status">
        {t('dryRun.title')}
      </Text>
      <Parts parts={result.parts} />
      {result.samples.length > 0 && (
        <Text size="sm" fw={600}>
          {t('dryRun.samples')}
        </Text>
      )}
      {result.samples.map((sample) => (
        <Sample key={`${sample.company} ${sample.direction} ${sample.kind} ${sample.key}`} sample={sample} />
      ))}
    </Stack>
  )
}

function Parts({ parts }: { parts: DryRun['parts'] }) {
  const { t, number } = useWords()
  return (
    <Table.ScrollContainer minWidth={560} scrollAreaProps={{ viewportProps: { tabIndex: 0 } }}>
      <Table verticalSpacing={4} fz="sm">
        <Table.Thead>
          <Table.Tr>
            <Table.Th>{t('copy.company')}</Table.Th>
            <Table.Th>{t('map.direction')}</Table.Th>
            {COUNTS.map((kind) => (
              <Table.Th key={kind} className="number">
                {t(`dryRun.${kind}`)}
              </Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {parts.map((part) => (
            <Table.Tr key={`${part.company} ${part.direction}`}>
              <Table.Td>
                <CompanyName company={part.company} />
              </Table.Td>
              <Table.Td>
                <DirectionText direction={part.direction} />
              </Table.Td>
              {COUNTS.map((kind) => (
                <Table.Td key={kind} className="number">
                  {number(part[kind])}
                </Table.Td>
              ))}
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  )
}

function Sample({ sample }: { sample: DryRunSample }) {
  const { t } = useWords()
  const said = useSaid()
  return (
    <details>
      <summary>
        <Text span size="sm" fw={600}>
          {t(`dryRun.${sample.kind}`)}
        </Text>{' '}
        <span className="mono">{sample.key}</span>{' '}
        <Text span size="sm" c="dimmed">
          <DirectionText direction={sample.direction} />
        </Text>
        {sample.reason !== null && (
          <Text span size="sm" className="bad">
            {' '}
            {said(sample.reason)}
          </Text>
        )}
      </summary>
      {sample.columns.length > 0 && <Columns columns={sample.columns} />}
    </details>
  )
}

function Columns({ columns }: { columns: DryRunSample['columns'] }) {
  const { t } = useWords()
  return (
    <Table.ScrollContainer minWidth={480} scrollAreaProps={{ viewportProps: { tabIndex: 0 } }}>
      <Table verticalSpacing={2} fz="sm">
        <Table.Thead>
          <Table.Tr>
            <Table.Th>{t('dryRun.column')}</Table.Th>
            <Table.Th>{t('dryRun.before')}</Table.Th>
            <Table.Th>{t('dryRun.after')}</Table.Th>
            <Table.Th>{t('dryRun.decidedBy')}</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {columns.map((one) => (
            <Table.Tr key={one.column}>
              <Table.Td className="mono">{one.column}</Table.Td>
              <Table.Td className="wrap-anywhere">{one.before ?? '–'}</Table.Td>
              <Table.Td className="wrap-anywhere">{one.after ?? '–'}</Table.Td>
              <Table.Td>{one.decidedBy}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  )
}
