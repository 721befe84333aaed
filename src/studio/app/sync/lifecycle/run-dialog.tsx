import { Button, Checkbox, Group, Radio, Select, Stack, Table, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import type { Prerequisite, Side } from '#dual-write/facets-control.ts'
import { useWords } from '../../lib/messages.tsx'
import { useSaid } from '../../lib/said.ts'
import { StateBadge } from '../../parts/badges.tsx'
import { Dialog } from '../../parts/dialog.tsx'
import { TextLink } from '../../parts/link.tsx'
import { Loaded } from '../../parts/states.tsx'
import { prerequisitesQuery } from '../queries.ts'
import { DialogFoot } from './dialog-foot.tsx'
import { DryRunResult } from './dry-run.tsx'
import { useDeed } from './use-deed.ts'
import { useDryRun } from './use-dry-run.ts'
import type { VerbDialogProps } from './verb-dialog.ts'

type Winner = 'map' | Side

/** Starts a map: with what it needs, with or without a first copy, after a look at what that copy would do. */
export function RunDialog(props: VerbDialogProps) {
  const { t } = useWords()
  return (
    <Dialog opened={props.opened} close={props.close} title={t('maps.ask.run.title', { name: props.map.title })} size="xl">
      <Form {...props} />
    </Dialog>
  )
}

function Form({ map, close }: VerbDialogProps) {
  const { t } = useWords()
  const { busy, problem, act } = useDeed(map.name)
  const [copies, setCopies] = useState(true)
  const [winner, setWinner] = useState<Winner>('map')
  const [before, setBefore] = useState(true)
  const needed = useQuery(prerequisitesQuery(map.name))
  const trial = useDryRun(map.name)
  const chosen = copies && winner !== 'map' ? { winner } : {}
  const run = async () => {
    const body = { initialSync: copies, prerequisites: before, ...chosen }
    if (await act('runs', body, () => t('maps.done.run', { name: map.title }))) close()
  }
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault()
        void run()
      }}
    >
      <Stack>
        <Loaded query={needed}>{(maps) => <Needed maps={maps} before={before} setBefore={setBefore} />}</Loaded>
        <Radio.Group
          label={t('run.copy')}
          value={copies ? 'copy' : 'live'}
          onChange={(value) => {
            setCopies(value === 'copy')
            trial.forget()
          }}
        >
          <Stack gap="xs" mt="xs">
            <Radio value="copy" label={t('run.withCopy')} description={t('maps.ask.run.text')} />
            <Radio value="live" label={t('run.withoutCopy')} description={t('run.withoutCopyText')} />
          </Stack>
        </Radio.Group>
        {copies && (
          <Select
            label={t('run.winner')}
            description={t('run.winnerText')}
            data={(['map', 'erp', 'portal'] as const).map((value) => ({ value, label: t(`run.winner.${value}`) }))}
            value={winner}
            onChange={(value) => {
              setWinner(value as Winner)
              trial.forget()
            }}
            allowDeselect={false}
          />
        )}
        {copies && <DryRunResult trial={trial} />}
        <DialogFoot close={close} deed={t('maps.deed.run')} busy={busy} problem={problem} disabled={trial.isBusy}>
          {copies && (
            <Group gap="xs" className="grow">
              {trial.isBusy ? (
                <Button variant="default" onClick={trial.cancel}>
                  {t('dryRun.cancel')}
                </Button>
              ) : (
                <Button variant="light" onClick={() => void trial.start(chosen)}>
                  {t('dryRun.deed')}
                </Button>
              )}
            </Group>
          )}
        </DialogFoot>
      </Stack>
    </form>
  )
}

/** The maps that should run before, in the order in which they are started. */
function Needed(props: { maps: Prerequisite[]; before: boolean; setBefore: (before: boolean) => void }) {
  const { t } = useWords()
  const { maps, before, setBefore } = props
  const waiting = maps.filter((map) => map.state === 'not_running').length
  if (maps.length === 0) return <Text size="sm">{t('run.needsNone')}</Text>
  return (
    <Stack gap="xs">
      <details open={waiting > 0}>
        <summary>{t('run.needs', { count: maps.length, waiting })}</summary>
        <NeededTable maps={maps} />
      </details>
      {waiting > 0 && (
        <Checkbox
          label={t('run.startBefore', { count: waiting })}
          checked={before}
          onChange={(event) => setBefore(event.currentTarget.checked)}
        />
      )}
    </Stack>
  )
}

function NeededTable({ maps }: { maps: Prerequisite[] }) {
  const { t } = useWords()
  const said = useSaid()
  return (
    <Table.ScrollContainer minWidth={480} scrollAreaProps={{ viewportProps: { tabIndex: 0 } }}>
      <Table verticalSpacing={4} fz="sm">
        <Table.Thead>
          <Table.Tr>
            <Table.Th>{t('run.order')}</Table.Th>
            <Table.Th>{t('run.map')}</Table.Th>
            <Table.Th>{t('run.state')}</Table.Th>
            <Table.Th>{t('run.why')}</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {maps.map((map, index) => (
            <Table.Tr key={map.map}>
              <Table.Td>{index + 1}</Table.Td>
              <Table.Td>
                <TextLink to="/dual-write/$name" params={{ name: map.map }} size="sm">
                  {map.title}
                </TextLink>
              </Table.Td>
              <Table.Td>
                <StateBadge state={map.state} />
              </Table.Td>
              <Table.Td>
                {said(map.reason)} {map.required ? t('run.required') : t('run.filledLater')}
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  )
}
