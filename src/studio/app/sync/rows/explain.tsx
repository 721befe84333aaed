import { Button, Group, Stack, Text, TextInput, Title } from '@mantine/core'
import { useQueries, useQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { type FormEvent, useState } from 'react'
import type { GridRow } from '../../../wire-data.ts'
import { firstRowsQuery } from '../../data/queries.ts'
import { useMaps, useMapTitles } from '../../lib/maps.ts'
import { useWords } from '../../lib/messages.tsx'
import { TextLink } from '../../parts/link.tsx'
import { Empty, Loaded } from '../../parts/states.tsx'
import { SyncHead } from '../head.tsx'
import { MapSelect } from '../map-select.tsx'
import { explanationsQuery } from '../queries.ts'
import { ExplanationCard } from './explanation.tsx'

/** `row` and `key` are what is explained; `find` is what was typed to find it. */
export type WayAddress = { map?: string; find?: string; row?: string; key?: string; at?: string }

const ID = /[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}/i
/** Where a number is looked for as long as no map is chosen: what people ask about. */
const TABLES = ['salesorder', 'invoice', 'quote', 'account', 'contact', 'product']

/** Why a row did or did not travel: found by a number, a name, an id or the key of its record. */
export function WayScreen({ address }: { address: WayAddress }) {
  const { t } = useWords()
  const isAsked = address.row !== undefined || (address.key !== undefined && address.map !== undefined)
  return (
    <>
      <SyncHead title={t('way.title')} lead={t('way.lead')} />
      <FindForm key={JSON.stringify([address.map, address.find])} address={address} />
      {isAsked ? (
        <Explanations address={address} />
      ) : address.find === undefined ? (
        <Empty title={t('way.empty')} text={t('way.emptyText')} />
      ) : (
        <Found find={address.find} map={address.map} />
      )}
    </>
  )
}

function FindForm({ address }: { address: WayAddress }) {
  const { t } = useWords()
  const navigate = useNavigate()
  const [typed, setTyped] = useState(address.find ?? address.key ?? address.row ?? '')
  const [map, setMap] = useState(address.map ?? '')
  const submit = (event: FormEvent) => {
    event.preventDefault()
    const text = typed.trim()
    const id = ID.exec(text)?.[0]
    const what = id !== undefined ? { row: id } : text === '' ? {} : { find: text }
    void navigate({ to: '/sync/explain', search: { ...(map !== '' && { map }), ...what } })
  }
  return (
    <form onSubmit={submit}>
      <Group align="flex-end" mb="lg">
        <TextInput
          label={t('way.what')}
          description={t('way.whatHint')}
          value={typed}
          onChange={(event) => setTyped(event.currentTarget.value)}
          className="search"
        />
        <MapSelect label={t('way.map')} placeholder={t('parked.allMaps')} map={map === '' ? undefined : map} choose={setMap} />
        <Button type="submit" disabled={typed.trim() === ''}>
          {t('way.find')}
        </Button>
      </Group>
    </form>
  )
}

/** Rows whose number or name is like what was typed, and the text itself as the key of a record. */
function Found({ find, map }: { find: string; map: string | undefined }) {
  const { t } = useWords()
  const maps = useMaps().data?.maps ?? []
  const carried = new Set(maps.map((one) => one.table))
  const chosen = maps.find((one) => one.name === map)
  const tables = chosen === undefined ? TABLES.filter((name) => carried.has(name)) : [chosen.table]
  const searches = useQueries({ queries: tables.map((table) => firstRowsQuery(table, find)) })
  const isBusy = maps.length === 0 || searches.some((one) => one.isPending)
  const rows = tables.flatMap((table, at) => (searches[at]?.data?.rows ?? []).map((row) => ({ table, row })))
  const failed = searches.find((one) => one.isError)
  return (
    <Stack>
      {isBusy && <Text role="status">{t('state.loading')}</Text>}
      {failed?.error && (
        <Text role="alert" className="bad">
          {failed.error.message}
        </Text>
      )}
      {rows.length > 0 && (
        <>
          <Title order={2} size="h4">
            {t('way.found')}
          </Title>
          <Stack component="ul" gap="xs" className="plain-list">
            {rows.map(({ table, row }) => (
              <li key={row.id}>
                <TextLink to="/sync/explain" search={{ ...(map !== undefined && { map }), row: row.id }}>
                  {titleOf(row)}
                </TextLink>{' '}
                <Text span size="sm" c="dimmed">
                  {table}
                </Text>
              </li>
            ))}
          </Stack>
        </>
      )}
      {map !== undefined && (
        <Text size="sm">
          <TextLink to="/sync/explain" search={{ map, key: find }}>
            {t('way.asKey', { key: find })}
          </TextLink>
        </Text>
      )}
      {!isBusy && rows.length === 0 && <Empty title={t('way.noneFound')} text={t('way.noneFoundText')} />}
    </Stack>
  )
}

/** The first values of the grid: the name, then what people search by; ids tell nobody anything. */
function titleOf(row: GridRow): string {
  const texts = Object.values(row.values).filter((value) => typeof value === 'string' && value !== '' && !ID.test(value))
  return [...new Set(texts)].slice(0, 3).join(' · ') || row.id
}

function Explanations({ address }: { address: WayAddress }) {
  const { t } = useWords()
  const titleOfMap = useMapTitles()
  const explanations = useQuery(
    explanationsQuery({
      ...(address.map !== undefined && { map: address.map }),
      ...(address.row !== undefined ? { rowId: address.row } : { remoteKey: address.key ?? '' }),
      ...(address.at !== undefined && { at: address.at }),
    }),
  )
  return (
    <Loaded query={explanations}>
      {(found) =>
        found.length === 0 ? (
          <Empty title={t('way.unknown')} text={t('way.unknownText')} />
        ) : (
          <Stack gap="lg">
            {found.map((one) => (
              <ExplanationCard key={one.map} explanation={one} title={titleOfMap(one.map)} />
            ))}
          </Stack>
        )
      }
    </Loaded>
  )
}
