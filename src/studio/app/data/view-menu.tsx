import { Button, Checkbox, Group, Menu, Stack, TextInput } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import type { TableDetail, ViewInfo } from '../../wire-data.ts'
import { post, queryClient } from '../lib/api.ts'
import { useWords } from '../lib/messages.tsx'
import { Confirm } from '../parts/confirm.tsx'
import { Dialog } from '../parts/dialog.tsx'
import { tellDone, tellFailure } from '../parts/states.tsx'
import { type GridState, viewsQuery } from './queries.ts'
import { labelOf } from './values.tsx'

const PARTS = ['columns', 'filter', 'orderby', 'search'] as const

/** What the grid shows, kept under a name: chosen again, changed, renamed, given to all administrators, deleted. */
export function ViewMenu(props: {
  table: TableDetail
  state: GridState
  widths: Readonly<Record<string, number>>
  choose: (view: ViewInfo | undefined) => void
}) {
  const { table, state, widths, choose } = props
  const { t, language } = useWords()
  const views = useQuery(viewsQuery(table.name))
  const [saved, setSaved] = useState<ViewInfo | 'new'>()
  const [deleted, setDeleted] = useState<ViewInfo>()
  const all = views.data ?? []
  const current = all.find((view) => PARTS.every((part) => (view.state[part] ?? '') === (state[part] ?? '')))
  const own = current === undefined || current.isOfSite ? undefined : current
  return (
    <>
      <Menu position="bottom-start" shadow="md">
        <Menu.Target>
          <Button variant="default">{current === undefined ? t('view.title') : labelOf(current, language)}</Button>
        </Menu.Target>
        <Menu.Dropdown aria-label={t('view.title')}>
          <Menu.Item onClick={() => choose(undefined)}>{t('view.usual')}</Menu.Item>
          <Choices views={all} choose={choose} />
          <Menu.Divider />
          <Menu.Item onClick={() => setSaved('new')}>{t('view.save')}</Menu.Item>
          {own !== undefined && <Menu.Item onClick={() => setSaved(own)}>{t('view.change', { name: own.name })}</Menu.Item>}
          {own !== undefined && (
            <Menu.Item color="red.9" onClick={() => setDeleted(own)}>
              {t('view.delete', { name: own.name })}
            </Menu.Item>
          )}
        </Menu.Dropdown>
      </Menu>
      <Dialog
        opened={saved !== undefined}
        close={() => setSaved(undefined)}
        title={saved === 'new' || saved === undefined ? t('view.save') : t('view.change', { name: saved.name })}
      >
        {saved !== undefined && (
          <SaveView table={table} state={state} widths={widths} view={saved} close={() => setSaved(undefined)} />
        )}
      </Dialog>
      <Confirm
        question={
          deleted && {
            title: t('view.delete', { name: deleted.name }),
            text: t(deleted.isShared ? 'view.deleteShared' : 'view.deleteMine'),
            deed: t('edit.delete'),
            danger: true,
            act: () =>
              act(
                table.name,
                () => post(`/tables/${table.name}/views/${deleted.id}/deletions`),
                () => tellDone(t('view.gone'), t),
                (error) => tellFailure(error, t),
              ),
          }
        }
        close={() => setDeleted(undefined)}
      />
    </>
  )
}

function Choices({ views: all, choose }: { views: readonly ViewInfo[]; choose: (view: ViewInfo) => void }) {
  const { t, language } = useWords()
  const groups = [
    { label: t('view.ofSite'), views: all.filter((one) => one.isOfSite) },
    { label: t('view.shared'), views: all.filter((one) => !one.isOfSite && one.isShared) },
    { label: t('view.mine'), views: all.filter((one) => !one.isOfSite && !one.isShared) },
  ].filter((group) => group.views.length > 0)
  return groups.map((group) => [
    <Menu.Label key={group.label}>{group.label}</Menu.Label>,
    ...group.views.map((view) => (
      <Menu.Item key={view.id} onClick={() => choose(view)}>
        {labelOf(view, language)}
      </Menu.Item>
    )),
  ])
}

function SaveView(props: {
  table: TableDetail
  state: GridState
  widths: Readonly<Record<string, number>>
  view: ViewInfo | 'new'
  close: () => void
}) {
  const { table, state, widths, view, close } = props
  const { t } = useWords()
  const [name, setName] = useState(view === 'new' ? '' : view.name)
  const [isShared, setShared] = useState(view !== 'new' && view.isShared)
  const submit = (event: FormEvent) => {
    event.preventDefault()
    const body = { ...(view !== 'new' && { id: view.id }), name, isShared, state, widths }
    void act(
      table.name,
      () => post(`/tables/${table.name}/views`, body),
      () => {
        tellDone(t('view.saved', { name }), t)
        close()
      },
      (error) => tellFailure(error, t),
    )
  }
  return (
    <form onSubmit={submit}>
      <Stack>
        <TextInput
          required
          data-autofocus
          label={t('view.name')}
          maxLength={100}
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
        />
        <Checkbox label={t('view.forAll')} checked={isShared} onChange={(event) => setShared(event.currentTarget.checked)} />
        <Group justify="flex-end">
          <Button type="submit">{t('action.save')}</Button>
        </Group>
      </Stack>
    </form>
  )
}

async function act(table: string, deed: () => Promise<unknown>, done: () => void, failed: (error: Error) => void): Promise<void> {
  try {
    await deed()
    await queryClient.invalidateQueries({ queryKey: ['views', table] })
    done()
  } catch (error) {
    failed(error as Error)
  }
}
