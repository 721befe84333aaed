import '../editor/editor.css'
import { Button, Checkbox, Group, Paper, Stack, Text, Title } from '@mantine/core'
import { useState } from 'react'
import type { MapBundle } from '#dual-write/facets-control.ts'
import { useMaps } from '../../lib/maps.ts'
import { useWords } from '../../lib/messages.tsx'
import { Loaded, tellFailure } from '../../parts/states.tsx'
import { readEngine } from '../engine-api.ts'
import { SyncHead } from '../head.tsx'
import { ImportPanel } from './import-panel.tsx'

/** Maps from one installation to another: out as a file, in with a plan that is read before it is confirmed. */
export function PromotionScreen() {
  const { t } = useWords()
  const picture = useMaps()
  return (
    <>
      <SyncHead title={t('promotion.title')} lead={t('promotion.lead')} />
      <Stack gap="xl">
        <Loaded query={picture}>
          {({ maps }) => <ExportPanel maps={maps.map(({ name, title, version }) => ({ name, title, version }))} />}
        </Loaded>
        <ImportPanel />
      </Stack>
    </>
  )
}

function ExportPanel({ maps }: { maps: readonly { name: string; title: string; version: string }[] }) {
  const { t } = useWords()
  const [left, setLeft] = useState<ReadonlySet<string>>(new Set())
  const [busy, setBusy] = useState(false)
  const taken = maps.filter((one) => !left.has(one.name)).map((one) => one.name)
  const download = async () => {
    setBusy(true)
    try {
      const which = left.size === 0 ? {} : { map: taken.join(',') }
      save(await readEngine<MapBundle>('/bundle', which))
    } catch (error) {
      tellFailure(error as Error, t)
    }
    setBusy(false)
  }
  const toggle = (name: string, isTaken: boolean) => {
    const next = new Set(left)
    if (isTaken) next.delete(name)
    else next.add(name)
    setLeft(next)
  }
  return (
    <Paper withBorder p="md" component="section" aria-labelledby="export-maps">
      <Title order={2} size="h4" id="export-maps">
        {t('promotion.export')}
      </Title>
      <Text size="sm" c="dimmed" mb="sm">
        {t('promotion.exportText')}
      </Text>
      <Checkbox
        label={t('promotion.all')}
        fw={600}
        mb="xs"
        checked={left.size === 0}
        indeterminate={left.size > 0 && taken.length > 0}
        onChange={(event) => setLeft(event.currentTarget.checked ? new Set() : new Set(maps.map((one) => one.name)))}
      />
      <div className="promotion-maps">
        {maps.map(({ name, title, version }) => (
          <Checkbox
            key={name}
            size="sm"
            label={`${title} ${version}`}
            checked={!left.has(name)}
            onChange={(event) => toggle(name, event.currentTarget.checked)}
          />
        ))}
      </div>
      <Group mt="md">
        <Button loading={busy} disabled={taken.length === 0} onClick={() => void download()}>
          {t('promotion.download', { count: taken.length })}
        </Button>
      </Group>
    </Paper>
  )
}

function save(bundle: MapBundle): void {
  const url = URL.createObjectURL(new Blob([JSON.stringify(bundle, null, 2)], { type: 'application/json' }))
  const link = document.createElement('a')
  link.href = url
  link.download = `comptoir-maps-${bundle.at.slice(0, 10)}.json`
  link.click()
  // The browser has begun to read by the next turn.
  setTimeout(() => URL.revokeObjectURL(url))
}
