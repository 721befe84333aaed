import { Alert, Button, Group, Stack, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useWords } from '../../lib/messages.tsx'
import { Confirm, type Question } from '../../parts/confirm.tsx'
import { Loaded } from '../../parts/states.tsx'
import { differencesOfTexts } from './editor-queries.ts'
import { type Base, DifferenceWords } from './save-dialog.tsx'

/** Somebody has saved a version since this text was begun: what he changed, and whose text shall go on. */
export function Overtaken(props: { base: Base; active: Base; mine: string; take: () => void; keep: () => void }) {
  const { base, active, mine, take, keep } = props
  const { t } = useWords()
  const theirs = useQuery(differencesOfTexts(base.text, active.text))
  const [question, ask] = useState<Question | undefined>(undefined)
  const start = () =>
    mine === base.text
      ? take()
      : ask({
          title: t('editor.takeTheirs'),
          text: t('editor.takeTheirsText'),
          deed: t('editor.takeTheirs'),
          danger: true,
          act: async () => take(),
        })
  return (
    <Alert color="orange" title={t('editor.overtaken', { version: active.version })} role="alert">
      <Stack gap="sm">
        <Text size="sm">{t('editor.overtakenText', { version: base.version })}</Text>
        <Loaded query={theirs}>{(words) => <DifferenceWords words={words} />}</Loaded>
        <Group gap="sm">
          <Button size="xs" variant="default" onClick={start}>
            {t('editor.takeTheirs')}
          </Button>
          <Button size="xs" variant="default" onClick={keep}>
            {t('editor.keepMine')}
          </Button>
        </Group>
      </Stack>
      <Confirm question={question} close={() => ask(undefined)} />
    </Alert>
  )
}
