import { Select, Text } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { tablesQuery } from '../data/queries.ts'
import { labelOf } from '../data/values.tsx'
import { accountQuery, accountsQuery } from '../lib/api.ts'
import { useWords } from '../lib/messages.tsx'
import { findPlace, peopleQuery, personQuery, rowChoicesQuery } from './queries.ts'

const TYPING_PAUSE_MS = 200
const ADDRESS = /[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/i

/** A person by name, mail or account. */
export function PersonPicker(props: { value: string | undefined; onPick: (id: string) => void }) {
  const { t } = useWords()
  const [typed, setTyped] = useState('')
  const [search] = useDebouncedValue(typed, TYPING_PAUSE_MS)
  const person = useQuery({ ...personQuery(props.value ?? ''), enabled: props.value !== undefined })
  const chosen = person.data === undefined ? '' : person.data.fullName
  const found = useQuery(peopleQuery({ search: search === chosen ? '' : search }))
  const options = (found.data?.rows ?? []).slice(0, 20).map((one) => ({
    value: one.id,
    label: one.fullName === '' ? (one.email ?? one.id) : one.fullName,
    hint: [one.email, one.accountName].filter((part) => part !== null).join(' · '),
  }))
  if (props.value !== undefined && !options.some((one) => one.value === props.value))
    options.unshift({ value: props.value, label: chosen === '' ? '…' : chosen, hint: person.data?.email ?? '' })
  return (
    <Select
      label={t('explain.person')}
      placeholder={t('explain.personSearch')}
      searchable
      data={options}
      filter={({ options: all }) => all}
      value={props.value ?? null}
      onChange={(id) => id !== null && props.onPick(id)}
      onSearchChange={setTyped}
      nothingFoundMessage={t('list.empty.search')}
      renderOption={({ option }) => <Option label={option.label} hint={(option as { hint?: string }).hint ?? ''} />}
    />
  )
}

/** Any customer account. */
export function AccountPicker(props: { label: string; value: string | undefined; onPick: (id: string | undefined) => void }) {
  const { t } = useWords()
  const [typed, setTyped] = useState('')
  const [search] = useDebouncedValue(typed, TYPING_PAUSE_MS)
  const account = useQuery({ ...accountQuery(props.value ?? ''), enabled: props.value !== undefined })
  const chosen = account.data?.name ?? ''
  const found = useQuery(accountsQuery({ search: search === chosen ? '' : search, after: null }))
  const options = (found.data?.rows ?? []).slice(0, 20).map((one) => ({ value: one.id, label: one.name, hint: one.number }))
  if (props.value !== undefined && !options.some((one) => one.value === props.value))
    options.unshift({ value: props.value, label: chosen === '' ? '…' : chosen, hint: '' })
  return (
    <Select
      label={props.label}
      placeholder={t('explain.noAccount')}
      searchable
      clearable
      clearButtonProps={{ 'aria-label': t('action.clear') }}
      data={options}
      filter={({ options: all }) => all}
      value={props.value ?? null}
      onChange={(id) => props.onPick(id ?? undefined)}
      onSearchChange={setTyped}
      nothingFoundMessage={t('list.empty.search')}
      renderOption={({ option }) => <Option label={option.label} hint={(option as { hint?: string }).hint ?? ''} />}
    />
  )
}

export function TablePicker(props: {
  label: string
  value: string | undefined
  onPick: (table: string) => void
  disabled?: boolean
}) {
  const { t, language } = useWords()
  const tables = useQuery(tablesQuery)
  const data = (tables.data ?? [])
    .map((table) => ({ value: table.name, label: `${labelOf(table, language)} (${table.name})` }))
    .sort((a, b) => a.label.localeCompare(b.label, language))
  return (
    <Select
      label={props.label}
      placeholder={t('explain.tableSearch')}
      searchable
      data={data}
      value={props.value ?? null}
      onChange={(table) => table !== null && props.onPick(table)}
      nothingFoundMessage={t('list.empty.search')}
      disabled={props.disabled === true}
    />
  )
}

/** A row by its name or number, by its id, or by an address of Studio or of the portal that has its id: then the table follows. */
export function RowPicker(props: {
  table: string
  value: string | undefined
  onPick: (row: { table: string; row: string }) => void
}) {
  const { t } = useWords()
  const [typed, setTyped] = useState('')
  const [search] = useDebouncedValue(typed, TYPING_PAUSE_MS)
  const chosen = useQuery({ ...rowChoicesQuery(props.table, props.value ?? ''), enabled: props.value !== undefined })
  const [one] = props.value === undefined ? [] : (chosen.data ?? [])
  const label = one === undefined ? (props.value ?? '') : nameOf(one)
  const found = useQuery(rowChoicesQuery(props.table, search === label ? '' : search))
  const options = (found.data ?? []).map((row) => ({ value: row.id, label: nameOf(row), hint: row.key }))
  if (props.value !== undefined && !options.some((row) => row.value === props.value))
    options.unshift({ value: props.value, label, hint: one?.key ?? '' })
  const look = async (text: string) => {
    setTyped(text)
    if (!ADDRESS.test(text) || text === label) return
    const place = await findPlace(text).catch(() => ({ table: null }))
    if (place.table !== null && 'row' in place) props.onPick({ table: place.table, row: place.row.id })
  }
  return (
    <Select
      label={t('explain.row')}
      placeholder={t('explain.rowSearch')}
      searchable
      data={options}
      filter={({ options: all }) => all}
      value={props.value ?? null}
      onChange={(row) => row !== null && props.onPick({ table: props.table, row })}
      onSearchChange={(text) => void look(text)}
      nothingFoundMessage={t('list.empty.search')}
      renderOption={({ option }) => <Option label={option.label} hint={(option as { hint?: string }).hint ?? ''} />}
    />
  )
}

function nameOf(row: { id: string; name: string; key: string }): string {
  if (row.name !== '') return row.name
  return row.key === '' ? row.id : row.key
}

function Option({ label, hint }: { label: string; hint: string }) {
  return (
    <div>
      <Text size="sm">{label}</Text>
      {hint !== '' && (
        <Text size="xs" c="dimmed">
          {hint}
        </Text>
      )}
    </div>
  )
}
