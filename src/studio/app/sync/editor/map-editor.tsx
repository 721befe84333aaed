import './editor.css'
import { Alert, Button, Group, Paper, SegmentedControl, Stack, Text } from '@mantine/core'
import { useDebouncedValue, useHotkeys } from '@mantine/hooks'
import { useQuery } from '@tanstack/react-query'
import { lazy, Suspense, useEffect, useMemo, useState } from 'react'
import type { Finding, MapSchemas } from '#dual-write/facets-control.ts'
import { keep, readKept } from '../../lib/kept.ts'
import { useWords } from '../../lib/messages.tsx'
import type { TabProps } from '../tab-props.ts'
import { type Draft, useDraft } from './draft.ts'
import { checksQuery, previewQuery } from './editor-queries.ts'
import { FindingList } from './finding-list.tsx'
import { readMapText } from './map-text.ts'
import { Overtaken } from './overtaken.tsx'
import { entryOf } from './sample.ts'
import { type Base, SaveDialog } from './save-dialog.tsx'
import { UnsavedGuard } from './unsaved-guard.tsx'
import { VisualEditor } from './visual-editor.tsx'

// The text editor is a large part of Studio that few open.
const YamlText = lazy(() => import('./yaml-text.tsx').then((module) => ({ default: module.YamlText })))

const TYPING_PAUSE_MS = 400

/** A map is changed in columns or in its text, whichever is at hand: both show one text, whose sample and findings follow it. */
export function MapEditor(props: Pick<TabProps, 'name' | 'address' | 'go'> & { active: Base; schemas: MapSchemas }) {
  const { name, active, schemas, address, go } = props
  const kept = useMemo(() => readKept<KeptMap>(placeOf(name)), [name])
  const [base, setBase] = useState<Base>(kept?.base ?? active)
  const [isAgain, setIsAgain] = useState(kept !== undefined)
  const [saving, setSaving] = useState(false)
  const [place, setPlace] = useState<{ line: number } | undefined>(undefined)
  const draft = useDraft(base.text, kept?.text)
  const read = useMemo(() => readMapText(draft.text), [draft.text])
  const { preview, findings, isBehind } = useJudgement(name, draft.text)
  const isChanged = draft.text !== base.text
  useEffect(() => keep(placeOf(name), isChanged ? { base, text: draft.text } : undefined), [name, isChanged, base, draft.text])
  const isText = address.mode === 'text' || read.problem !== null
  useKeys(draft, () => isChanged && setSaving(true))
  const show = (finding: Finding) => {
    setPlace(finding.line === null ? undefined : { line: finding.line })
    go({ mode: 'text' })
  }
  const take = (next: Base) => {
    setBase(next)
    draft.change(next.text)
  }
  return (
    <Stack gap="md">
      {active.version !== base.version && (
        <Overtaken base={base} active={active} mine={draft.text} take={() => take(active)} keep={() => setBase(active)} />
      )}
      {isAgain && isChanged && <Again giveUp={() => draft.change(base.text)} close={() => setIsAgain(false)} />}
      <Toolbar
        draft={draft}
        base={base}
        findings={findings}
        isText={isText}
        isBehind={isBehind}
        setMode={(mode) => go({ mode })}
        save={() => setSaving(true)}
      />
      <MapFindings findings={isText ? findings : findings.filter((one) => entryOf(one) === undefined)} onGo={show} />
      {preview.isError && <SampleFailure reason={preview.error.message} />}
      {isText ? (
        <Suspense fallback={<Paper withBorder h={400} />}>
          <YamlText
            label={name}
            text={draft.text}
            schemas={schemas}
            findings={findings}
            place={place}
            change={(text) => draft.change(text, 'text')}
            undo={() => draft.undo?.()}
            redo={() => draft.redo?.()}
          />
        </Suspense>
      ) : (
        <VisualEditor
          draft={draft}
          read={read}
          schemas={schemas}
          findings={findings}
          preview={preview.data}
          address={address}
          go={go}
        />
      )}
      <SaveDialog opened={saving} name={name} base={base} text={draft.text} onSaved={take} close={() => setSaving(false)} />
      <UnsavedGuard isChanged={isChanged} />
    </Stack>
  )
}

function useKeys(draft: Draft, save: () => void): void {
  useHotkeys([
    ['mod+z', () => draft.undo?.()],
    ['mod+y', () => draft.redo?.()],
    ['mod+shift+z', () => draft.redo?.()],
    ['mod+s', save],
  ])
}

type KeptMap = { base: Base; text: string }

function placeOf(name: string): string {
  return `map ${name}`
}

/** What was changed before a reload is here again; nobody else has seen it. */
function Again({ giveUp, close }: { giveUp: () => void; close: () => void }) {
  const { t } = useWords()
  return (
    <Alert
      color="blue"
      title={t('editor.again')}
      withCloseButton
      closeButtonLabel={t('action.close')}
      onClose={close}
      role="status"
    >
      <Group gap="sm">
        <Text size="sm">{t('editor.againText')}</Text>
        <Button size="compact-sm" variant="default" onClick={giveUp}>
          {t('editor.discard')}
        </Button>
      </Group>
    </Alert>
  )
}

/** What the server says of the text as it stands, a moment after the last keystroke. */
function useJudgement(name: string, text: string) {
  const [settled] = useDebouncedValue(text, TYPING_PAUSE_MS)
  const preview = useQuery(previewQuery(name, settled))
  const checks = useQuery({ ...checksQuery(name, settled), enabled: preview.isError })
  return {
    preview,
    findings: preview.isError ? (checks.data ?? []) : (preview.data?.findings ?? []),
    isBehind: settled !== text || preview.isFetching || checks.isFetching,
  }
}

function Toolbar(props: {
  draft: Draft
  base: Base
  findings: readonly Finding[]
  isText: boolean
  isBehind: boolean
  setMode: (mode: string) => void
  save: () => void
}) {
  const { draft, base, findings, isText, isBehind } = props
  const { t } = useWords()
  const isChanged = draft.text !== base.text
  const errors = findings.filter((one) => one.severity === 'error').length
  const state = isBehind ? t('editor.checking') : t('editor.counts', { errors, warnings: findings.length - errors })
  return (
    <Group justify="space-between" className="editor-bar">
      <Group gap="sm">
        <SegmentedControl
          size="xs"
          aria-label={t('editor.mode')}
          value={isText ? 'text' : 'columns'}
          onChange={(mode) => props.setMode(mode === 'text' ? 'text' : '')}
          data={[
            { value: 'columns', label: t('editor.modeColumns') },
            { value: 'text', label: t('editor.modeText') },
          ]}
        />
        <Button size="compact-sm" variant="default" disabled={draft.undo === undefined} onClick={draft.undo}>
          {t('editor.undo')}
        </Button>
        <Button size="compact-sm" variant="default" disabled={draft.redo === undefined} onClick={draft.redo}>
          {t('editor.redo')}
        </Button>
        <Text size="sm" c="dimmed" role="status">
          {state}
        </Text>
      </Group>
      <Group gap="sm">
        <Text size="sm" c="dimmed">
          {isChanged ? t('editor.changed', { version: base.version }) : t('map.version', { version: base.version })}
        </Text>
        {isChanged && (
          <Button size="compact-sm" variant="default" onClick={() => draft.change(base.text)}>
            {t('editor.discard')}
          </Button>
        )}
        <Button size="compact-sm" disabled={!isChanged || errors > 0 || isBehind} onClick={props.save}>
          {t('editor.save')}
        </Button>
      </Group>
    </Group>
  )
}

/** Errors are read at once; what is only doubtful, by whoever opens it. */
function MapFindings({ findings, onGo }: { findings: readonly Finding[]; onGo: (finding: Finding) => void }) {
  const { t } = useWords()
  const errors = findings.filter((one) => one.severity === 'error')
  const warnings = findings.filter((one) => one.severity === 'warning')
  if (findings.length === 0) return null
  return (
    <Paper withBorder p="sm">
      {errors.length > 0 && <FindingList findings={errors} onGo={onGo} />}
      {warnings.length > 0 && (
        <details>
          <summary>{t('editor.mapWarnings', { count: warnings.length })}</summary>
          <FindingList findings={warnings} onGo={onGo} />
        </details>
      )}
    </Paper>
  )
}

function SampleFailure({ reason }: { reason: string }) {
  const { t } = useWords()
  return (
    <Alert color="orange" title={t('editor.noSample')}>
      {reason}
    </Alert>
  )
}
