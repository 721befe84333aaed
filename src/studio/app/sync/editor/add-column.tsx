import { Autocomplete, Button, Group, NativeSelect, Paper, Text, Title } from '@mantine/core'
import { useState } from 'react'
import type { MapSchemas } from '#dual-write/facets-control.ts'
import { useWords } from '../../lib/messages.tsx'
import { columnOf, type Entry, type Way, withWay } from './map-text.ts'

const SHOWN_MAX = 60
const WAYS: readonly Way[] = ['both', 'toErp', 'toPortal']

/** What both sides have and the map does not carry, and the form that makes a pair of it. */
export function AddColumn(props: {
  entries: readonly Entry[]
  schemas: MapSchemas
  search: string
  add: (entry: Entry) => void
}) {
  const { entries, schemas, search, add } = props
  const { t } = useWords()
  const [column, setColumn] = useState('')
  const [field, setField] = useState('')
  const [way, setWay] = useState<Way>('both')
  const [mapped, sent] = [new Set(entries.map(columnOf)), new Set(entries.map((one) => one.field))]
  const columns = schemas.columns.filter((one) => !one.readOnly && !mapped.has(one.name))
  const fields = (schemas.fields ?? []).filter((one) => !sent.has(one.name))
  const paths = columns.flatMap((one) => (one.paths.length === 0 ? [one.name] : one.paths))
  const isFound = (name: string) => name.toLowerCase().includes(search.toLowerCase())
  const takeColumn = (path: string) => {
    setColumn(path)
    setField((now) => now || (fields.find((one) => plain(one.name) === plain(path.split('.', 1)[0] ?? ''))?.name ?? ''))
  }
  return (
    <Paper withBorder p="md" component="section" aria-labelledby="add-column">
      <Title order={2} size="h4" id="add-column" mb="xs">
        {t('editor.add')}
      </Title>
      <form
        onSubmit={(event) => {
          event.preventDefault()
          add(withWay({ field: field || undefined, dir: '=', column: column || undefined }, way))
          setColumn('')
          setField('')
        }}
      >
        <Group align="flex-end" mb="md">
          <Autocomplete label={t('editor.column')} data={paths} limit={SHOWN_MAX} value={column} onChange={takeColumn} />
          <NativeSelect
            label={t('map.direction')}
            value={way}
            onChange={(event) => setWay(event.currentTarget.value as Way)}
            data={WAYS.map((one) => ({ value: one, label: t(`direction.${one}`) }))}
          />
          <Autocomplete
            label={t('editor.field')}
            data={fields.map((one) => one.name)}
            limit={SHOWN_MAX}
            value={field}
            onChange={setField}
          />
          <Button type="submit" disabled={column === '' && field === ''}>
            {t('editor.addDeed')}
          </Button>
        </Group>
      </form>
      <Unmapped label={t('editor.unmappedColumns', { count: columns.length })} names={paths.filter(isFound)} take={takeColumn} />
      {schemas.fields === null ? (
        <Text size="sm" c="dimmed">
          {schemas.unreachable === null ? t('editor.noFields') : t('editor.unreachable', { reason: schemas.unreachable })}
        </Text>
      ) : (
        <Unmapped
          label={t('editor.unmappedFields', { count: fields.length })}
          names={fields.map((one) => one.name).filter(isFound)}
          take={setField}
        />
      )}
    </Paper>
  )
}

function Unmapped({ label, names, take }: { label: string; names: readonly string[]; take: (name: string) => void }) {
  const { t } = useWords()
  return (
    <details>
      <summary>{label}</summary>
      <Group gap={6} my="xs">
        {names.slice(0, SHOWN_MAX).map((name) => (
          <Button key={name} size="compact-xs" variant="default" className="mono" onClick={() => take(name)}>
            {name}
          </Button>
        ))}
        {names.length > SHOWN_MAX && (
          <Text size="xs" c="dimmed">
            {t('editor.more', { count: names.length - SHOWN_MAX })}
          </Text>
        )}
      </Group>
    </details>
  )
}

/** Names as they resemble each other on both sides: 'msdyn_creditrating' and 'CreditRating'. */
function plain(name: string): string {
  return name
    .toLowerCase()
    .replace(/^(msdyn|comptoir|new)_/, '')
    .replaceAll('_', '')
}
