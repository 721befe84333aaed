import { Autocomplete, Checkbox, NativeSelect, SimpleGrid, Stack, TextInput } from '@mantine/core'
import type { MapSchemas, SchemaColumn } from '#dual-write/facets-control.ts'
import { useWords } from '../../lib/messages.tsx'
import { ExpressionFields } from './expression-fields.tsx'
import type { FieldsProps } from './fields.ts'
import { columnOf, type Entry, type Wins, wayOf, withWay } from './map-text.ts'
import { defaultsOf, kindOf, scalarOf, type TransformKind } from './transform-words.ts'
import { ValueFields } from './value-fields.tsx'

const KINDS: readonly TransformKind[] = ['plain', 'constant', 'values', 'expression']
const OPTIONS_MAX = 60

/** Everything that an entry can say. Each change is in the text at once, and in the sample a moment later. */
export function EntryForm({ entry, schemas, change }: FieldsProps) {
  const { t } = useWords()
  const kind = kindOf(entry)
  const set = (part: Partial<Entry>) => change(withWay({ ...entry, ...part }, wayOf(entry.dir)))
  return (
    <Stack gap="sm" className="entry-form" py="xs">
      <SimpleGrid cols={{ base: 1, sm: 3 }} spacing="sm">
        <Autocomplete
          label={t('editor.column')}
          description={t('editor.columnHelp')}
          data={columnOptions(schemas.columns)}
          limit={OPTIONS_MAX}
          value={entry.column ?? ''}
          onChange={(column) => set({ column: column === '' ? undefined : column })}
        />
        <Autocomplete
          label={t('editor.field')}
          description={t('editor.fieldHelp')}
          data={(schemas.fields ?? []).map((one) => one.name)}
          limit={OPTIONS_MAX}
          value={entry.field ?? ''}
          onChange={(field) => set({ field: field === '' ? undefined : field })}
        />
        <NativeSelect
          label={t('editor.kind')}
          description={t('editor.kindHelp')}
          value={kind}
          onChange={(event) => change(ofKind(entry, event.currentTarget.value as TransformKind))}
          data={KINDS.map((one) => ({ value: one, label: t(`editor.kind.${one}`) }))}
        />
      </SimpleGrid>
      {kind === 'constant' && (
        <TextInput
          label={t('editor.constant')}
          value={String(entry.constant)}
          onChange={(event) => set({ constant: scalarOf(event.currentTarget.value, endType(entry, schemas)) })}
          w={320}
        />
      )}
      {kind === 'values' && <ValueFields entry={entry} schemas={schemas} change={change} />}
      {kind === 'expression' && <ExpressionFields entry={entry} schemas={schemas} change={change} />}
      {kind !== 'constant' && <Defaults entry={entry} schemas={schemas} change={change} />}
      <Rules entry={entry} schemas={schemas} change={change} />
    </Stack>
  )
}

function Defaults({ entry, schemas, change }: FieldsProps) {
  const { t } = useWords()
  const way = wayOf(entry.dir)
  const now = defaultsOf(entry)
  const put = (part: Partial<typeof now>) => {
    const { toPortal, toErp } = { ...now, ...part }
    const portal = toPortal === '' ? undefined : scalarOf(toPortal, columnIn(entry, schemas)?.type)
    const erp = toErp === '' ? undefined : scalarOf(toErp, fieldType(entry, schemas))
    const isBoth = portal !== undefined && erp !== undefined
    // A single value means the portal where the entry goes there.
    const single = way === 'toErp' ? (erp ?? (portal === undefined ? undefined : { toPortal: portal })) : portal
    const value = isBoth ? { toPortal: portal, toErp: erp } : (single ?? (erp === undefined ? undefined : { toErp: erp }))
    change({ ...entry, default: value })
  }
  return (
    <SimpleGrid cols={{ base: 1, sm: 2 }} spacing="sm">
      {way !== 'toErp' && (
        <TextInput
          label={t('editor.defaultToPortal')}
          value={now.toPortal}
          onChange={(event) => put({ toPortal: event.currentTarget.value })}
        />
      )}
      {way !== 'toPortal' && (
        <TextInput
          label={t('editor.defaultToErp')}
          value={now.toErp}
          onChange={(event) => put({ toErp: event.currentTarget.value })}
        />
      )}
    </SimpleGrid>
  )
}

const WINS = ['', 'erp', 'portal', 'newest', 'portalWhile'] as const

function Rules({ entry, schemas, change }: FieldsProps) {
  const { t } = useWords()
  const way = wayOf(entry.dir)
  const wins = typeof entry.wins === 'object' ? 'portalWhile' : (entry.wins ?? '')
  const ruleOf = (name: string): Wins | undefined =>
    name === '' ? undefined : name === 'portalWhile' ? { portalWhile: '' } : (name as Wins)
  return (
    <SimpleGrid cols={{ base: 1, sm: 3 }} spacing="sm" className="rules">
      {way === 'both' && (
        <NativeSelect
          label={t('editor.wins')}
          value={wins}
          onChange={(event) => change({ ...entry, wins: ruleOf(event.currentTarget.value) })}
          data={WINS.map((one) => ({ value: one, label: t(one === '' ? 'editor.wins.map' : `editor.wins.${one}`) }))}
        />
      )}
      {way === 'both' && typeof entry.wins === 'object' && (
        <TextInput
          label={t('editor.winsCondition')}
          className="mono"
          value={entry.wins.portalWhile}
          onChange={(event) => change({ ...entry, wins: { portalWhile: event.currentTarget.value } })}
        />
      )}
      {way !== 'toPortal' && (
        <Autocomplete
          label={t('editor.else')}
          data={schemas.columns.map((one) => one.name)}
          limit={OPTIONS_MAX}
          value={entry.else ?? ''}
          onChange={(value) => change({ ...entry, else: value === '' ? undefined : value })}
        />
      )}
      <Checkbox
        label={t('editor.lowerCase')}
        checked={entry.case === 'lower'}
        onChange={(event) => change({ ...entry, case: event.currentTarget.checked ? 'lower' : undefined })}
        pb={8}
      />
    </SimpleGrid>
  )
}

/** What belongs to the other kinds is taken away: words that exclude each other are an error. */
function ofKind(entry: Entry, kind: TransformKind): Entry {
  const { constant: _c, values: _v, unmapped: _u, toPortal: _p, toErp: _e, ...plain } = entry
  const way = wayOf(entry.dir)
  switch (kind) {
    case 'plain':
      return withWay(plain, way)
    case 'constant':
      return withWay({ ...plain, default: undefined, constant: '' }, way)
    case 'values':
      return withWay({ ...plain, values: {}, unmapped: 'empty' }, way)
    case 'expression':
      return withWay(
        way === 'toErp' ? { ...plain, toErp: columnOf(entry) ?? "''" } : { ...plain, toPortal: entry.field ?? "''" },
        way,
      )
    default:
      return kind satisfies never
  }
}

function columnOptions(columns: readonly SchemaColumn[]): string[] {
  return columns.filter((one) => !one.readOnly).flatMap((one) => (one.paths.length === 0 ? [one.name] : one.paths))
}

function columnIn(entry: Entry, schemas: MapSchemas): SchemaColumn | undefined {
  const name = columnOf(entry)
  return schemas.columns.find((one) => one.name === name)
}

function fieldType(entry: Entry, schemas: MapSchemas): string | undefined {
  return schemas.fields?.find((one) => one.name === entry.field)?.type
}

/** Of the end that a constant goes to. */
function endType(entry: Entry, schemas: MapSchemas): string | undefined {
  return wayOf(entry.dir) === 'toErp' ? fieldType(entry, schemas) : columnIn(entry, schemas)?.type
}
