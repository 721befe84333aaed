import { Alert, Button, Group, SimpleGrid, Stack, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import type { ParkedItem } from '../../../wire.ts'
import type { CellValue, ColumnInfo, RowDetail, TableDetail } from '../../../wire-data.ts'
import { FieldInput } from '../../data/field-input.tsx'
import { rowQuery, tableQuery } from '../../data/queries.ts'
import { changesIn, editableColumns } from '../../data/row-edits.ts'
import { mapQuery } from '../../lib/api.ts'
import { useWords } from '../../lib/messages.tsx'
import { useSaid } from '../../lib/said.ts'
import { Dialog } from '../../parts/dialog.tsx'
import { Loaded, messageOf, tellDone } from '../../parts/states.tsx'
import { askEngine } from '../engine-api.ts'
import { readAgain } from './deeds.ts'

/**
 * Corrects what a parked change is about, and puts it back into the queue. An edit of the portal shows the row as it is; a record that is
 * not here yet shows empty inputs, and what is typed takes the place of what the ERP says.
 */
export function EditParked({ item, close }: { item: ParkedItem | undefined; close: () => void }) {
  const { t } = useWords()
  return (
    <Dialog opened={item !== undefined} close={close} title={t('wait.editTitle')} size="xl">
      {item !== undefined && (item.rowId === null ? <OfRecord item={item} close={close} /> : <OfRow item={item} close={close} />)}
    </Dialog>
  )
}

type Part = { item: ParkedItem; close: () => void }

function OfRow({ item, close }: Part) {
  const table = useQuery(tableQuery(item.table))
  const row = useQuery({ ...rowQuery(item.table, item.rowId ?? ''), staleTime: 0 })
  return (
    <Loaded query={table}>
      {(shape) => (
        <Loaded query={row}>
          {(found) => (
            <Form
              item={item}
              close={close}
              table={shape}
              row={found}
              columns={editableColumns(shape).filter((one) => found.mappedColumns.includes(one.name))}
            />
          )}
        </Loaded>
      )}
    </Loaded>
  )
}

function OfRecord({ item, close }: Part) {
  const table = useQuery(tableQuery(item.table))
  const map = useQuery(mapQuery(item.map))
  return (
    <Loaded query={table}>
      {(shape) => (
        <Loaded query={map}>
          {(found) => {
            const arriving = new Set(found.columns.filter((one) => one.direction !== 'toErp').map((one) => one.column))
            const columns = editableColumns(shape).filter((one) => arriving.has(one.name))
            // What is left empty is as the ERP has it.
            const open = columns.map((one) => ({ ...one, required: false }))
            return <Form item={item} close={close} table={shape} row={undefined} columns={open} />
          }}
        </Loaded>
      )}
    </Loaded>
  )
}

function Form(props: Part & { table: TableDetail; row: RowDetail | undefined; columns: ColumnInfo[] }) {
  const { t } = useWords()
  const said = useSaid()
  const { item, row, columns, table } = props
  const [edits, setEdits] = useState<Record<string, CellValue>>({})
  const [problem, setProblem] = useState<Error>()
  const [busy, setBusy] = useState(false)
  const changes = changesIn(row?.values ?? {}, edits)
  const submit = async (event: FormEvent) => {
    event.preventDefault()
    setBusy(true)
    try {
      await askEngine('POST', `/parked-changes/${encodeURIComponent(item.id)}/edits`, { values: asTexts(changes) })
      tellDone(t('wait.edited'), t)
      await readAgain()
      props.close()
    } catch (error) {
      setProblem(error as Error)
    } finally {
      setBusy(false)
    }
  }
  return (
    <form onSubmit={(event) => void submit(event)} noValidate>
      <Stack>
        <Text size="sm" className="bad wrap-anywhere">
          {said(item.reason)}
        </Text>
        <Text size="sm" c="dimmed">
          {t(row === undefined ? 'wait.editRecord' : 'wait.editRow')}
        </Text>
        <Fields {...{ item, table, row, columns, edits }} change={(values) => setEdits((before) => ({ ...before, ...values }))} />
        {problem !== undefined && (
          <Alert color="red" role="alert" title={t('state.failed')}>
            {messageOf(problem, t)}
          </Alert>
        )}
        <Group justify="flex-end" className="form-foot">
          <Button variant="default" onClick={props.close}>
            {t('action.cancel')}
          </Button>
          <Button type="submit" loading={busy} disabled={Object.keys(changes).length === 0}>
            {t('wait.editDeed')}
          </Button>
        </Group>
      </Stack>
    </form>
  )
}

type Edits = Record<string, CellValue>

/** What the other side has refused is among what was changed; the rest is a long list, for who wants it. */
function Fields(props: {
  item: ParkedItem
  table: TableDetail
  row: RowDetail | undefined
  columns: ColumnInfo[]
  edits: Edits
  change: (values: Edits) => void
}) {
  const { t } = useWords()
  const { columns, ...rest } = props
  const concerned = columns.filter((one) => props.item.columns.includes(one.name))
  if (concerned.length === 0) return <Inputs {...rest} columns={columns} />
  const others = columns.filter((one) => !concerned.includes(one))
  return (
    <>
      <Text fw={600} size="sm">
        {t('wait.concerned')}
      </Text>
      <Inputs {...rest} columns={concerned} />
      {others.length > 0 && (
        <details>
          <summary>{t('wait.others', { count: others.length })}</summary>
          <Inputs {...rest} columns={others} />
        </details>
      )}
    </>
  )
}

function Inputs(props: Omit<Parameters<typeof Fields>[0], 'item'>) {
  const { table, row, columns, edits, change } = props
  return (
    <SimpleGrid cols={{ base: 1, sm: 2 }} spacing="md" verticalSpacing="md">
      {columns.map((column) => (
        <div key={column.name} className={column.type === 'memo' || column.targets.length > 0 ? 'field-wide' : undefined}>
          <FieldInput
            table={table}
            column={column}
            row={row}
            names={row?.names ?? {}}
            known={row?.values ?? {}}
            values={{ ...row?.values, ...edits }}
            error={undefined}
            change={change}
          />
        </div>
      ))}
    </SimpleGrid>
  )
}

/** The engine takes all values as text; an empty one is nothing. */
function asTexts(values: Readonly<Record<string, CellValue>>): Record<string, string | null> {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [name, value === null || value === '' ? null : String(value)]),
  )
}
