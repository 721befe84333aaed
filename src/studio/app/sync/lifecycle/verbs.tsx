import { ActionIcon, Button, Group, Tooltip } from '@mantine/core'
import { useState } from 'react'
import type { MapState, MapStatus } from '../../../wire.ts'
import { useWords } from '../../lib/messages.tsx'
import { PauseIcon, PlayIcon, RefreshIcon, StopIcon } from '../../parts/icons.tsx'
import { PauseDialog } from './pause-dialog.tsx'
import { RefreshDialog } from './refresh-dialog.tsx'
import { ResumeDialog } from './resume-dialog.tsx'
import { RunDialog } from './run-dialog.tsx'
import { StopDialog } from './stop-dialog.tsx'
import type { VerbDialogProps } from './verb-dialog.ts'

type Verb = 'run' | 'pause' | 'resume' | 'refresh' | 'stop'

/** What can be done to a map in each state. */
const VERBS: Readonly<Record<MapState, readonly Verb[]>> = {
  not_running: ['run'],
  initializing: ['stop'],
  running: ['pause', 'refresh', 'stop'],
  paused: ['resume', 'refresh', 'stop'],
  resuming: ['pause', 'stop'],
}
const ICONS: Readonly<Record<Verb, typeof PlayIcon>> = {
  run: PlayIcon,
  resume: PlayIcon,
  pause: PauseIcon,
  refresh: RefreshIcon,
  stop: StopIcon,
}

/** The verbs of a map, each with a dialog that says what it means. `compact`: as icons, where the row of a list has no room for words. */
export function Verbs({ map, compact = false }: { map: MapStatus; compact?: boolean }) {
  const { t } = useWords()
  const [open, setOpen] = useState<Verb | undefined>(undefined)
  const dialog = (verb: Verb): VerbDialogProps => ({ map, opened: open === verb, close: () => setOpen(undefined) })
  return (
    <Group gap={6} wrap="nowrap">
      {VERBS[map.state]
        .filter((verb) => !compact || verb !== 'refresh')
        .map((verb) => {
          const Icon = ICONS[verb]
          const common = { 'aria-label': t(`maps.do.${verb}`, { name: map.title }), onClick: () => setOpen(verb) }
          return compact ? (
            <Tooltip key={verb} label={t(`maps.deed.${verb}`)}>
              <ActionIcon variant="default" size="md" {...common}>
                <Icon size={15} />
              </ActionIcon>
            </Tooltip>
          ) : (
            <Button key={verb} size="compact-sm" variant="default" leftSection={<Icon size={15} />} {...common}>
              {t(`maps.deed.${verb}`)}
            </Button>
          )
        })}
      <RunDialog {...dialog('run')} />
      <PauseDialog {...dialog('pause')} />
      <ResumeDialog {...dialog('resume')} />
      <RefreshDialog {...dialog('refresh')} />
      <StopDialog {...dialog('stop')} />
    </Group>
  )
}
