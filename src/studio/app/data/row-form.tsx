import { Button, Collapse, Group, SimpleGrid, Stack, Text } from '@mantine/core'
import { useDisclosure, useHotkeys } from '@mantine/hooks'
import { type FormEvent, useEffect, useRef, useState } from 'react'
import type { CellValue, FieldProblem, RowDetail, SaveOutcome, TableDetail } from '../../wire-data.ts'
import { post, queryClient } from '../lib/api.ts'
import { useWords } from '../lib/messages.tsx'
import { tellDone, tellFailure } from '../parts/states.tsx'
import { FieldInput } from './field-input.tsx'
import { problemText } from './problem-text.ts'
import { RowConflict } from './row-conflict.tsx'
import { DeleteRow } from './row-delete.tsx'
import { changesIn, computedColumns, type Edits, editableColumns, startValues } from './row-edits.ts'
import { cellText, labelOf } from './values.tsx'

type Props = {
  table: TableDetail
  /** Undefined: a new row, as a copy of `copied` or from nothing. */
  row: RowDetail | undefined
  copied: RowDetail | undefined
  open: (id: string) => void
  close: () => void
  copy?: () => void
  setDirty: (dirty: boolean) => void
}

/** The values of a row in inputs that fit them. What is wrong is told beside every input at once; Ctrl+S saves. */
export function RowForm(props: Props) {
  const { table, row, copied } = props
  const { t } = useWords()
  const form = useRowForm(props)
  useHotkeys([['mod+S', () => void form.save(), { preventDefault: true }]], [])
  const submit = (event: FormEvent) => {
    event.preventDefault()
    void form.save()
  }
  return (
    <form onSubmit={submit} noValidate>
      {form.theirs !== undefined && row !== undefined && (
        <RowConflict table={table} base={form.base ?? row} theirs={form.theirs} edits={form.edits} resolve={form.resolve} />
      )}
      <SimpleGrid cols={{ base: 1, sm: 2 }} spacing="md" verticalSpacing="md">
        {editableColumns(table).map((column) => (
          <div key={column.name} className={column.type === 'memo' || column.targets.length > 0 ? 'field-wide' : undefined}>
            <FieldInput
              table={table}
              column={column}
              row={row}
              names={(row ?? copied)?.names ?? {}}
              known={(row ?? copied)?.values ?? {}}
              values={form.values}
              error={form.errorOf(column)}
              change={form.change}
            />
          </div>
        ))}
      </SimpleGrid>
      {form.others.length > 0 && (
        <Stack gap={2} mt="md" role="alert">
          {form.others.map((text) => (
            <Text key={text} size="sm" c="red.9">
              {text}
            </Text>
          ))}
        </Stack>
      )}
      {row !== undefined && <Computed table={table} row={row} />}
      <Group className="form-foot" justify="space-between" mt="lg">
        <Group gap="xs">
          <Button type="submit" loading={form.busy} disabled={row !== undefined && !form.isDirty}>
            {t('action.save')}
          </Button>
          <Button variant="default" onClick={form.isDirty && row !== undefined ? form.reset : props.close}>
            {t('action.cancel')}
          </Button>
        </Group>
        {row !== undefined && (
          <Group gap="xs">
            <Button variant="subtle" onClick={props.copy}>
              {t('edit.duplicate')}
            </Button>
            <DeleteRow table={table} row={row} done={props.close} />
          </Group>
        )}
      </Group>
    </form>
  )
}

function useRowForm({ table, row, copied, open, setDirty }: Props) {
  const { t } = useWords()
  const [edits, setEdits] = useState<Edits>(() => (row === undefined ? startValues(table, copied) : {}))
  const [problems, setProblems] = useState<FieldProblem[]>([])
  const problemTexts = useProblemTexts(table, problems)
  const [theirs, setTheirs] = useState<RowDetail>()
  const [base, setBase] = useState(row)
  const [busy, setBusy] = useState(false)
  const saving = useRef(false)
  // Read again meanwhile (a file was kept): what was not typed over follows.
  useEffect(() => setBase(row), [row])
  const changes = changesIn(base?.values ?? {}, edits)
  const isDirty = Object.keys(changes).length > 0
  useEffect(() => setDirty(isDirty), [isDirty, setDirty])
  useEffect(() => () => setDirty(false), [setDirty])

  const done = async (outcome: Extract<SaveOutcome, { kind: 'saved' }>) => {
    setEdits({})
    setProblems([])
    setTheirs(undefined)
    setDirty(false)
    await readAgain(table.name, outcome.id)
    tellDone(t(row === undefined ? 'edit.created' : 'edit.saved'), t)
    // The guard looks at the state of the next picture.
    if (row === undefined) setTimeout(() => open(outcome.id))
  }
  const save = async () => {
    if (saving.current || (row !== undefined && !isDirty)) return
    saving.current = true
    setBusy(true)
    try {
      const outcome = await send(table.name, row === undefined ? undefined : base, changes)
      if (outcome.kind === 'saved') await done(outcome)
      else if (outcome.kind === 'stale') setTheirs(outcome.row)
      else setProblems(outcome.problems)
    } catch (error) {
      tellFailure(error as Error, t)
    } finally {
      saving.current = false
      setBusy(false)
    }
  }
  return {
    ...problemTexts,
    edits,
    base,
    theirs,
    busy,
    isDirty,
    save,
    values: { ...base?.values, ...edits } as Readonly<Record<string, CellValue>>,
    change: (values: Record<string, CellValue>) => {
      setEdits((before) => ({ ...before, ...values }))
      setProblems((before) => before.filter((one) => !(one.column in values)))
    },
    reset: () => {
      setEdits({})
      setProblems([])
      setTheirs(undefined)
    },
    /** `mine`: the columns that stay as they were typed here; the others are as they are now. */
    resolve: (now: RowDetail, mine: ReadonlySet<string>) => {
      setBase(now)
      setEdits((before) => keptEdits(before, base, now, mine))
      setTheirs(undefined)
    },
  }
}

/** What is wrong, as texts: beside the input of its column, or apart where the column has none here. */
function useProblemTexts(table: TableDetail, problems: readonly FieldProblem[]) {
  const { t, language } = useWords()
  const shownColumns = new Set(editableColumns(table).map((column) => column.name))
  return {
    errorOf: (column: { name: string; labels: TableDetail['labels'] }) =>
      problems
        .filter((one) => one.column === column.name)
        .map((one) => problemText(one, labelOf(column, language), t))
        .join(' ') || undefined,
    /** Problems of columns that have no input here. */
    others: problems.filter((one) => !shownColumns.has(one.column)).map((one) => problemText(one, one.column, t)),
  }
}

/** Edits that stay after a look at what somebody else has saved: the chosen ones, and those of columns that he left alone. */
function keptEdits(edits: Edits, base: RowDetail | undefined, now: RowDetail, mine: ReadonlySet<string>): Edits {
  return Object.fromEntries(
    Object.entries(edits).filter(([name]) => mine.has(name) || String(base?.values[name]) === String(now.values[name])),
  )
}

function send(table: string, base: RowDetail | undefined, values: Edits): Promise<SaveOutcome> {
  const path = `/tables/${table}/rows`
  return base === undefined ? post(path, { values }) : post(`${path}/${base.id}/changes`, { version: base.version, values })
}

/** Whatever shows this row, or counts it, reads it again. */
async function readAgain(table: string, id: string): Promise<void> {
  await queryClient.invalidateQueries({ queryKey: ['row', table, id] })
  for (const key of ['rows', 'history', 'choices', 'related']) void queryClient.invalidateQueries({ queryKey: [key] })
}

function Computed({ table, row }: { table: TableDetail; row: RowDetail }) {
  const words = useWords()
  const [opened, { toggle }] = useDisclosure(false)
  return (
    <>
      <Button variant="subtle" size="compact-sm" mt="md" onClick={toggle} aria-expanded={opened}>
        {words.t('edit.kept')}
      </Button>
      <Collapse expanded={opened}>
        <dl className="facts">
          {computedColumns(table).map((column) => (
            <div key={column.name}>
              <dt title={column.name}>{labelOf(column, words.language)}</dt>
              <dd>{cellText(column, row, words) || '–'}</dd>
            </div>
          ))}
        </dl>
      </Collapse>
    </>
  )
}
