import { Alert, Group, Loader, Stack, Table, Text } from '@mantine/core'
import { useEffect, useRef, useState } from 'react'
import type { DryRun, DryRunSample, Side } from '#dual-write/facets-control.ts'
import { useWords } from '../../lib/messages.tsx'
import { messageOf } from '../../parts/states.tsx'
import { CompanyName } from '../copy-parts.tsx'
import { DirectionText } from '../direction.tsx'
import { askEngine, mapPath } from '../engine-api.ts'

export type Trial = {
  isBusy: boolean
  result: DryRun | undefined
  error: Error | undefined
  start(options: { winner?: Side }): Promise<void>
  cancel(): void
  /** What was found no longer answers the question. */
  forget(): void
}

/** Asks what a first copy would do. Leaving the dialog ends the waiting. */
export function useDryRun(map: string): Trial {
  const [state, setState] = useState<Pick<Trial, 'isBusy' | 'result' | 'error'>>(NOTHING)
  const asking = useRef<AbortController>(undefined)
  useEffect(() => () => asking.current?.abort(), [])
  const leave = () => {
    asking.current?.abort()
    setState(NOTHING)
  }
  return {
    ...state,
    async start(options) {
      asking.current?.abort()
      const current = new AbortController()
      asking.current = current
      setState({ ...NOTHING, isBusy: true })
      try {
        const result = await askEngine<DryRun>('POST', mapPath(map, '/dry-runs'), options, current.signal)
        setState({ ...NOTHING, result })
      } catch (error) {
        if (!current.signal.aborted) setState({ ...NOTHING, error: error as Error })
      }
    },
    cancel: leave,
    forget: leave,
  }
}

const NOTHING = { isBusy: false, result: undefined, error: undefined }
const COUNTS = ['created', 'changed', 'unchanged', 'deleted', 'refused', 'excluded'] as const

export function DryRunResult({ trial }: { trial: Trial }) {
  const { t } = useWords()
  if (trial.isBusy)
    return (
      <Group gap="sm" role="status">
        <Loader size="sm" aria-hidden="true" />
        <Text size="sm">{t('dryRun.busy')}</Text>
      </Group>
    )
  if (trial.error !== undefined)
    return (
      <Alert color="red" role="alert" title={t('state.failed')}>
        {messageOf(trial.error, t)}
      </Alert>
    )
  return trial.result === undefined ? null : <Found result={trial.result} />
}

function Found({ result }: { result: DryRun }) {
  const { t } = useWords()
  return (
    <Stack gap="sm" component="section" aria-label={t('dryRun.title')}>
      <Text fw={600} role="status">
        {t('dryRun.title')}
      </Text>
      <Parts parts={result.parts} />
      {result.samples.map((sample) => (
        <Sample key={`${sample.company} ${sample.direction} ${sample.kind} ${sample.key}`} sample={sample} />
      ))}
    </Stack>
  )
}

function Parts({ parts }: { parts: DryRun['parts'] }) {
  const { t, number } = useWords()
  return (
    <Table.ScrollContainer minWidth={560}>
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
      </summary>
      {sample.reason !== null && (
        <Text size="sm" className="bad">
          {sample.reason}
        </Text>
      )}
      {sample.columns.length > 0 && <Columns columns={sample.columns} />}
    </details>
  )
}

function Columns({ columns }: { columns: DryRunSample['columns'] }) {
  const { t } = useWords()
  return (
    <Table.ScrollContainer minWidth={480}>
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
