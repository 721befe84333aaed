import { Button, Checkbox, Group, NativeSelect, SimpleGrid, Stack, TextInput } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import type { ColumnInfo, TableDetail } from '../../wire-data.ts'
import { useWords } from '../lib/messages.tsx'
import { Calculated, ChoiceOptions, type Option } from './column-form-parts.tsx'
import { type ColumnSource, type Document, nameFrom, withColumn } from './definition-document.ts'
import { tablesQuery } from './queries.ts'
import { labelOf } from './values.tsx'

const TYPES = [
  'string',
  'memo',
  'integer',
  'bigint',
  'decimal',
  'money',
  'boolean',
  'date',
  'datetime',
  'choice',
  'choices',
  'lookup',
  'customer',
  'file',
  'image',
] as const
const NUMBERS: readonly string[] = ['integer', 'bigint', 'decimal', 'money']
const TEXTS: readonly string[] = ['string', 'memo']
const FILES: readonly string[] = ['file', 'image']

type Draft = {
  en: string
  fr: string
  name: string | undefined
  type: string
  required: boolean
  length: string
  scale: string
  min: string
  max: string
  pattern: string
  patternMessage: string
  fallback: string
  autonumber: string
  calculated: string
  target: string
  onDelete: string
  behaviour: string
  maxKb: string
  accept: string
  isKey: boolean
  options: readonly Option[]
}

/** A column to be made or changed. What it is asked depends on its type; the plan that follows says what would happen. */
export function ColumnForm(props: {
  table: TableDetail
  document: Document
  prefix: string
  column: ColumnInfo | undefined
  propose: (document: Document, name: string) => void
}) {
  const { table, document, prefix, column, propose } = props
  const { t } = useWords()
  const [draft, setDraft] = useState<Draft>(() => draftOf(document, column))
  const set = (next: Partial<Draft>) => setDraft((before) => ({ ...before, ...next }))
  const name = column?.name ?? draft.name ?? nameFrom(draft.en, prefix)
  const next = withKey(withColumn(document, name, sourceOf(draft, document.columns[name])), name, draft.isKey)
  const submit = (event: FormEvent) => {
    event.preventDefault()
    propose(next, name)
  }
  return (
    <form onSubmit={submit}>
      <Stack>
        <Names draft={draft} set={set} name={name} isThere={column !== undefined} />
        <TypeOptions draft={draft} set={set} />
        {draft.calculated === '' && (
          <Group>
            <Checkbox
              label={t('define.required')}
              checked={draft.required}
              onChange={(event) => set({ required: event.currentTarget.checked })}
            />
            {!FILES.includes(draft.type) && (
              <Checkbox
                label={t('define.key')}
                checked={draft.isKey}
                onChange={(event) => set({ isKey: event.currentTarget.checked })}
              />
            )}
          </Group>
        )}
        {[...NUMBERS, ...TEXTS].includes(draft.type) && (
          <Calculated
            table={table}
            document={next}
            name={name}
            value={draft.calculated}
            change={(calculated) => set({ calculated })}
          />
        )}
        <Group justify="flex-end">
          <Button type="submit">{t('define.showPlan')}</Button>
        </Group>
      </Stack>
    </form>
  )
}

function Names(props: { draft: Draft; set: (next: Partial<Draft>) => void; name: string; isThere: boolean }) {
  const { draft, set, name, isThere } = props
  const { t, named } = useWords()
  return (
    <SimpleGrid cols={{ base: 1, xs: 2 }}>
      <TextInput
        required
        data-autofocus
        label={t('define.labelEn')}
        value={draft.en}
        onChange={(event) => set({ en: event.currentTarget.value })}
      />
      <TextInput label={t('define.labelFr')} value={draft.fr} onChange={(event) => set({ fr: event.currentTarget.value })} />
      <TextInput
        label={t('data.logicalName')}
        classNames={{ input: 'mono' }}
        required
        disabled={isThere}
        value={name}
        onChange={(event) => set({ name: event.currentTarget.value })}
      />
      <NativeSelect
        label={t('data.type')}
        value={draft.type}
        onChange={(event) => set({ type: event.currentTarget.value })}
        data={TYPES.map((value) => ({ value, label: named('type', value) }))}
      />
    </SimpleGrid>
  )
}

function TypeOptions({ draft, set }: { draft: Draft; set: (next: Partial<Draft>) => void }) {
  const { t, language } = useWords()
  const tables = useQuery(tablesQuery)
  const { type } = draft
  const text = (key: keyof Draft & string, label: string, description?: string) => (
    <TextInput
      label={label}
      description={description}
      value={String(draft[key])}
      onChange={(event) => set({ [key]: event.currentTarget.value })}
    />
  )
  if (type === 'choice' || type === 'choices')
    return <ChoiceOptions options={draft.options} change={(options) => set({ options })} />
  return (
    <SimpleGrid cols={{ base: 1, xs: 2 }}>
      {TEXTS.includes(type) && text('length', t('define.length'))}
      {NUMBERS.includes(type) && text('min', t('define.min'))}
      {NUMBERS.includes(type) && text('max', t('define.max'))}
      {(type === 'decimal' || type === 'money') && text('scale', t('define.scale'))}
      {TEXTS.includes(type) && text('pattern', t('define.pattern'), t('define.patternHelp'))}
      {TEXTS.includes(type) && draft.pattern !== '' && text('patternMessage', t('define.patternMessage'))}
      {type === 'string' && text('autonumber', t('define.autonumber'), 'RMA-{SEQNUM:6}')}
      {[...NUMBERS, ...TEXTS, 'boolean', 'date'].includes(type) && text('fallback', t('define.default'))}
      {FILES.includes(type) && text('maxKb', t('define.maxKb'))}
      {FILES.includes(type) && text('accept', t('define.accept'), 'application/pdf, image/*')}
      {type === 'datetime' && (
        <NativeSelect
          label={t('define.behaviour')}
          value={draft.behaviour}
          onChange={(event) => set({ behaviour: event.currentTarget.value })}
          data={[
            { value: 'user_local', label: t('define.userLocal') },
            { value: 'time_zone_independent', label: t('define.everywhere') },
          ]}
        />
      )}
      {type === 'lookup' && (
        <NativeSelect
          label={t('define.target')}
          required
          value={draft.target}
          onChange={(event) => set({ target: event.currentTarget.value })}
          data={[
            { value: '', label: '' },
            ...(tables.data ?? []).map((one) => ({ value: one.name, label: labelOf(one, language) })),
          ]}
        />
      )}
      {(type === 'lookup' || type === 'customer') && (
        <NativeSelect
          label={t('define.onDelete')}
          value={draft.onDelete}
          onChange={(event) => set({ onDelete: event.currentTarget.value })}
          data={[
            { value: 'set null', label: t('edit.losesLookup') },
            { value: 'cascade', label: t('edit.goesWith') },
            { value: 'restrict', label: t('edit.holdsBack') },
          ]}
        />
      )}
    </SimpleGrid>
  )
}

function draftOf(document: Document, column: ColumnInfo | undefined): Draft {
  const source: Record<string, unknown> =
    column === undefined ? { type: 'string' } : (document.columns[column.name] ?? { type: column.type })
  const text = (value: unknown) => (value === undefined || value === null ? '' : String(value))
  const pattern = source.pattern as { expression: string; message: string } | undefined
  const keys = (document.keys ?? {}) as Record<string, string[]>
  return {
    en: column?.labels.en ?? '',
    fr: column?.labels.fr ?? '',
    name: undefined,
    type: text(source.type),
    required: source.required === true,
    length: text(source.length ?? (column === undefined ? 200 : undefined)),
    scale: text(source.scale),
    min: text(source.min),
    max: text(source.max),
    pattern: pattern?.expression ?? '',
    patternMessage: pattern?.message ?? '',
    fallback: text(source.default),
    autonumber: text(source.autonumber),
    calculated: text(source.calculated),
    target: text(source.target),
    onDelete: text(source.onDelete ?? 'set null'),
    behaviour: text(source.behaviour ?? 'user_local'),
    maxKb: text(source.maxKb),
    accept: ((source.accept as string[] | undefined) ?? []).join(', '),
    isKey: column !== undefined && Object.values(keys).some((names) => names.length === 1 && names[0] === column.name),
    options: (column?.options ?? []).map((one) => ({
      member: one.member,
      value: one.value,
      en: one.labels.en ?? '',
      fr: one.labels.fr ?? '',
    })),
  }
}

/** Only what the type has, and what was said. What the form does not know of stays as it was. */
function sourceOf(draft: Draft, before: ColumnSource | undefined): ColumnSource {
  const { type } = draft
  const given = (value: string) => value.trim() !== ''
  const kept =
    before === undefined
      ? {}
      : Object.fromEntries(
          ['description', 'collection'].flatMap((key) => (before[key] === undefined ? [] : [[key, before[key]]])),
        )
  return {
    ...kept,
    type,
    label: { en: draft.en.trim(), ...(given(draft.fr) && { fr: draft.fr.trim() }) },
    ...(draft.required && draft.calculated === '' && { required: true }),
    ...(TEXTS.includes(type) && given(draft.length) && { length: Number(draft.length) }),
    ...(TEXTS.includes(type) &&
      given(draft.pattern) && { pattern: { expression: draft.pattern, message: draft.patternMessage } }),
    ...(NUMBERS.includes(type) && given(draft.min) && { min: draft.min.trim() }),
    ...(NUMBERS.includes(type) && given(draft.max) && { max: draft.max.trim() }),
    ...((type === 'decimal' || type === 'money') && given(draft.scale) && { scale: Number(draft.scale) }),
    ...(given(draft.fallback) && { default: defaultOf(type, draft.fallback.trim()) }),
    ...(type === 'string' && given(draft.autonumber) && { autonumber: draft.autonumber.trim() }),
    ...([...NUMBERS, ...TEXTS].includes(type) && given(draft.calculated) && { calculated: draft.calculated.trim() }),
    ...(type === 'lookup' && { target: draft.target }),
    ...((type === 'lookup' || type === 'customer') && draft.onDelete !== 'set null' && { onDelete: draft.onDelete }),
    ...(type === 'datetime' && draft.behaviour !== 'user_local' && { behaviour: draft.behaviour }),
    ...(FILES.includes(type) && given(draft.maxKb) && { maxKb: Number(draft.maxKb) }),
    ...(FILES.includes(type) && given(draft.accept) && { accept: draft.accept.split(',').map((one) => one.trim()) }),
    ...(type.startsWith('choice') && { options: optionsOf(draft.options) }),
  }
}

function optionsOf(options: readonly Option[]): object {
  return Object.fromEntries(
    options.map((one, i) => [
      one.member === '' ? `option${i + 1}` : one.member,
      { value: one.value, label: { en: one.en || one.member, ...(one.fr !== '' && { fr: one.fr }) } },
    ]),
  )
}

function defaultOf(type: string, text: string): unknown {
  if (type === 'boolean') return text === 'true'
  return type === 'integer' || type === 'bigint' ? Number(text) : text
}

/** A key of this one column, named after it. */
function withKey(document: Document, name: string, isKey: boolean): Document {
  const keys = (document.keys ?? {}) as Record<string, string[]>
  const others = Object.entries(keys).filter(([, names]) => !(names.length === 1 && names[0] === name))
  if (!isKey) return document.keys === undefined ? document : { ...document, keys: Object.fromEntries(others) }
  const own = Object.entries(keys).find(([, names]) => names.length === 1 && names[0] === name)
  return { ...document, keys: Object.fromEntries([...others, own ?? [`${name}_key`.slice(0, 50), [name]]]) }
}
