import { Alert, Button, Group, Paper, Stack, Text, Title } from '@mantine/core'
import { useState } from 'react'
import type { MapBundle, MapDifference } from '#dual-write/facets-control.ts'
import { queryClient } from '../../lib/api.ts'
import { useWords } from '../../lib/messages.tsx'
import { Tag } from '../../parts/badges.tsx'
import { Confirm, type Question } from '../../parts/confirm.tsx'
import { messageOf, tellDone, tellFailure } from '../../parts/states.tsx'
import { FindingList } from '../editor/finding-list.tsx'
import { DifferenceWords } from '../editor/save-dialog.tsx'
import { askEngine } from '../engine-api.ts'

type Plan = { bundle: MapBundle; differences: readonly MapDifference[] }

/** A file is planned at once; what it would change is read map by map, and then confirmed. */
export function ImportPanel() {
  const { t } = useWords()
  const [plan, setPlan] = useState<Plan | undefined>(undefined)
  const [problem, setProblem] = useState<string | undefined>(undefined)
  const [busy, setBusy] = useState(false)
  const choose = async (file: File | undefined) => {
    setPlan(undefined)
    setProblem(undefined)
    if (file === undefined) return
    setBusy(true)
    try {
      const bundle = parse(await file.text())
      if (bundle === undefined) setProblem(t('promotion.notJson'))
      else setPlan({ bundle, differences: await askEngine<MapDifference[]>('POST', '/bundle/plans', { bundle }) })
    } catch (error) {
      setProblem(messageOf(error as Error, t))
    }
    setBusy(false)
  }
  return (
    <Paper withBorder p="md" component="section" aria-labelledby="import-maps" aria-busy={busy}>
      <Title order={2} size="h4" id="import-maps">
        {t('promotion.import')}
      </Title>
      <Text size="sm" c="dimmed" mb="sm">
        {t('promotion.importText')}
      </Text>
      <Stack>
        <div>
          <label htmlFor="maps-file" className="file-label">
            {t('promotion.file')}
          </label>
          <input
            id="maps-file"
            type="file"
            accept="application/json,.json"
            onChange={(event) => void choose(event.currentTarget.files?.[0])}
          />
        </div>
        {busy && (
          <Text size="sm" c="dimmed" role="status">
            {t('state.loading')}
          </Text>
        )}
        {problem !== undefined && (
          <Alert color="red" title={t('state.failed')} role="alert">
            <Text size="sm" className="mail-text">
              {problem}
            </Text>
          </Alert>
        )}
        {plan !== undefined && <PlanView plan={plan} done={() => setPlan(undefined)} />}
      </Stack>
    </Paper>
  )
}

function PlanView({ plan, done }: { plan: Plan; done: () => void }) {
  const { t, dateTime } = useWords()
  const [question, ask] = useState<Question | undefined>(undefined)
  const { bundle, differences } = plan
  const changing = differences.filter((one) => one.kind === 'added' || one.kind === 'changed')
  const countOf = (kind: MapDifference['kind']) => differences.filter((one) => one.kind === kind).length
  const hasErrors = differences.some((one) => one.findings.some((finding) => finding.severity === 'error'))
  const importAll = async () => {
    try {
      await askEngine('POST', '/bundle/imports', { bundle })
      tellDone(t('promotion.done', { count: changing.length }), t)
      done()
    } catch (error) {
      tellFailure(error as Error, t)
    }
    await Promise.all([['sync'], ['map'], ['maps']].map((queryKey) => queryClient.invalidateQueries({ queryKey })))
  }
  const start = () =>
    ask({
      title: t('promotion.ask'),
      text: t('promotion.askText'),
      deed: t('promotion.deed', { count: changing.length }),
      act: importAll,
    })
  return (
    <Stack gap="sm" role="region" aria-label={t('promotion.plan')}>
      <Title order={3} size="h5">
        {t('promotion.plan')}
      </Title>
      <Text size="sm" c="dimmed">
        {t('promotion.from', { from: bundle.from, at: dateTime(bundle.at) })}
      </Text>
      {changing.length === 0 && <Text>{t('promotion.nothing')}</Text>}
      {changing.map((one) => (
        <MapPlan key={one.map} plan={one} />
      ))}
      <Text size="sm" c="dimmed">
        {countOf('same') > 0 && `${t('promotion.same', { count: countOf('same') })}. `}
        {countOf('missing') > 0 && `${t('promotion.missing', { count: countOf('missing') })}.`}
      </Text>
      {hasErrors && <Alert color="red">{t('promotion.errors')}</Alert>}
      <Group>
        <Button disabled={changing.length === 0 || hasErrors} onClick={start}>
          {t('promotion.deed', { count: changing.length })}
        </Button>
        <Button variant="default" onClick={done}>
          {t('action.cancel')}
        </Button>
      </Group>
      <Confirm question={question} close={() => ask(undefined)} />
    </Stack>
  )
}

function MapPlan({ plan }: { plan: MapDifference }) {
  const { t } = useWords()
  return (
    <Paper withBorder p="sm" component="section" aria-label={plan.map}>
      <Group gap="sm" mb={4}>
        <Text fw={600}>{plan.map}</Text>
        <Tag color={plan.kind === 'added' ? 'blue' : 'teal'}>{t(`promotion.kind.${plan.kind}`)}</Tag>
        <Text size="sm" c="dimmed" className="digits">
          {plan.from === null ? plan.to : `${plan.from} → ${plan.to}`}
        </Text>
      </Group>
      {plan.kind === 'changed' && <DifferenceWords words={plan.changes} />}
      {plan.findings.length > 0 && <FindingList findings={plan.findings} />}
    </Paper>
  )
}

function parse(text: string): MapBundle | undefined {
  try {
    const content: unknown = JSON.parse(text)
    return typeof content === 'object' && content !== null ? (content as MapBundle) : undefined
  } catch {
    return undefined
  }
}
