import { Button, Checkbox, Group, Loader, Stack, Table, Text, VisuallyHidden } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import type { Comparison } from '#dual-write/facets-rows.ts'
import { useMapTitles } from '../../lib/maps.ts'
import { useWords } from '../../lib/messages.tsx'
import { Tag } from '../../parts/badges.tsx'
import { Empty, Loaded } from '../../parts/states.tsx'
import { CompanyName } from '../copy-parts.tsx'
import { askEngine } from '../engine-api.ts'
import { SyncHead } from '../head.tsx'
import { MapSelect } from '../map-select.tsx'
import { comparisonQuery } from '../queries.ts'
import { deed } from './deeds.ts'
import { DifferenceList } from './difference-list.tsx'
import { equalPercent } from './equality.ts'

export type DifferencesAddress = { map?: string; company?: string; after?: string; all?: string }
type Part = Comparison['maps'][number]

/** Whether both sides are equal, as a number; where they are not, the rows and columns, and the way to make them so. */
export function DifferencesScreen({ address }: { address: DifferencesAddress }) {
  const { t } = useWords()
  const navigate = useNavigate()
  const go = (next: DifferencesAddress) => void navigate({ to: '/sync/differences', search: next })
  return (
    <>
      <SyncHead title={t('diff.title')} lead={t('diff.lead')} />
      <Group mb="md">
        <MapSelect
          label={t('parked.filter')}
          placeholder={t('parked.allMaps')}
          map={address.map}
          choose={(map) => go(map === '' ? {} : { map })}
        />
      </Group>
      <Differences map={address.map} address={address} go={go} />
    </>
  )
}

/** Of one map or of all. */
export function Differences(props: {
  map: string | undefined
  address: DifferencesAddress
  go: (next: DifferencesAddress) => void
}) {
  const { t } = useWords()
  const { map, address, go } = props
  const [since, setSince] = useState<string>()
  const comparison = useQuery({ ...comparisonQuery, ...(since !== undefined && { refetchInterval: 1_000 }) })
  const compare = async () => {
    setSince(new Date().toISOString())
    const body = map === undefined ? {} : { maps: [map] }
    await deed(
      t,
      () => askEngine<Comparison>('POST', '/comparisons', body),
      (done) => t('diff.compared', { count: sum(done.maps, (one) => one.differences) }),
    )
    setSince(undefined)
  }
  return (
    <Loaded query={comparison}>
      {(found) => {
        const parts = found.maps.filter((one) => map === undefined || one.map === map)
        return (
          <Stack gap="lg">
            <Head parts={parts} since={since} compare={() => void compare()} />
            {parts.length === 0 ? (
              <Empty title={t('diff.none')} text={t('diff.noneText')} />
            ) : (
              <Parts parts={parts} map={map} address={address} go={go} />
            )}
            {address.map !== undefined && address.company !== undefined && (
              <DifferenceList
                key={`${address.map} ${address.company} ${address.after}`}
                map={address.map}
                company={address.company}
                after={address.after}
                turn={(after) => go({ ...address, after })}
              />
            )}
          </Stack>
        )
      }}
    </Loaded>
  )
}

function Head({ parts, since, compare }: { parts: Part[]; since: string | undefined; compare: () => void }) {
  const { t, language, ago, number } = useWords()
  const rows = sum(parts, (one) => one.rows)
  const differences = sum(parts, (one) => one.differences)
  const explained = sum(parts, (one) => one.explained)
  const oldest = parts.flatMap((one) => one.comparedAt ?? []).sort()[0]
  const done = parts.filter((one) => since !== undefined && (one.comparedAt ?? '') >= since).length
  return (
    <Group justify="space-between" align="flex-end">
      <dl className="counts">
        <div>
          <dt>{t('diff.equal')}</dt>
          <dd className={differences === 0 && parts.length > 0 ? 'good' : undefined}>
            {parts.length === 0 ? '–' : equalPercent(rows, differences, language)}
          </dd>
        </div>
        <div>
          <dt>{t('diff.rows')}</dt>
          <dd>{number(rows)}</dd>
        </div>
        <div>
          <dt>{t('diff.differing')}</dt>
          <dd className={differences > explained ? 'bad' : undefined}>{number(differences)}</dd>
        </div>
        <div>
          <dt>{t('diff.explained')}</dt>
          <dd>{number(explained)}</dd>
        </div>
        <div>
          <dt>{t('diff.oldest')}</dt>
          <dd>{oldest === undefined ? '–' : ago(oldest)}</dd>
        </div>
      </dl>
      {since === undefined ? (
        <Button onClick={compare}>{t('diff.compareNow')}</Button>
      ) : (
        <Group gap="xs" role="status">
          <Loader size="sm" />
          <Text size="sm">{t('diff.comparing', { done, total: parts.length })}</Text>
        </Group>
      )}
    </Group>
  )
}

function Parts(props: {
  parts: Part[]
  map: string | undefined
  address: DifferencesAddress
  go: (next: DifferencesAddress) => void
}) {
  const { t } = useWords()
  const { address, go } = props
  const isAll = address.all === 'yes' || props.map !== undefined
  const shown = props.parts.filter((one) => isAll || one.differences > 0).sort((a, b) => b.differences - a.differences)
  return (
    <Stack gap="xs">
      {props.map === undefined && (
        <Checkbox
          label={t('diff.showAll')}
          checked={isAll}
          onChange={(event) => {
            const { all: _, ...rest } = address
            go(event.currentTarget.checked ? { ...rest, all: 'yes' } : rest)
          }}
        />
      )}
      {shown.length === 0 ? (
        <Empty title={t('diff.allEqual')} text={t('diff.allEqualText')} />
      ) : (
        <PartTable shown={shown} address={address} go={go} />
      )}
    </Stack>
  )
}

function PartTable({
  shown,
  address,
  go,
}: {
  shown: Part[]
  address: DifferencesAddress
  go: (next: DifferencesAddress) => void
}) {
  const { t } = useWords()
  return (
    <Table.ScrollContainer minWidth={720} scrollAreaProps={{ viewportProps: { tabIndex: 0 } }}>
      <Table verticalSpacing="xs" aria-label={t('diff.parts')}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>{t('diff.map')}</Table.Th>
            <Table.Th>{t('copy.company')}</Table.Th>
            <Table.Th className="number">{t('diff.rows')}</Table.Th>
            <Table.Th className="number">{t('diff.differing')}</Table.Th>
            <Table.Th className="number">{t('diff.explained')}</Table.Th>
            <Table.Th>{t('diff.when')}</Table.Th>
            <Table.Th>
              <VisuallyHidden>{t('diff.open')}</VisuallyHidden>
            </Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {shown.map((one) => (
            <PartRow
              key={`${one.map} ${one.company}`}
              part={one}
              isOpen={address.map === one.map && address.company === one.company}
              open={() =>
                go({
                  map: one.map,
                  company: one.company,
                  ...(address.all !== undefined && { all: address.all }),
                })
              }
            />
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  )
}

function PartRow({ part, isOpen, open }: { part: Part; isOpen: boolean; open: () => void }) {
  const { t, number, ago, dateTime } = useWords()
  const title = useMapTitles()(part.map)
  return (
    <Table.Tr>
      <Table.Td>{title}</Table.Td>
      <Table.Td>
        <CompanyName company={part.company} />
      </Table.Td>
      <Table.Td className="number">{number(part.rows)}</Table.Td>
      <Table.Td className="number">
        {part.differences === 0 ? <Tag color="teal">{t('diff.equalTag')}</Tag> : <strong>{number(part.differences)}</strong>}
      </Table.Td>
      <Table.Td className="number">{number(part.explained)}</Table.Td>
      <Table.Td title={part.comparedAt === null ? undefined : dateTime(part.comparedAt)}>
        {part.comparedAt === null ? t('diff.never') : ago(part.comparedAt)}
      </Table.Td>
      <Table.Td>
        {part.differences > 0 && (
          <Button
            size="compact-sm"
            variant={isOpen ? 'light' : 'subtle'}
            onClick={open}
            aria-pressed={isOpen}
            aria-label={t('diff.openOf', { map: title, company: part.company })}
          >
            {t('diff.open')}
          </Button>
        )}
      </Table.Td>
    </Table.Tr>
  )
}

function sum(parts: readonly Part[], of: (part: Part) => number): number {
  return parts.reduce((total, part) => total + of(part), 0)
}
