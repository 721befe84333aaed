import { ActionIcon, Button, Group, Tooltip } from '@mantine/core'
import { useState } from 'react'
import type { MapState } from '../../wire.ts'
import { mapsQuery, post, queryClient } from '../lib/api.ts'
import { useWords } from '../lib/messages.tsx'
import { Confirm, type Question } from './confirm.tsx'
import { PauseIcon, PlayIcon, StopIcon } from './icons.tsx'
import { tellDone, tellFailure } from './states.tsx'

type Deed = 'run' | 'pause' | 'resume' | 'stop'
const NOUNS: Readonly<Record<Deed, string>> = { run: 'runs', pause: 'pauses', resume: 'resumptions', stop: 'stops' }

/** What can be done to a map in each state. */
const DEEDS: Readonly<Record<MapState, readonly Deed[]>> = {
  not_running: ['run'],
  initializing: ['pause', 'stop'],
  running: ['pause', 'stop'],
  paused: ['resume', 'stop'],
  resuming: ['pause', 'stop'],
}
const ICONS: Readonly<Record<Deed, typeof PlayIcon>> = { run: PlayIcon, resume: PlayIcon, pause: PauseIcon, stop: StopIcon }

/** `compact`: as icons, where the row of a list has no room for words. */
export function MapActions(props: { name: string; title: string; state: MapState; compact?: boolean }) {
  const { name, title, state } = props
  const { t } = useWords()
  const [question, ask] = useState<Question | undefined>(undefined)
  const [busy, setBusy] = useState<Deed | undefined>(undefined)

  const act = async (deed: Deed) => {
    setBusy(deed)
    try {
      await post(`/maps/${encodeURIComponent(name)}/${NOUNS[deed]}`)
      tellDone(t(`maps.done.${deed}`, { name: title }), t)
    } catch (error) {
      tellFailure(error as Error, t)
    }
    setBusy(undefined)
    await Promise.all([queryClient.invalidateQueries(mapsQuery), queryClient.invalidateQueries({ queryKey: ['map', name] })])
  }
  // Pausing keeps everything and resuming brings it; stopping forgets what waits, and running again copies all rows anew.
  const start = (deed: Deed) => {
    if (deed === 'pause' || deed === 'resume') return void act(deed)
    ask({
      title: t(`maps.ask.${deed}.title`, { name: title }),
      text: t(`maps.ask.${deed}.text`),
      deed: t(`maps.deed.${deed}`),
      danger: deed === 'stop',
      act: () => act(deed),
    })
  }
  return (
    <Group gap={6} wrap="nowrap">
      {DEEDS[state].map((deed) => {
        const Icon = ICONS[deed]
        const common = {
          loading: busy === deed,
          'aria-label': t(`maps.do.${deed}`, { name: title }),
          onClick: () => start(deed),
        }
        return props.compact === true ? (
          <Tooltip key={deed} label={t(`maps.deed.${deed}`)}>
            <ActionIcon variant="default" size="md" {...common}>
              <Icon size={15} />
            </ActionIcon>
          </Tooltip>
        ) : (
          <Button key={deed} size="compact-sm" variant="default" leftSection={<Icon size={15} />} {...common}>
            {t(`maps.deed.${deed}`)}
          </Button>
        )
      })}
      <Confirm question={question} close={() => ask(undefined)} />
    </Group>
  )
}
