import { Button, Group, Stack, Table, Text, VisuallyHidden } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import type { LostValue } from '#dual-write/facets-rows.ts'
import { useMapTitles } from '../../lib/maps.ts'
import { useWords } from '../../lib/messages.tsx'
import { useSaid } from '../../lib/said.ts'
import { Confirm, type Question } from '../../parts/confirm.tsx'
import { TextLink } from '../../parts/link.tsx'
import { Empty, Loaded } from '../../parts/states.tsx'
import { askEngine } from '../engine-api.ts'
import { SyncHead } from '../head.tsx'
import { MapSelect } from '../map-select.tsx'
import { useRowNames } from '../names.ts'
import { CONFLICTS_MAX, conflictsQuery } from '../queries.ts'
import { deed } from './deeds.ts'

export type ConflictsAddress = { map?: string; before?: string }

/** Where both sides had changed the same column: the value that stayed, the one that lost, and the way back. */
export function ConflictsScreen({ address }: { address: ConflictsAddress }) {
  const { t } = useWords()
  const navigate = useNavigate()
  const go = (next: ConflictsAddress) => void navigate({ to: '/sync/conflicts', search: next })
  const query = useQuery(conflictsQuery(address.map, address.before === undefined ? undefined : Number(address.before)))
  return (
    <>
      <SyncHead title={t('lost.title')} lead={t('lost.lead')} />
      <Group mb="md">
        <MapSelect
          label={t('parked.filter')}
          placeholder={t('parked.allMaps')}
          map={address.map}
          choose={(map) => go(map === '' ? {} : { map })}
        />
      </Group>
      <Loaded query={query}>
        {(found) =>
          found.length === 0 ? (
            <Empty title={t('lost.none')} text={t('lost.noneText')} />
          ) : (
            <Stack>
              <LostValues values={found} />
              <Group gap="xs">
                {address.before !== undefined && (
                  <Button variant="default" size="xs" onClick={() => go(address.map === undefined ? {} : { map: address.map })}>
                    {t('list.first')}
                  </Button>
                )}
                {found.length === CONFLICTS_MAX && (
                  <Button variant="default" size="xs" onClick={() => go({ ...address, before: String(found.at(-1)?.id) })}>
                    {t('list.next')}
                  </Button>
                )}
              </Group>
            </Stack>
          )
        }
      </Loaded>
    </>
  )
}

function LostValues({ values }: { values: LostValue[] }) {
  const { t } = useWords()
  const nameOf = useRowNames(values)
  const [question, ask] = useState<Question>()
  const take = (one: LostValue) =>
    ask({
      title: t('lost.takeTitle'),
      text: t('lost.takeText', { column: one.column, lost: one.lost ?? '–', kept: one.kept ?? '–' }),
      deed: t('lost.take'),
      act: () =>
        deed(
          t,
          () => askEngine('POST', `/conflicts/${one.id}/reversals`),
          () => t('lost.taken'),
        ),
    })
  return (
    <Table.ScrollContainer minWidth={760} scrollAreaProps={{ viewportProps: { tabIndex: 0 } }}>
      <Table verticalSpacing="xs" aria-label={t('lost.title')}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>{t('lost.when')}</Table.Th>
            <Table.Th>{t('lost.row')}</Table.Th>
            <Table.Th>{t('sides.column')}</Table.Th>
            <Table.Th>{t('lost.kept')}</Table.Th>
            <Table.Th>{t('lost.lost')}</Table.Th>
            <Table.Th>
              <VisuallyHidden>{t('lost.take')}</VisuallyHidden>
            </Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {values.map((one) => (
            <ValueRow key={one.id} value={one} name={nameOf(one.rowId)} take={() => take(one)} />
          ))}
        </Table.Tbody>
      </Table>
      <Confirm question={question} close={() => ask(undefined)} />
    </Table.ScrollContainer>
  )
}

function ValueRow({ value, name, take }: { value: LostValue; name: string | undefined; take: () => void }) {
  const { t, named, ago, dateTime } = useWords()
  const said = useSaid()
  const rule = named('lost.rule', value.rule)
  const title = useMapTitles()(value.map)
  return (
    <Table.Tr>
      <Table.Td title={dateTime(value.at)}>{ago(value.at)}</Table.Td>
      <Table.Td>
        <TextLink to="/sync/explain" search={{ map: value.map, row: value.rowId }} size="sm">
          {name ?? value.rowId}
        </TextLink>
        <div className="small when">{title}</div>
      </Table.Td>
      <Table.Td className="mono">{value.column}</Table.Td>
      <Table.Td className="wrap-anywhere">
        {value.kept ?? '–'}
        <Text size="xs" c="dimmed">
          {t(`lost.winner.${value.winner}`)} · {said(rule)}
        </Text>
      </Table.Td>
      <Table.Td className="wrap-anywhere">{value.lost ?? '–'}</Table.Td>
      <Table.Td>
        {value.takenAt === null ? (
          <Button size="compact-sm" variant="default" onClick={take} aria-label={t('lost.takeOf', { column: value.column })}>
            {t('lost.take')}
          </Button>
        ) : (
          <Text size="xs" c="dimmed">
            {t('lost.takenWhen', { when: ago(value.takenAt) })}
          </Text>
        )}
      </Table.Td>
    </Table.Tr>
  )
}
