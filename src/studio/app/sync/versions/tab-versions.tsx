import { Button, Group, NativeSelect, Paper, Stack, Table, Text, Title, VisuallyHidden } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import type { MapVersion } from '#dual-write/facets-control.ts'
import { useWords } from '../../lib/messages.tsx'
import { Tag } from '../../parts/badges.tsx'
import { Dialog } from '../../parts/dialog.tsx'
import { Loaded, tellDone, tellFailure } from '../../parts/states.tsx'
import { differencesOfTexts, versionTextQuery } from '../editor/editor-queries.ts'
import { DifferenceWords, refreshMap } from '../editor/save-dialog.tsx'
import { askEngine, mapPath } from '../engine-api.ts'
import { versionsQuery } from '../queries.ts'
import type { TabProps } from '../tab-props.ts'
import { LineChanges } from './line-changes.tsx'

/** Every version that was ever active here, what differs between any two, and the way back to an older one. */
export function VersionsTab({ name, address, go }: TabProps) {
  const { t } = useWords()
  const versions = useQuery(versionsQuery(name))
  const [activated, activate] = useState<string | undefined>(undefined)
  return (
    <Loaded query={versions}>
      {(all) => (
        <Stack gap="xl">
          <VersionTable versions={all} activate={activate} />
          {all.length < 2 ? (
            <Text c="dimmed">{t('versions.one')}</Text>
          ) : (
            <Compare name={name} all={all} address={address} go={go} />
          )}
          <Activation
            name={name}
            from={all.find((one) => one.active)?.version}
            to={activated}
            close={() => activate(undefined)}
          />
        </Stack>
      )}
    </Loaded>
  )
}

function VersionTable({ versions, activate }: { versions: readonly MapVersion[]; activate: (version: string) => void }) {
  const { t, dateTime } = useWords()
  return (
    <Table.ScrollContainer minWidth={640} scrollAreaProps={{ viewportProps: { tabIndex: 0 } }}>
      <Table verticalSpacing="xs">
        <Table.Thead>
          <Table.Tr>
            <Table.Th>{t('versions.version')}</Table.Th>
            <Table.Th>{t('versions.when')}</Table.Th>
            <Table.Th>{t('versions.who')}</Table.Th>
            <Table.Th>{t('versions.publisher')}</Table.Th>
            <Table.Th>{t('versions.message')}</Table.Th>
            <Table.Th>
              <VisuallyHidden>{t('editor.deeds')}</VisuallyHidden>
            </Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {versions.map((one) => (
            <Table.Tr key={one.version}>
              <Table.Td className="digits">
                <Group gap="xs" wrap="nowrap">
                  {one.version}
                  {one.active && <Tag color="teal">{t('versions.active')}</Tag>}
                </Group>
              </Table.Td>
              <Table.Td>{dateTime(one.at)}</Table.Td>
              <Table.Td>{one.by === 'file' ? t('versions.file') : one.by}</Table.Td>
              <Table.Td>{one.publisher}</Table.Td>
              <Table.Td className="wrap-anywhere">{one.message}</Table.Td>
              <Table.Td>
                {!one.active && (
                  <Button
                    size="compact-sm"
                    variant="default"
                    aria-label={t('versions.activateNamed', { version: one.version })}
                    onClick={() => activate(one.version)}
                  >
                    {t('versions.activate')}
                  </Button>
                )}
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  )
}

/** Which two is in the address; at first the active one and the one before it. */
function Compare({ name, all, address, go }: Pick<TabProps, 'name' | 'address' | 'go'> & { all: readonly MapVersion[] }) {
  const { t } = useWords()
  const known = all.map((one) => one.version)
  const active = Math.max(
    all.findIndex((one) => one.active),
    0,
  )
  const isKnown = (version: string | undefined): version is string => version !== undefined && known.includes(version)
  const to = isKnown(address.to) ? address.to : (known[active] ?? '')
  const from = isKnown(address.from) ? address.from : (known[active + 1] ?? known[active - 1] ?? to)
  return (
    <Paper withBorder p="md" component="section" aria-labelledby="compare-versions">
      <Title order={2} size="h4" id="compare-versions" mb="sm">
        {t('versions.compare')}
      </Title>
      <Group mb="md">
        <NativeSelect
          label={t('versions.from')}
          value={from}
          onChange={(event) => go({ from: event.currentTarget.value })}
          data={known}
        />
        <NativeSelect
          label={t('versions.to')}
          value={to}
          onChange={(event) => go({ to: event.currentTarget.value })}
          data={known}
        />
      </Group>
      <Differences name={name} from={from} to={to} withLines />
    </Paper>
  )
}

function Differences({ name, from, to, withLines }: { name: string; from: string; to: string; withLines?: boolean }) {
  const [before, after] = [useQuery(versionTextQuery(name, from)), useQuery(versionTextQuery(name, to))]
  return (
    <Loaded query={before}>
      {(was) => (
        <Loaded query={after}>
          {(is) => (
            <Stack gap="sm">
              <Words before={was.text} after={is.text} />
              {withLines === true && <LineChanges before={was.text} after={is.text} />}
            </Stack>
          )}
        </Loaded>
      )}
    </Loaded>
  )
}

function Words({ before, after }: { before: string; after: string }) {
  const words = useQuery(differencesOfTexts(before, after))
  return <Loaded query={words}>{(all) => <DifferenceWords words={all} />}</Loaded>
}

/** Shows what the step changes before it is made. */
function Activation(props: { name: string; from: string | undefined; to: string | undefined; close: () => void }) {
  const { name, from, to, close } = props
  const { t } = useWords()
  const [busy, setBusy] = useState(false)
  const activate = async (version: string) => {
    setBusy(true)
    try {
      await askEngine('POST', mapPath(name, '/activations'), { version })
      tellDone(t('versions.activated', { version }), t)
      close()
    } catch (error) {
      tellFailure(error as Error, t)
    }
    setBusy(false)
    await refreshMap(name)
  }
  return (
    <Dialog opened={to !== undefined} close={close} title={t('versions.activateTitle', { version: to ?? '' })}>
      {to !== undefined && (
        <Stack>
          <Text size="sm">{t('versions.activateText')}</Text>
          <Text size="sm" fw={500}>
            {t('versions.changes')}
          </Text>
          <Differences name={name} from={from ?? to} to={to} />
          <Group justify="flex-end">
            <Button variant="default" onClick={close}>
              {t('action.cancel')}
            </Button>
            <Button loading={busy} onClick={() => void activate(to)} data-autofocus>
              {t('versions.activate')}
            </Button>
          </Group>
        </Stack>
      )}
    </Dialog>
  )
}
