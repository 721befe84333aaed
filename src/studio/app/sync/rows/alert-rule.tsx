import { Alert, Button, Checkbox, Group, NativeSelect, NumberInput, Stack, TagsInput, TextInput } from '@mantine/core'
import { type FormEvent, useState } from 'react'
import type { AlertRule } from '#dual-write/facets-watch.ts'
import { useWords } from '../../lib/messages.tsx'
import { Dialog } from '../../parts/dialog.tsx'
import { messageOf, tellDone } from '../../parts/states.tsx'
import { askEngine } from '../engine-api.ts'
import { MapSelect } from '../map-select.tsx'
import { readAgain } from './deeds.ts'

const KINDS = ['parked', 'failed', 'lag', 'difference', 'unreachable'] as const
const FIRST: Omit<AlertRule, 'id'> = {
  title: '',
  map: null,
  kind: 'parked',
  count: 1,
  windowMinutes: 10,
  action: { mail: [], webhook: null, pause: false },
  enabled: true,
}

/** Makes a rule or changes one; it holds at once. */
export function AlertRuleDialog({ rule, close }: { rule: AlertRule | 'new' | undefined; close: () => void }) {
  const { t } = useWords()
  return (
    <Dialog opened={rule !== undefined} close={close} title={t(rule === 'new' ? 'alert.new' : 'alert.changeTitle')}>
      {rule !== undefined && <Form rule={rule === 'new' ? undefined : rule} close={close} />}
    </Dialog>
  )
}

function Form({ rule, close }: { rule: AlertRule | undefined; close: () => void }) {
  const { t } = useWords()
  const { draft, change, save, busy, problem } = useDraft(rule, close)
  const { action } = draft
  const submit = (event: FormEvent) => {
    event.preventDefault()
    void save()
  }
  return (
    <form onSubmit={submit}>
      <Stack>
        <TextInput
          label={t('alert.name')}
          value={draft.title}
          onChange={(event) => change({ title: event.currentTarget.value })}
          required
          maxLength={200}
          data-autofocus
        />
        <NativeSelect
          label={t('alert.kind')}
          value={draft.kind}
          onChange={(event) => change({ kind: KINDS.find((kind) => kind === event.currentTarget.value) ?? 'parked' })}
          data={KINDS.map((kind) => ({ value: kind, label: t(`alert.kind.${kind}`) }))}
        />
        <MapSelect
          inForm
          label={t('alert.map')}
          placeholder={t('parked.allMaps')}
          map={draft.map ?? undefined}
          choose={(map) => change({ map: map === '' ? null : map })}
        />
        <Group grow>
          <NumberInput
            label={t(draft.kind === 'lag' ? 'alert.countMs' : 'alert.count')}
            value={draft.count}
            onChange={(value) => change({ count: Number(value) })}
            min={1}
            allowDecimal={false}
            required
          />
          <NumberInput
            label={t('alert.window')}
            value={draft.windowMinutes}
            onChange={(value) => change({ windowMinutes: Number(value) })}
            min={1}
            allowDecimal={false}
            required
          />
        </Group>
        <Deeds action={action} change={(part) => change({ action: { ...action, ...part } })} />
        {problem !== undefined && (
          <Alert color="red" role="alert" title={t('state.failed')}>
            {messageOf(problem, t)}
          </Alert>
        )}
        <Group justify="flex-end">
          <Button variant="default" onClick={close}>
            {t('action.cancel')}
          </Button>
          <Button type="submit" loading={busy}>
            {t('action.save')}
          </Button>
        </Group>
      </Stack>
    </form>
  )
}

/** What happens when the rule holds. */
function Deeds({ action, change }: { action: AlertRule['action']; change: (part: Partial<AlertRule['action']>) => void }) {
  const { t } = useWords()
  return (
    <>
      <TagsInput
        label={t('alert.mail')}
        description={t('alert.mailHint')}
        value={action.mail}
        onChange={(mail) => change({ mail })}
        acceptValueOnBlur
      />
      <TextInput
        label={t('alert.webhook')}
        type="url"
        value={action.webhook ?? ''}
        onChange={({ currentTarget: { value } }) => change({ webhook: value === '' ? null : value })}
      />
      <Checkbox
        label={t('alert.pause')}
        checked={action.pause}
        onChange={({ currentTarget: { checked } }) => change({ pause: checked })}
      />
    </>
  )
}

function useDraft(rule: AlertRule | undefined, close: () => void) {
  const { t } = useWords()
  const [draft, setDraft] = useState<Omit<AlertRule, 'id'>>(() => {
    if (rule === undefined) return FIRST
    const { id: _, ...content } = rule
    return content
  })
  const [problem, setProblem] = useState<Error>()
  const [busy, setBusy] = useState(false)
  const save = async () => {
    setBusy(true)
    try {
      if (rule === undefined) await askEngine('POST', '/alert-rules', draft)
      else await askEngine('PUT', `/alert-rules/${rule.id}`, draft)
      tellDone(t('alert.saved'), t)
      await readAgain()
      close()
    } catch (error) {
      setProblem(error as Error)
    } finally {
      setBusy(false)
    }
  }
  const change = (part: Partial<typeof draft>) => setDraft((before) => ({ ...before, ...part }))
  return { draft, change, save, busy, problem }
}
