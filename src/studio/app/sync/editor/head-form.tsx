import { Checkbox, NativeSelect, SimpleGrid, TextInput } from '@mantine/core'
import type { MapSchemas } from '#dual-write/facets-control.ts'
import { useWords } from '../../lib/messages.tsx'
import type { Head } from './map-text.ts'

const DELETES = ['ignore', 'propagate', 'mark', 'refuse'] as const
const LEAVES = ['', 'keep', 'mark', 'delete'] as const
const SIDES = ['erp', 'portal'] as const

type HeadProps = { head: Head; schemas: MapSchemas; put: (name: string, value: unknown) => void }

/** What holds for the map as a whole: its names, its key, who wins, what deletes do, and which rows it is about. */
export function HeadForm(props: HeadProps) {
  const { head, schemas, put } = props
  const { t } = useWords()
  const title = head.title
  const titles = (typeof title === 'object' && title !== null ? title : { en: String(title ?? '') }) as {
    en: string
    fr?: string
  }
  const putTitles = (part: Partial<typeof titles>) => {
    const next = { ...titles, ...part }
    put('title', next.fr === undefined || next.fr === '' ? next.en : next)
  }
  return (
    <SimpleGrid cols={{ base: 1, sm: 2, lg: 3 }} spacing="sm" py="xs">
      <TextInput
        label={t('editor.titleEn')}
        value={titles.en}
        onChange={(event) => putTitles({ en: event.currentTarget.value })}
      />
      <TextInput
        label={t('editor.titleFr')}
        value={titles.fr ?? ''}
        onChange={(event) => putTitles({ fr: event.currentTarget.value })}
      />
      <NativeSelect
        label={t('editor.key')}
        value={String(head.key ?? '')}
        onChange={(event) => put('key', event.currentTarget.value)}
        data={[
          ...(schemas.keys.some((one) => one.name === head.key) ? [] : [String(head.key ?? '')]),
          ...schemas.keys.map((one) => ({ value: one.name, label: `${one.name} (${one.columns.join(', ')})` })),
        ]}
      />
      <NativeSelect
        label={t('editor.winner')}
        value={String(head.winner ?? 'erp')}
        onChange={(event) => put('winner', event.currentTarget.value)}
        data={SIDES.map((one) => ({ value: one, label: t(`editor.wins.${one}`) }))}
      />
      <NativeSelect
        label={t('editor.initialWinner')}
        value={String(head.initialWinner ?? '')}
        onChange={(event) => put('initialWinner', event.currentTarget.value || undefined)}
        data={[
          { value: '', label: t('editor.sameAsLive') },
          ...SIDES.map((one) => ({ value: one, label: t(`editor.wins.${one}`) })),
        ]}
      />
      <NativeSelect
        label={t('editor.start')}
        value={String(head.start ?? 'auto')}
        onChange={(event) => put('start', event.currentTarget.value === 'auto' ? undefined : 'manual')}
        data={[
          { value: 'auto', label: t('editor.startAuto') },
          { value: 'manual', label: t('editor.startManual') },
        ]}
      />
      <Filters {...props} />
      <Policies {...props} />
      <Checkbox
        label={t('editor.confirmFirst')}
        checked={head.confirmFirst === true}
        onChange={(event) => put('confirmFirst', event.currentTarget.checked ? true : undefined)}
      />
    </SimpleGrid>
  )
}

function Filters({ head, put }: HeadProps) {
  const { t } = useWords()
  const filter = (head.filter ?? {}) as { erp?: string; portal?: string }
  const change = (part: typeof filter) => {
    const next = Object.fromEntries(Object.entries({ ...filter, ...part }).filter(([, one]) => one !== ''))
    put('filter', Object.keys(next).length === 0 ? undefined : next)
  }
  return SIDES.map((side) => (
    <TextInput
      key={side}
      label={t(side === 'erp' ? 'editor.filterErp' : 'editor.filterPortal')}
      description={t('editor.filterHelp')}
      classNames={{ input: 'mono' }}
      value={filter[side] ?? ''}
      onChange={(event) => change({ [side]: event.currentTarget.value })}
    />
  ))
}

function Policies({ head, put }: HeadProps) {
  const { t } = useWords()
  const deletes = (head.deletes ?? {}) as Record<string, unknown>
  const leaves = (head.leaves ?? {}) as Record<string, unknown>
  const isRefusing = deletes.toPortal === 'refuse' || deletes.toErp === 'refuse'
  const change = (name: 'deletes' | 'leaves', part: Record<string, string>) => {
    const now = { ...(name === 'deletes' ? deletes : leaves), ...part }
    const next = Object.fromEntries(Object.entries(now).filter(([, one]) => one !== ''))
    put(name, Object.keys(next).length === 0 ? undefined : next)
  }
  return (
    <>
      {(['toPortal', 'toErp'] as const).map((way) => (
        <NativeSelect
          key={`deletes ${way}`}
          label={t(way === 'toPortal' ? 'editor.deletesToPortal' : 'editor.deletesToErp')}
          value={String(deletes[way] ?? 'ignore')}
          onChange={(event) => change('deletes', { [way]: event.currentTarget.value })}
          data={DELETES.map((one) => ({ value: one, label: t(`editor.deletes.${one}`) }))}
        />
      ))}
      {isRefusing && (
        <TextInput
          label={t('editor.reason')}
          value={String(deletes.reason ?? '')}
          onChange={(event) => change('deletes', { reason: event.currentTarget.value })}
        />
      )}
      {(['toPortal', 'toErp'] as const).map((way) => (
        <NativeSelect
          key={`leaves ${way}`}
          label={t(way === 'toPortal' ? 'editor.leavesToPortal' : 'editor.leavesToErp')}
          value={String(leaves[way] ?? '')}
          onChange={(event) => change('leaves', { [way]: event.currentTarget.value })}
          data={LEAVES.map((one) => ({ value: one, label: t(one === '' ? 'editor.leaves.usual' : `editor.leaves.${one}`) }))}
        />
      ))}
    </>
  )
}
