import { Button, Group, Paper, Stack, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import type { ParkedCluster } from '#dual-write/facets-rows.ts'
import { useMapTitles } from '../../lib/maps.ts'
import { useWords } from '../../lib/messages.tsx'
import { useSaid } from '../../lib/said.ts'
import { Tag } from '../../parts/badges.tsx'
import { Empty, Loaded } from '../../parts/states.tsx'
import { askEngine } from '../engine-api.ts'
import { SyncHead } from '../head.tsx'
import { MapSelect } from '../map-select.tsx'
import { clustersQuery } from '../queries.ts'
import { ClusterItems } from './cluster-items.tsx'
import { deed } from './deeds.ts'

export type WaitingAddress = { map?: string; cluster?: string }

/** What the other side has refused and a person must decide: by cause, the cause that stops most first. */
export function WaitingScreen({ address }: { address: WaitingAddress }) {
  const { t } = useWords()
  const navigate = useNavigate()
  const go = (next: WaitingAddress) => void navigate({ to: '/parked-changes', search: next })
  return (
    <>
      <SyncHead title={t('parked.title')} lead={t('parked.lead')} />
      <Group mb="md">
        <MapSelect
          label={t('parked.filter')}
          placeholder={t('parked.allMaps')}
          map={address.map}
          choose={(map) => go(map === '' ? {} : { map })}
        />
      </Group>
      <Clusters
        map={address.map}
        open={address.cluster}
        toggle={(cluster) =>
          go({ ...(address.map !== undefined && { map: address.map }), ...(cluster !== undefined && { cluster }) })
        }
      />
    </>
  )
}

/** The causes, of one map or of all; the one that is open shows its changes. */
export function Clusters(props: {
  map: string | undefined
  open: string | undefined
  toggle: (cluster: string | undefined) => void
}) {
  const { t } = useWords()
  const clusters = useQuery(clustersQuery(props.map))
  const retryAll = () =>
    deed(
      t,
      () => askEngine<{ retried: number }>('POST', '/parked-changes/retries', { ids: 'all', map: props.map }),
      ({ retried }) => t('parked.retried', { count: retried }),
    )
  return (
    <Loaded query={clusters}>
      {(found) =>
        found.length === 0 ? (
          <Empty title={t('parked.empty.title')} text={t('parked.empty.text')} />
        ) : (
          <Stack>
            <Group justify="space-between">
              <Text size="sm" c="dimmed" role="status">
                {t('wait.summary', { causes: found.length, changes: found.reduce((sum, one) => sum + one.count, 0) })}
              </Text>
              <Button variant="default" onClick={() => void retryAll()}>
                {t('parked.retryAll')}
              </Button>
            </Group>
            <Stack component="ul" gap="sm" className="plain-list">
              {found.map((one) => (
                <ClusterCard
                  key={one.id}
                  cluster={one}
                  isOpen={one.id === props.open}
                  toggle={() => props.toggle(one.id === props.open ? undefined : one.id)}
                />
              ))}
            </Stack>
          </Stack>
        )
      }
    </Loaded>
  )
}

function ClusterCard({ cluster, isOpen, toggle }: { cluster: ParkedCluster; isOpen: boolean; toggle: () => void }) {
  const { t, ago, dateTime, number } = useWords()
  const said = useSaid()
  const title = useMapTitles()(cluster.map)
  const retry = () =>
    deed(
      t,
      () => askEngine<{ retried: number }>('POST', '/parked-changes/retries', { ids: [], cluster: cluster.id }),
      ({ retried }) => t('parked.retried', { count: retried }),
    )
  // One change has no pattern but its own reason.
  const isAlone = cluster.pattern === '' || cluster.count === 1
  const example = said(cluster.exampleReason)
  const cause = isAlone ? example : said(cluster.pattern)
  return (
    <Paper component="li" withBorder p="md">
      <Group align="flex-start" gap="md">
        <Stack gap={6} className="grow card-text">
          <Text className="bad wrap-anywhere" fw={600}>
            {cause}
          </Text>
          {example !== cause && (
            <Text size="sm" className="wrap-anywhere">
              {t('wait.example', { reason: example })}
            </Text>
          )}
          <Group gap="xs">
            <Tag color="orange">{t('wait.count', { count: cluster.count })}</Tag>
            {cluster.waitingBehind > 0 && <Tag color="yellow">{t('wait.behind', { count: cluster.waitingBehind })}</Tag>}
            <Text size="xs" c="dimmed" title={dateTime(cluster.oldestAt)}>
              {title} · {t('wait.since', { when: ago(cluster.oldestAt) })}
              {cluster.code !== '' && <span className="mono"> · {cluster.code}</span>}
            </Text>
          </Group>
        </Stack>
        <Group gap={6} className="card-actions">
          <Button size="compact-sm" variant="subtle" onClick={toggle} aria-expanded={isOpen}>
            {t(isOpen ? 'wait.hide' : 'wait.show', { count: number(cluster.count) })}
          </Button>
          <Button
            size="compact-sm"
            variant="default"
            onClick={() => void retry()}
            aria-label={t('wait.retryOf', { count: number(cluster.count), cause })}
          >
            {t('wait.retry', { count: number(cluster.count) })}
          </Button>
        </Group>
      </Group>
      {isOpen && <ClusterItems cluster={cluster} />}
    </Paper>
  )
}
