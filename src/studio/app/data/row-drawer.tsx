import { ActionIcon, Drawer, Group, Tabs, Text } from '@mantine/core'
import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { useBlocker } from '@tanstack/react-router'
import { useState } from 'react'
import type { RowDetail, TableDetail } from '../../wire-data.ts'
import { useWords } from '../lib/messages.tsx'
import { SyncBadge, SyncSentence } from '../parts/badges.tsx'
import { Confirm } from '../parts/confirm.tsx'
import { NextIcon, PreviousIcon } from '../parts/icons.tsx'
import { TextLink } from '../parts/link.tsx'
import { Loaded } from '../parts/states.tsx'
import { type GridState, rowQuery, rowsQuery } from './queries.ts'
import { RowForm } from './row-form.tsx'
import { RowHistory } from './row-history.tsx'
import { RelatedList } from './row-related.tsx'
import { labelOf } from './values.tsx'

/** In the address in place of an id: a row that is not there yet, or one as a copy of another ('copy-<id>'). */
export const NEW_ROW = 'new'
const COPY = 'copy-'

/** One row to read and write, beside the grid it was opened from: its values, what happened to it, and what hangs on it. */
export function RowDrawer(props: {
  table: TableDetail
  state: GridState
  id: string
  open: (id: string) => void
  close: () => void
}) {
  const { table, id } = props
  const { t, language } = useWords()
  const isCopy = id.startsWith(COPY)
  const isNew = isCopy || id === NEW_ROW
  const stored = isCopy ? id.slice(COPY.length) : id
  const row = useQuery({ ...rowQuery(table.name, stored), enabled: id !== NEW_ROW })
  const [dirty, setDirty] = useState(false)
  const label = labelOf(table, language)
  const name = isNew ? t('edit.new', { table: label }) : `${label} ${row.data === undefined ? '' : titleOf(table, row.data)}`
  return (
    <Drawer.Root opened onClose={props.close} position="right" size="xl" closeOnEscape={!dirty}>
      <Drawer.Overlay />
      <Drawer.Content aria-label={name}>
        <Group className="drawer-head" wrap="nowrap">
          <Text fw={600} component="h2" className="wrap-anywhere grow">
            {name}
          </Text>
          {!isNew && <Neighbours {...props} />}
          <Drawer.CloseButton aria-label={t('action.close')} />
        </Group>
        <Drawer.Body>
          {id === NEW_ROW ? (
            <RowForm key={id} {...props} row={undefined} copied={undefined} setDirty={setDirty} />
          ) : (
            <Loaded query={row}>
              {(found) =>
                isNew ? (
                  <RowForm key={id} {...props} row={undefined} copied={found} setDirty={setDirty} />
                ) : (
                  <StoredRow key={id} {...props} row={found} setDirty={setDirty} copy={() => props.open(COPY + id)} />
                )
              }
            </Loaded>
          )}
        </Drawer.Body>
        <UnsavedGuard dirty={dirty} />
      </Drawer.Content>
    </Drawer.Root>
  )
}

/** What people call the row: its name, else what its keys say. */
function titleOf(table: TableDetail, row: RowDetail): string {
  const texts = table.keys.flatMap((key) => key.columns).filter((name) => row.names[name] === undefined)
  const named = [table.nameColumn, ...texts].map((name) => row.values[name] ?? '').find((value) => value !== '')
  return String(named ?? '')
}

function StoredRow(props: {
  table: TableDetail
  row: RowDetail
  open: (id: string) => void
  close: () => void
  copy: () => void
  setDirty: (dirty: boolean) => void
}) {
  const { table, row } = props
  const { t } = useWords()
  return (
    <>
      {row.sync !== null && (
        <Group gap="xs" my="sm">
          <SyncBadge sync={row.sync} />
          <SyncSentence sync={row.sync} />
        </Group>
      )}
      <Group gap="xs" mb="xs">
        {row.sync !== null && (
          <TextLink to="/sync/explain" search={{ row: row.id }} size="sm">
            {t('way.rowLink')}
          </TextLink>
        )}
        <TextLink to="/security/explain" search={{ table: table.name, row: row.id }} size="sm">
          {t('explain.link')}
        </TextLink>
      </Group>
      <Tabs defaultValue="values">
        <Tabs.List mb="md">
          <Tabs.Tab value="values">{t('edit.values')}</Tabs.Tab>
          <Tabs.Tab value="history">{t('edit.history')}</Tabs.Tab>
          <Tabs.Tab value="related">{t('edit.related')}</Tabs.Tab>
        </Tabs.List>
        {/* Kept while another tab is open: what was typed must not be lost by a look at the history. */}
        <Tabs.Panel value="values" keepMounted>
          <RowForm {...props} copied={undefined} />
        </Tabs.Panel>
        <Tabs.Panel value="history" keepMounted={false}>
          <RowHistory table={table} id={row.id} />
        </Tabs.Panel>
        <Tabs.Panel value="related" keepMounted={false}>
          <RelatedList table={table} id={row.id} />
        </Tabs.Panel>
      </Tabs>
    </>
  )
}

/** The rows before and after this one, as the grid has them. */
function Neighbours(props: { table: TableDetail; state: GridState; id: string; open: (id: string) => void }) {
  const { t } = useWords()
  const grid = useInfiniteQuery(rowsQuery(props.table.name, props.state))
  const ids = grid.data?.pages.flatMap((page) => page.rows.map((row) => row.id)) ?? []
  const at = ids.indexOf(props.id)
  const before = at > 0 ? ids[at - 1] : undefined
  const after = at < 0 ? undefined : ids[at + 1]
  return (
    <Group gap={4} mr="xs" wrap="nowrap">
      <ActionIcon
        variant="default"
        aria-label={t('edit.previous')}
        disabled={before === undefined}
        onClick={() => before !== undefined && props.open(before)}
      >
        <PreviousIcon size={16} />
      </ActionIcon>
      <ActionIcon
        variant="default"
        aria-label={t('edit.next')}
        disabled={after === undefined}
        onClick={() => after !== undefined && props.open(after)}
      >
        <NextIcon size={16} />
      </ActionIcon>
    </Group>
  )
}

/** Whatever leads away from unsaved work asks first: another row, another screen, the end of the window. */
function UnsavedGuard({ dirty }: { dirty: boolean }) {
  const { t } = useWords()
  const blocker = useBlocker({ shouldBlockFn: () => dirty, enableBeforeUnload: dirty, withResolver: true })
  const question =
    blocker.status !== 'blocked'
      ? undefined
      : {
          title: t('edit.unsaved'),
          text: t('edit.unsavedText'),
          deed: t('edit.discard'),
          danger: true,
          act: async () => blocker.proceed(),
        }
  return <Confirm question={question} close={() => blocker.status === 'blocked' && blocker.reset()} />
}
