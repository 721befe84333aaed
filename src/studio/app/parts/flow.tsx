import type { MapStatus } from '../../wire.ts'
import { useWords } from '../lib/messages.tsx'

/**
 * One map as a picture: our table on the left, the ERP's entity on the right, a lane for each way. A lane moves only while changes
 * really travel on it, and never for readers who asked for less motion.
 */
export function Flow({ map }: { map: MapStatus }) {
  const { t } = useWords()
  const isOpen = map.state === 'running' || map.state === 'resuming' || map.state === 'initializing'
  return (
    <div className="flow">
      <End name={map.table} side={t('flow.portal')} />
      <div className="lanes">
        {map.carries.toErp && <Lane way="right" open={isOpen} queued={map.queued.toErp} perMinute={map.perMinute.toErp} />}
        {map.carries.toPortal && (
          <Lane
            way="left"
            open={isOpen}
            queued={map.queued.toPortal}
            perMinute={map.initialSync?.state === 'running' ? 1 : map.perMinute.toPortal}
          />
        )}
      </div>
      <End name={map.entity} side={t('flow.erp')} />
    </div>
  )
}

function End({ name, side }: { name: string; side: string }) {
  return (
    <div className="flow-end">
      <span className="flow-side">{side}</span>
      <span className="flow-name">{breakable(name)}</span>
    </div>
  )
}

/** A technical name that may break where its words meet. */
function breakable(name: string) {
  const words = name.split(/(?<=_)|(?<=[a-z])(?=[A-Z])/)
  // biome-ignore lint/suspicious/noArrayIndexKey: the words of a name never move
  return words.map((word, index) => [word, <wbr key={index} />])
}

function Lane(props: { way: 'left' | 'right'; open: boolean; queued: number; perMinute: number }) {
  const { t, number } = useWords()
  const moves = props.open && (props.perMinute > 0 || props.queued > 0)
  const classes = ['lane', `lane-${props.way}`, moves && 'lane-moves', !props.open && 'lane-closed'].filter(Boolean).join(' ')
  const label = t(props.way === 'right' ? 'flow.toErp' : 'flow.toPortal', { queued: props.queued, perMinute: props.perMinute })
  return (
    <div className={classes} role="img" aria-label={label} title={label}>
      <span className="lane-line" />
      {props.queued > 0 && <span className="lane-queue">{number(props.queued)}</span>}
    </div>
  )
}
