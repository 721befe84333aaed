import { Alert, Button, Checkbox, Group, Paper, SegmentedControl, Stack, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import type { Side } from '#dual-write/facets-control.ts'
import type { PairSuggestion } from '#dual-write/facets-rows.ts'
import { useWords } from '../../lib/messages.tsx'
import { useSaid } from '../../lib/said.ts'
import { Tag } from '../../parts/badges.tsx'
import { TextLink } from '../../parts/link.tsx'
import { Empty, Loaded } from '../../parts/states.tsx'
import { askEngine, mapPath } from '../engine-api.ts'
import { SyncHead } from '../head.tsx'
import { MapSelect } from '../map-select.tsx'
import { pairsQuery } from '../queries.ts'
import { deed } from './deeds.ts'
import { RekeyDialog } from './rekey.tsx'
import { SideBySide } from './side-by-side.tsx'
import { useSelection } from './use-selection.ts'

export type AdoptAddress = { map?: string }

/** Which row is which record, where both were there before they knew each other; and what to do when records change their keys. */
export function AdoptScreen({ address }: { address: AdoptAddress }) {
  const { t } = useWords()
  const navigate = useNavigate()
  const [rekey, setRekey] = useState<'renumber' | 'merge'>()
  const { map } = address
  return (
    <>
      <SyncHead title={t('adopt.title')} lead={t('adopt.lead')} />
      <Group mb="md" justify="space-between">
        <MapSelect
          label={t('adopt.map')}
          placeholder={t('adopt.chooseMap')}
          map={map}
          choose={(chosen) => void navigate({ to: '/sync/adopt', search: chosen === '' ? {} : { map: chosen } })}
        />
        {map !== undefined && (
          <Group gap="xs">
            <Button variant="default" onClick={() => setRekey('renumber')}>
              {t('adopt.renumber')}
            </Button>
            <Button variant="default" onClick={() => setRekey('merge')}>
              {t('adopt.merge')}
            </Button>
          </Group>
        )}
      </Group>
      {map === undefined ? (
        <Empty title={t('adopt.empty')} text={t('adopt.emptyText')} />
      ) : (
        <>
          <Suggestions key={map} map={map} />
          <RekeyDialog map={map} kind={rekey} close={() => setRekey(undefined)} />
        </>
      )}
    </>
  )
}

function Suggestions({ map }: { map: string }) {
  const { t } = useWords()
  const pairs = useQuery(pairsQuery(map, undefined))
  if (pairs.isPending) return <Text role="status">{t('adopt.looking')}</Text>
  return (
    <Loaded query={pairs}>
      {(found) =>
        found.length === 0 ? (
          <Empty title={t('adopt.none')} text={t('adopt.noneText')} />
        ) : (
          <Pairs key={found.map(idOf).join(' ')} map={map} pairs={found} />
        )
      }
    </Loaded>
  )
}

type Adopted = { adopted: number; refused: { remoteKey: string; reason: string }[] }

function Pairs({ map, pairs }: { map: string; pairs: PairSuggestion[] }) {
  const { t } = useWords()
  const said = useSaid()
  const [winners, setWinners] = useState<Readonly<Record<string, Side>>>({})
  const [refused, setRefused] = useState<Adopted['refused']>([])
  const selection = useSelection(pairs.map(idOf), pairs.filter((one) => one.certain).map(idOf))
  const { chosen } = selection
  const winnerOf = (id: string): Side => winners[id] ?? 'erp'
  const adopt = async () => {
    const body = {
      pairs: pairs
        .filter((one) => chosen.includes(idOf(one)))
        .map((one) => ({ rowId: one.rowId, remoteKey: one.remoteKey, winner: winnerOf(idOf(one)) })),
    }
    const done = await deed(
      t,
      () => askEngine<Adopted>('POST', mapPath(map, '/adoptions'), body),
      ({ adopted }) => t('adopt.adopted', { count: adopted }),
    )
    setRefused(done?.refused ?? [])
  }
  return (
    <Stack>
      <Group justify="space-between">
        <Checkbox
          label={t('wait.selectAll')}
          checked={chosen.length === pairs.length}
          indeterminate={chosen.length > 0 && chosen.length < pairs.length}
          onChange={(event) => selection.tickAll(event.currentTarget.checked)}
        />
        <Button disabled={chosen.length === 0} onClick={() => void adopt()}>
          {t('adopt.adopt', { count: chosen.length })}
        </Button>
      </Group>
      {refused.length > 0 && (
        <Alert color="orange" role="alert" title={t('diff.refused', { count: refused.length })}>
          {refused.map((one) => (
            <Text size="sm" key={one.remoteKey}>
              {one.remoteKey}: {said(one.reason)}
            </Text>
          ))}
        </Alert>
      )}
      <Stack component="ul" gap="sm" className="plain-list">
        {pairs.map((pair) => (
          <PairCard
            key={idOf(pair)}
            pair={pair}
            isSelected={selection.has(idOf(pair))}
            select={(on) => selection.tick(idOf(pair), on)}
            winner={winnerOf(idOf(pair))}
            choose={(winner) => setWinners((before) => ({ ...before, [idOf(pair)]: winner }))}
          />
        ))}
      </Stack>
    </Stack>
  )
}

function PairCard(props: {
  pair: PairSuggestion
  isSelected: boolean
  select: (on: boolean) => void
  winner: Side
  choose: (winner: Side) => void
}) {
  const { t } = useWords()
  const { pair } = props
  return (
    <Paper component="li" withBorder p="md">
      <Group gap="sm" mb="xs" justify="space-between">
        <Group gap="sm">
          <Checkbox
            checked={props.isSelected}
            onChange={(event) => props.select(event.currentTarget.checked)}
            aria-label={t('parked.select', { name: pair.remoteKey })}
          />
          <Text fw={600} size="sm" className="wrap-anywhere">
            {pair.remoteKey}
          </Text>
          <Tag color={pair.certain ? 'teal' : 'yellow'}>{t(pair.certain ? 'adopt.certain' : 'adopt.uncertain')}</Tag>
          <Text size="sm" c="dimmed">
            {t('adopt.rule', { rule: pair.rule })}
          </Text>
          <TextLink to="/sync/explain" search={{ map: pair.map, row: pair.rowId }} size="sm">
            {t('way.why')}
          </TextLink>
        </Group>
        <SegmentedControl
          size="xs"
          aria-label={t('adopt.winnerOf', { name: pair.remoteKey })}
          value={props.winner}
          onChange={(value) => props.choose(value === 'portal' ? 'portal' : 'erp')}
          data={[
            { value: 'portal', label: t('adopt.winner.portal') },
            { value: 'erp', label: t('adopt.winner.erp') },
          ]}
        />
      </Group>
      <SideBySide label={t('sides.of', { name: pair.remoteKey })} columns={pair.columns} />
    </Paper>
  )
}

function idOf(pair: PairSuggestion): string {
  return `${pair.rowId} ${pair.remoteKey}`
}
