import { Alert, Button, FileButton, Group, Progress, Stack, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { type DragEvent, useEffect, useState } from 'react'
import type { ImportInfo, ImportSettings, TableDetail } from '../../wire-data.ts'
import { API_ROOT, post, queryClient } from '../lib/api.ts'
import { useWords } from '../lib/messages.tsx'
import { Empty, tellFailure } from '../parts/states.tsx'
import { ImportSettingsForm } from './import-settings.tsx'
import { zoneName } from './local-moment.ts'
import { problemText } from './problem-text.ts'
import { importQuery } from './queries.ts'
import { upload } from './upload.ts'
import { labelOf } from './values.tsx'

/** A file becomes rows: chosen, understood, tried without writing anything, then run. Each step can be looked at before the next. */
export function ImportPanel({ table }: { table: TableDetail }) {
  const { t } = useWords()
  const [id, setId] = useState<string>()
  const [sent, setSent] = useState<number>()
  const current = useQuery({ ...importQuery(id ?? ''), enabled: id !== undefined })
  const send = async (file: File | null) => {
    if (file === null) return
    setSent(0)
    try {
      const path = `/tables/${table.name}/imports?${new URLSearchParams({ name: file.name })}`
      const info = await upload<ImportInfo>(path, file, setSent)
      // Times without a zone are read as the clock of the person who imports shows them.
      const settings = { ...info.settings, timeZone: zoneName() }
      const set = await post<ImportInfo>(`/imports/${info.id}/settings`, settings).catch(() => info)
      queryClient.setQueryData(importQuery(info.id).queryKey, set)
      setId(info.id)
    } catch (error) {
      tellFailure(error as Error, t)
    } finally {
      setSent(undefined)
    }
  }
  if (current.data !== undefined && id !== undefined)
    return <Import key={id} table={table} info={current.data} again={() => setId(undefined)} />
  return <ChooseFile send={send} sent={sent} />
}

function ChooseFile({ send, sent }: { send: (file: File | null) => Promise<void>; sent: number | undefined }) {
  const { t } = useWords()
  const [over, setOver] = useState(false)
  const drop = (event: DragEvent) => {
    event.preventDefault()
    setOver(false)
    void send(event.dataTransfer.files[0] ?? null)
  }
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: dropping is a shortcut; the button does the same
    <div
      className={over ? 'drop drop-over' : 'drop'}
      onDragOver={(event) => {
        event.preventDefault()
        setOver(true)
      }}
      onDragLeave={() => setOver(false)}
      onDrop={drop}
    >
      <Empty title={t('import.choose')} text={t('import.chooseText')}>
        <FileButton onChange={(file) => void send(file)} accept=".csv,.txt,.tsv,.xlsx,text/csv">
          {(button) => (
            <Button {...button} loading={sent !== undefined}>
              {t('edit.chooseFile')}
            </Button>
          )}
        </FileButton>
        {sent !== undefined && <Progress value={sent * 100} w={240} aria-label={t('edit.sending')} />}
      </Empty>
    </div>
  )
}

function Import({ table, info, again }: { table: TableDetail; info: ImportInfo; again: () => void }) {
  const { t, number } = useWords()
  const { state } = info
  const isWorking = state.kind === 'working'
  const act = async (path: string, body: object) => {
    try {
      queryClient.setQueryData(importQuery(info.id).queryKey, await post<ImportInfo>(`/imports/${info.id}/${path}`, body))
    } catch (error) {
      tellFailure(error as Error, t)
    }
  }
  const hasWritten = state.kind !== 'ready' && !isWorking && state.pass === 'run'
  useEffect(() => {
    if (hasWritten) for (const key of ['rows', 'row', 'choices']) void queryClient.invalidateQueries({ queryKey: [key] })
  }, [hasWritten])
  const isTried = state.kind !== 'ready' && !isWorking
  return (
    <Stack>
      <Group justify="space-between">
        <Text>
          <strong>{info.fileName}</strong> · {t('import.rows', { count: info.rows })}
        </Text>
        <Button variant="subtle" onClick={again} disabled={isWorking}>
          {t('import.another')}
        </Button>
      </Group>
      <ImportSettingsForm
        table={table}
        info={info}
        disabled={isWorking}
        change={(settings: ImportSettings) => act('settings', settings)}
      />
      <Group>
        <Button variant={isTried ? 'default' : 'filled'} disabled={isWorking} onClick={() => void act('runs', { pass: 'dry' })}>
          {t('import.try')}
        </Button>
        <Button variant={isTried ? 'filled' : 'default'} disabled={isWorking} onClick={() => void act('runs', { pass: 'run' })}>
          {t('import.run', { rows: number(info.rows) })}
        </Button>
        {isWorking && (
          <Button variant="subtle" onClick={() => void act('cancellations', {})}>
            {t('action.cancel')}
          </Button>
        )}
      </Group>
      {state.kind === 'working' && (
        <Progress value={(100 * state.counts.read) / Math.max(1, info.rows)} aria-label={t('import.progress')} />
      )}
      {state.kind !== 'ready' && <Outcome table={table} info={info} />}
    </Stack>
  )
}

function Outcome({ table, info }: { table: TableDetail; info: ImportInfo }) {
  const { t, language, number, duration } = useWords()
  const { state } = info
  if (state.kind === 'ready') return null
  const { counts, pass } = state
  const title = state.kind === 'working' ? t('import.working') : t(`import.${state.kind}.${pass}`)
  const color = state.kind === 'failed' ? 'red' : counts.refused > 0 ? 'orange' : state.kind === 'working' ? 'blue' : 'teal'
  return (
    <Alert color={color} title={title} role="status">
      <Stack gap="sm" align="flex-start">
        <dl className="counts">
          {(['created', 'updated', 'unchanged', 'refused'] as const).map((name) => (
            <div key={name}>
              <dt>{t(`import.${name}`)}</dt>
              <dd>{number(counts[name])}</dd>
            </div>
          ))}
        </dl>
        {state.kind === 'failed' && <Text size="sm">{state.reason}</Text>}
        {'tookMs' in state && (
          <Text size="xs" c="dimmed">
            {duration(state.tookMs)}
          </Text>
        )}
        {info.refused.length > 0 && (
          <ul className="plain-list refusals">
            {info.refused.map((one) => (
              <li key={one.line}>
                {t('import.line', { line: one.line })}:{' '}
                {one.problems
                  .map((problem) => {
                    const column = table.columns.find((each) => each.name === problem.column)
                    return problemText(problem, column === undefined ? problem.column : labelOf(column, language), t)
                  })
                  .join(' ')}
              </li>
            ))}
          </ul>
        )}
        {counts.refused > 0 && state.kind !== 'working' && (
          <Button
            component="a"
            size="xs"
            variant="default"
            href={`${API_ROOT}/imports/${info.id}/refused?language=${language}`}
            download
          >
            {t('import.refusedFile', { count: counts.refused })}
          </Button>
        )}
      </Stack>
    </Alert>
  )
}
