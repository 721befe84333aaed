import { Button, Group, SegmentedControl, Stack, Text, Textarea } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { ApiFailure, queryClient } from '../../lib/api.ts'
import { useWords } from '../../lib/messages.tsx'
import { Dialog } from '../../parts/dialog.tsx'
import { Loaded, tellDone, tellFailure } from '../../parts/states.tsx'
import { askEngine } from '../engine-api.ts'
import { definitionQuery, versionsQuery } from '../queries.ts'
import { differencesOfTexts } from './editor-queries.ts'
import { putHead } from './map-text.ts'

export type Base = { text: string; version: string }
type SaveProps = { name: string; base: Base; text: string; onSaved: (saved: Base) => void; close: () => void }

const BUMPS = ['major', 'minor', 'patch'] as const
type Bump = (typeof BUMPS)[number]

/** What is about to hold, in words; under which number, and why. */
export function SaveDialog(props: SaveProps & { opened: boolean }) {
  const { t } = useWords()
  return (
    <Dialog opened={props.opened} close={props.close} title={t('editor.saveTitle')}>
      {props.opened && <Body {...props} />}
    </Dialog>
  )
}

function Body({ name, base, text, onSaved, close }: SaveProps) {
  const { t } = useWords()
  const versions = useQuery(versionsQuery(name))
  const words = useQuery(differencesOfTexts(base.text, text))
  const [chosen, choose] = useState<Bump | undefined>(undefined)
  const [message, setMessage] = useState('')
  const [busy, setBusy] = useState(false)
  const bump = chosen ?? suggested(words.data ?? [])
  const highest = versions.data?.[0]?.version ?? base.version
  const next = bumped(highest, bump)

  const save = async () => {
    setBusy(true)
    try {
      if (await saveVersion(name, { base, text, version: next, message })) {
        onSaved({ text: putHead(text, 'version', next), version: next })
        tellDone(t('editor.saved', { version: next }), t)
      }
      close()
    } catch (error) {
      tellFailure(error as Error, t)
    }
    setBusy(false)
    await refreshMap(name)
  }
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault()
        void save()
      }}
    >
      <Stack>
        <Loaded query={words}>{(all) => <DifferenceWords words={all} />}</Loaded>
        <div>
          <Text size="sm" fw={500} mb={4}>
            {t('editor.nextVersion', { from: base.version, to: next })}
          </Text>
          <SegmentedControl
            aria-label={t('editor.bump')}
            value={bump}
            onChange={(value) => choose(value as Bump)}
            data={BUMPS.map((one) => ({ value: one, label: `${t(`editor.bump.${one}`)} ${bumped(highest, one)}` }))}
          />
        </div>
        <Textarea
          label={t('editor.message')}
          description={t('editor.messageHelp')}
          required
          maxLength={500}
          data-autofocus
          value={message}
          onChange={(event) => setMessage(event.currentTarget.value)}
        />
        <Group justify="flex-end">
          <Button variant="default" onClick={close}>
            {t('action.cancel')}
          </Button>
          <Button type="submit" loading={busy} disabled={message.trim() === '' || versions.data === undefined}>
            {t('editor.saveDeed', { version: next })}
          </Button>
        </Group>
      </Stack>
    </form>
  )
}

type Saved = { base: Base; text: string; version: string; message: string }

/** False where somebody was faster: the editor shows his version as soon as it is known. */
async function saveVersion(name: string, { base, text, version, message }: Saved): Promise<boolean> {
  try {
    await askEngine('POST', '/definitions', { text: putHead(text, 'version', version), message, basedOn: base.version })
    return true
  } catch (error) {
    if (!(error instanceof ApiFailure) || error.code !== 'dual_write.conflict') throw error
    const now = await queryClient.fetchQuery({ ...definitionQuery(name), staleTime: 0 })
    if (now.version === base.version) throw error
    return false
  }
}

/** After the text of a map is another one. */
export async function refreshMap(name: string): Promise<void> {
  await Promise.all([['sync', name], ['map', name], ['maps']].map((queryKey) => queryClient.invalidateQueries({ queryKey })))
}

/** A line for each column or property that differs. */
export function DifferenceWords({ words }: { words: readonly string[] }) {
  const { t } = useWords()
  if (words.length === 0)
    return (
      <Text size="sm" c="dimmed">
        {t('editor.noDifference')}
      </Text>
    )
  return (
    <ul className="difference-words">
      {words.map((one) => (
        <li key={one} className="small wrap-anywhere">
          {one}
        </li>
      ))}
    </ul>
  )
}

/** What goes away may break who builds on it; what comes is more than a correction. */
function suggested(words: readonly string[]): Bump {
  if (words.some((one) => one.startsWith('- ') || /^(table|entity|key|recordKey): /.test(one))) return 'major'
  return words.some((one) => one.startsWith('+ ')) ? 'minor' : 'patch'
}

function bumped(version: string, bump: Bump): string {
  const [major = 0, minor = 0, patch = 0] = version.split('.').map(Number)
  if (bump === 'major') return `${major + 1}.0.0`
  return bump === 'minor' ? `${major}.${minor + 1}.0` : `${major}.${minor}.${patch + 1}`
}
