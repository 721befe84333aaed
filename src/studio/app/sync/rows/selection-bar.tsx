import { Button, Checkbox, Group } from '@mantine/core'
import type { ReactNode } from 'react'
import { useWords } from '../../lib/messages.tsx'

type Deed = { label: string; act(ids: readonly string[]): void }

/** Above a list of changes: all that is shown ticked at once, the list as a file, and what can be done with those that are ticked. */
export function SelectionBar(props: {
  ids: readonly string[]
  chosen: readonly string[]
  tickAll(on: boolean): void
  save(): void
  deeds: readonly Deed[]
}): ReactNode {
  const { t } = useWords()
  const { ids, chosen } = props
  return (
    <Group justify="space-between">
      <Checkbox
        label={t('wait.selectAll')}
        checked={chosen.length === ids.length && ids.length > 0}
        indeterminate={chosen.length > 0 && chosen.length < ids.length}
        onChange={(event) => props.tickAll(event.currentTarget.checked)}
      />
      <Group gap="xs">
        <Button size="xs" variant="subtle" onClick={props.save}>
          {t('copy.file')}
        </Button>
        {props.deeds.map(({ label, act }) => (
          <Button key={label} size="xs" variant="default" disabled={chosen.length === 0} onClick={() => act(chosen)}>
            {label}
          </Button>
        ))}
      </Group>
    </Group>
  )
}
