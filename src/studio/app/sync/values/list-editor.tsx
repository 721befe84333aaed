import '../editor/editor.css'
import { Alert, Button, Group, NativeSelect, Stack, Text, TextInput } from '@mantine/core'
import { useState } from 'react'
import type { SharedList } from '#dual-write/facets-control.ts'
import { keep, readKept } from '../../lib/kept.ts'
import { useMapTitles } from '../../lib/maps.ts'
import { useWords } from '../../lib/messages.tsx'
import { TextLink } from '../../parts/link.tsx'
import { PairTable } from './pair-table.tsx'
import { type Kind, kindOf, pairsOf, problemsOf, type TypedPair, typedOf } from './pairs.ts'
import { type Asked, PlanDialog } from './plan-dialog.tsx'

/** No list can have this name. */
export const NEW_LIST = '+'
const NAME = /^[a-z][a-z0-9-]{0,62}$/
const KINDS: readonly Kind[] = ['text', 'number', 'truth']

type Work = { name: string; kind: Kind; rows: readonly TypedPair[]; basedOn: string }
type Props = { list: SharedList | undefined; names: readonly string[]; show: (name: string | undefined) => void }

/** One list, to be changed: what is typed is kept in this browser until it is saved or given up. */
export function ListEditor({ list, names, show }: Props) {
  const { t } = useWords()
  const { work, change, isChanged, giveUp, settle } = useWork(list)
  const [asked, ask] = useState<Asked | undefined>(undefined)
  const problems = problemsOf(work.rows, work.kind)
  const isOvertaken = list !== undefined && work.basedOn !== list.revision
  const canSave = isChanged && problems.size === 0 && (list !== undefined || isFree(work.name, names)) && !isOvertaken
  const pairs = pairsOf(work.rows, work.kind)
  return (
    <Stack gap="lg">
      {list !== undefined && <About list={list} giveBack={() => ask({ kind: 'reset' })} />}
      {isOvertaken && (
        <Alert color="orange" role="alert" title={t('values.overtaken')}>
          <Group gap="sm" mt="xs">
            <Button size="xs" variant="default" onClick={giveUp}>
              {t('editor.takeTheirs')}
            </Button>
            <Button size="xs" variant="default" onClick={() => change({ basedOn: list.revision })}>
              {t('editor.keepMine')}
            </Button>
          </Group>
        </Alert>
      )}
      <Head isNew={list === undefined} work={work} names={names} change={change} />
      <Group className="editor-bar" justify="space-between">
        <Text size="sm" c="dimmed" role="status">
          {problems.size > 0
            ? t('values.problems', { count: problems.size })
            : t(isChanged ? 'values.keptHere' : 'values.unchanged')}
        </Text>
        <Group gap="sm">
          {isChanged && (
            <Button variant="default" onClick={giveUp}>
              {t('editor.discard')}
            </Button>
          )}
          <Button disabled={!canSave} onClick={() => ask({ kind: 'save', pairs, basedOn: work.basedOn })}>
            {t('editor.save')}
          </Button>
        </Group>
      </Group>
      <PairTable rows={work.rows} kind={work.kind} problems={problems} change={(rows) => change({ rows })} />
      <PlanDialog
        name={list?.name ?? work.name}
        asked={asked}
        close={() => ask(undefined)}
        done={() => {
          settle()
          if (asked?.kind === 'reset' && list?.saved?.isNew === true) show(undefined)
          else show(list?.name ?? work.name)
        }}
      />
    </Stack>
  )
}

/** The name of a new list, and what its values are. */
function Head(props: { isNew: boolean; work: Work; names: readonly string[]; change: (part: Partial<Work>) => void }) {
  const { t } = useWords()
  const { isNew, work, change } = props
  const nameProblem = isNew ? problemOfName(work.name, props.names) : undefined
  return (
    <Group align="flex-start">
      {isNew && (
        <TextInput
          label={t('values.name')}
          description={t('values.nameHelp')}
          className="mono"
          value={work.name}
          error={nameProblem === undefined ? undefined : t(`values.name.${nameProblem}`)}
          onChange={(event) => change({ name: event.currentTarget.value })}
          data-autofocus
        />
      )}
      <NativeSelect
        label={t('values.kind')}
        description={t('values.kindHelp')}
        value={work.kind}
        onChange={(event) => change({ kind: event.currentTarget.value as Kind })}
        data={KINDS.map((value) => ({ value, label: t(`values.kind.${value}`) }))}
      />
    </Group>
  )
}

/** What somebody has typed; without a change of his own it is the list as it stands. */
function useWork(list: SharedList | undefined) {
  const place = `values ${list?.name ?? NEW_LIST}`
  const now = workOf(list)
  const [typed, setTyped] = useState<Work | undefined>(() => readKept<Work>(place))
  const work = typed ?? now
  const put = (next: Work | undefined) => {
    setTyped(next)
    keep(place, next)
  }
  return {
    work,
    isChanged: typed !== undefined,
    change: (part: Partial<Work>) => {
      const next = { ...work, ...part }
      put(JSON.stringify(next) === JSON.stringify(now) ? undefined : next)
    },
    giveUp: () => put(undefined),
    settle: () => put(undefined),
  }
}

function workOf(list: SharedList | undefined): Work {
  if (list === undefined) return { name: '', kind: 'text', rows: [], basedOn: '' }
  return { name: list.name, kind: kindOf(list.pairs), rows: typedOf(list.pairs), basedOn: list.revision }
}

function isFree(name: string, names: readonly string[]): boolean {
  return name !== '' && problemOfName(name, names) === undefined
}

function problemOfName(name: string, names: readonly string[]): 'wrong' | 'taken' | undefined {
  if (name === '') return undefined
  if (!NAME.test(name)) return 'wrong'
  return names.includes(name) ? 'taken' : undefined
}

/** Who uses the list, and where it comes from. */
function About({ list, giveBack }: { list: SharedList; giveBack: () => void }) {
  const { t, dateTime } = useWords()
  const titleOf = useMapTitles()
  const { maps, saved } = list
  return (
    <Stack gap="xs">
      <Text size="sm">
        {t('values.usedBy')}: {maps.length === 0 && t('values.unused')}
        {maps.map((map, at) => (
          <span key={map}>
            {at > 0 && ', '}
            <TextLink to="/dual-write/$name" params={{ name: map }} search={{ tab: 'columns' }}>
              {titleOf(map)}
            </TextLink>
          </span>
        ))}
      </Text>
      <Group gap="sm">
        <Text size="sm" c="dimmed">
          {saved === null ? t('values.asFile') : t('values.saved', { by: saved.by, at: dateTime(saved.at) })}
        </Text>
        {saved !== null && (
          <Button size="compact-sm" variant="default" onClick={giveBack}>
            {t(saved.isNew ? 'values.remove' : 'values.giveBack')}
          </Button>
        )}
      </Group>
    </Stack>
  )
}
