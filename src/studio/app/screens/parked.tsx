import { Button, Checkbox, Group, Paper, Select, Stack, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import type { ParkedItem } from '../../wire.ts'
import { mapsQuery, parkedQuery, post, queryClient } from '../lib/api.ts'
import { type Translate, useWords } from '../lib/messages.tsx'
import { Confirm, type Question } from '../parts/confirm.tsx'
import { TextLink } from '../parts/link.tsx'
import { Empty, Loaded, ScreenHead, tellDone, tellFailure } from '../parts/states.tsx'

/** What the other side has refused and a person must decide: try again after the cause is mended, or discard with a reason. */
export function ParkedScreen({ map }: { map: string | undefined }) {
  const { t } = useWords()
  const parked = useQuery(parkedQuery)
  return (
    <>
      <ScreenHead title={t('parked.title')} lead={t('parked.lead')} />
      <Loaded query={parked}>{(page) => <ParkedList items={page.rows} total={page.total} map={map} />}</Loaded>
    </>
  )
}

function ParkedList(props: { items: ParkedItem[]; total: number; map: string | undefined }) {
  const { t } = useWords()
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set())
  const [question, ask] = useState<Question | undefined>(undefined)
  const items = props.items.filter((item) => props.map === undefined || item.map === props.map)
  const chosen = items.filter((item) => selected.has(item.id)).map((item) => item.id)
  const retry = useRetry()

  const select = (id: string, on: boolean) => setSelected((before) => changed(before, id, on))
  const discard = (item: ParkedItem) =>
    ask({
      title: t('parked.discard.title'),
      text: t('parked.discard.text'),
      deed: t('parked.discard.deed'),
      danger: true,
      reasonLabel: t('parked.discard.reason'),
      act: (reason) => discardItem(item.id, reason, t),
    })

  if (props.items.length === 0) return <Empty title={t('parked.empty.title')} text={t('parked.empty.text')} />
  return (
    <Stack>
      <Group justify="space-between">
        <MapFilter items={props.items} map={props.map} />
        <Group gap="xs">
          {chosen.length > 0 && (
            <Button variant="default" onClick={() => void retry(chosen)}>
              {t('parked.retrySelected', { count: chosen.length })}
            </Button>
          )}
          <Button onClick={() => void retry(props.map === undefined ? 'all' : items.map((item) => item.id))}>
            {t('parked.retryAll')}
          </Button>
        </Group>
      </Group>
      {props.total > props.items.length && (
        <Text size="sm" c="dimmed">
          {t('parked.more', { shown: props.items.length, total: props.total })}
        </Text>
      )}
      <Stack component="ul" gap="sm" className="plain-list">
        {items.map((item) => (
          <ParkedCard
            key={item.id}
            item={item}
            isSelected={selected.has(item.id)}
            select={(on) => select(item.id, on)}
            retry={() => void retry([item.id])}
            discard={() => discard(item)}
          />
        ))}
      </Stack>
      <Confirm question={question} close={() => ask(undefined)} />
    </Stack>
  )
}

function ParkedCard(props: {
  item: ParkedItem
  isSelected: boolean
  select: (on: boolean) => void
  retry: () => void
  discard: () => void
}) {
  const { t, named, ago, dateTime } = useWords()
  const { item } = props
  const name = item.rowName ?? item.remoteKey ?? item.rowId ?? item.id
  return (
    <Paper component="li" withBorder p="md">
      <Group align="flex-start" wrap="nowrap" gap="md">
        <Checkbox
          mt={3}
          checked={props.isSelected}
          onChange={(event) => props.select(event.currentTarget.checked)}
          aria-label={t('parked.select', { name })}
        />
        <Stack gap={6} className="grow">
          <Group gap="xs">
            <RowLink item={item} name={name} />
            <Text size="sm" c="dimmed">
              {named('operation', item.operation)} · {t(`parked.${item.direction}`)} · {item.mapTitle}
            </Text>
          </Group>
          <Text className="bad">{item.reason}</Text>
          <Text size="xs" c="dimmed" title={dateTime(item.parkedAt)}>
            {t('parked.when', { when: ago(item.parkedAt), attempts: item.attempt })}
            {item.actor !== null && ` · ${t('parked.by', { actor: item.actor })}`}
            {item.code !== '' && <span className="mono"> · {item.code}</span>}
          </Text>
        </Stack>
        <Group gap={6} className="card-actions">
          <Button size="compact-sm" variant="default" onClick={props.retry} aria-label={t('parked.retryOne', { name })}>
            {t('action.tryAgain')}
          </Button>
          <Button
            size="compact-sm"
            variant="subtle"
            c="var(--bad)"
            onClick={props.discard}
            aria-label={t('parked.discardOne', { name })}
          >
            {t('parked.discard.deed')}
          </Button>
        </Group>
      </Group>
    </Paper>
  )
}

/** Rows that Studio has a screen for are links; others show their table and name. */
function RowLink({ item, name }: { item: ParkedItem; name: string }) {
  if (item.rowId !== null && item.table === 'account')
    return (
      <TextLink to="/accounts/$id" params={{ id: item.rowId }} fw={600}>
        {name}
      </TextLink>
    )
  if (item.rowId !== null && item.table === 'contact')
    return (
      <TextLink to="/contacts/$id" params={{ id: item.rowId }} fw={600}>
        {name}
      </TextLink>
    )
  if (item.rowId !== null && item.table === 'salesorder')
    return (
      <a className="strong-link" href={`/orders/${item.rowId}`}>
        {name}
      </a>
    )
  return (
    <Text fw={600}>
      {item.table}: {name}
    </Text>
  )
}

function MapFilter({ items, map }: { items: ParkedItem[]; map: string | undefined }) {
  const { t } = useWords()
  const navigate = useNavigate()
  const names = [...new Map(items.map((item) => [item.map, { value: item.map, label: item.mapTitle }])).values()]
  return (
    <Select
      aria-label={t('parked.filter')}
      placeholder={t('parked.allMaps')}
      data={names}
      value={map ?? null}
      onChange={(value) => void navigate({ to: '/parked-changes', search: value === null ? {} : { map: value } })}
      clearable
    />
  )
}

function useRetry(): (which: 'all' | string[]) => Promise<void> {
  const { t } = useWords()
  return async (which) => {
    try {
      const { released } = await post<{ released: number }>('/parked-changes/retries', { which })
      tellDone(t('parked.retried', { count: released }), t)
    } catch (error) {
      tellFailure(error as Error, t)
    }
    await refresh()
  }
}

async function discardItem(id: string, reason: string, t: Translate): Promise<void> {
  try {
    await post(`/parked-changes/${encodeURIComponent(id)}/discards`, { reason })
    tellDone(t('parked.discarded'), t)
  } catch (error) {
    tellFailure(error as Error, t)
  }
  await refresh()
}

async function refresh(): Promise<void> {
  await Promise.all([queryClient.invalidateQueries(parkedQuery), queryClient.invalidateQueries(mapsQuery)])
}

function changed(set: ReadonlySet<string>, id: string, on: boolean): ReadonlySet<string> {
  const next = new Set(set)
  if (on) next.add(id)
  else next.delete(id)
  return next
}
