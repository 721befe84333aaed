import { Button, Group, List, Stack, Text } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { notifications } from '@mantine/notifications'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import type { DeleteOutcome, RelatedRows, RowDetail, TableDetail } from '../../wire-data.ts'
import { post, queryClient } from '../lib/api.ts'
import { type Translate, useWords } from '../lib/messages.tsx'
import { Dialog } from '../parts/dialog.tsx'
import { Loaded, tellDone, tellFailure } from '../parts/states.tsx'
import { relatedQuery } from './queries.ts'
import { labelOf } from './values.tsx'

/** As long as the toast stands, a deleted row can be brought back by it. */
const UNDO_MS = 15_000

/** Deletes a row after saying what hangs on it; the toast that follows takes it back. */
export function DeleteRow({ table, row, done }: { table: TableDetail; row: RowDetail; done: () => void }) {
  const { t, language } = useWords()
  const [opened, dialog] = useDisclosure(false)
  const name = String(row.values[table.nameColumn] ?? row.id)
  return (
    <>
      <Button color="red.9" variant="subtle" onClick={dialog.open}>
        {t('edit.delete')}
      </Button>
      <Dialog opened={opened} close={dialog.close} title={t('edit.deleteTitle', { table: labelOf(table, language), name })}>
        <Body table={table} row={row} name={name} close={dialog.close} done={done} />
      </Dialog>
    </>
  )
}

function Body(props: { table: TableDetail; row: RowDetail; name: string; close: () => void; done: () => void }) {
  const { table, row, name, close, done } = props
  const { t } = useWords()
  const related = useQuery(relatedQuery(table.name, row.id))
  const [busy, setBusy] = useState(false)
  const remove = async () => {
    setBusy(true)
    try {
      const outcome = await post<DeleteOutcome>(`/tables/${table.name}/rows/${row.id}/deletions`, { version: row.version })
      close()
      if (outcome.kind !== 'deleted') {
        tellFailure(new Error(outcome.kind), t, t(outcome.kind === 'stale' ? 'edit.deleteStale' : 'edit.deleteInUse'))
        await queryClient.invalidateQueries({ queryKey: ['row', table.name, row.id] })
        return
      }
      done()
      for (const key of ['rows', 'related', 'choices']) void queryClient.invalidateQueries({ queryKey: [key] })
      offerUndo(table.name, row.id, name, t)
    } catch (error) {
      tellFailure(error as Error, t)
    } finally {
      setBusy(false)
    }
  }
  return (
    <Stack>
      <Loaded query={related}>{(found) => <Consequences related={found.filter((one) => one.count > 0)} />}</Loaded>
      <Group justify="flex-end">
        <Button variant="default" onClick={close}>
          {t('action.cancel')}
        </Button>
        <Button color="red.9" loading={busy} disabled={!related.isSuccess} onClick={() => void remove()}>
          {t('edit.delete')}
        </Button>
      </Group>
    </Stack>
  )
}

function Consequences({ related }: { related: RelatedRows[] }) {
  const { t, language, number } = useWords()
  if (related.length === 0) return <Text size="sm">{t('edit.deleteAlone')}</Text>
  const says = { cascade: 'edit.goesWith', 'set null': 'edit.losesLookup', restrict: 'edit.holdsBack' } as const
  return (
    <>
      <Text size="sm">{t('edit.deleteRelated')}</Text>
      <List size="sm">
        {related.map((one) => (
          <List.Item key={`${one.table} ${one.column}`}>
            {labelOf({ labels: one.labels, name: one.table }, language)} (
            {labelOf({ labels: one.columnLabels, name: one.column }, language)}
            ): {number(one.count)}
            {one.count >= one.countMax && '+'}, {t(says[one.onDelete])}
          </List.Item>
        ))}
      </List>
    </>
  )
}

function offerUndo(table: string, id: string, name: string, t: Translate): void {
  const shown = notifications.show({
    autoClose: UNDO_MS,
    color: 'teal',
    closeButtonProps: { 'aria-label': t('action.close') },
    message: (
      <Group justify="space-between" gap="xs">
        <Text size="sm">{t('edit.deleted', { name })}</Text>
        <Button size="compact-sm" variant="default" onClick={() => void undo()}>
          {t('edit.undo')}
        </Button>
      </Group>
    ),
  })
  const undo = async () => {
    notifications.hide(shown)
    try {
      const { restored } = await post<{ restored: number }>(`/tables/${table}/rows/${id}/restorations`)
      for (const key of ['rows', 'related', 'choices', 'row']) void queryClient.invalidateQueries({ queryKey: [key] })
      tellDone(t('edit.restored', { count: restored }), t)
    } catch (error) {
      tellFailure(error as Error, t)
    }
  }
}
