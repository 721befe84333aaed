import { Combobox, Group, InputBase, Loader, NativeSelect, ScrollArea, Text, useCombobox } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import type { LookupChoice } from '../../wire-data.ts'
import { useWords } from '../lib/messages.tsx'
import { TextLink } from '../parts/link.tsx'
import type { CommonProps, FieldProps } from './field.ts'
import { choicesQuery, tablesQuery } from './queries.ts'
import { labelOf } from './values.tsx'

const TYPING_PAUSE_MS = 150

/** A row of another table, found by what people call it. A customer is an account or a contact: which, is chosen beside it. */
export function LookupInput(props: FieldProps & { common: CommonProps }) {
  const { column, names, known, values, change, common } = props
  const { t, language } = useWords()
  const tables = useQuery({ ...tablesQuery, enabled: column.type === 'customer' })
  const beside = `${column.name}type`
  const said = values[beside]
  const target = typeof said === 'string' && column.targets.includes(said) ? said : (column.targets[0] ?? '')
  const id = values[column.name] ?? null
  const [chosen, setChosen] = useState<LookupChoice>()
  const before = id !== null && id === (known[column.name] ?? null) ? names[column.name] : undefined
  const name = id === null ? '' : chosen?.id === id ? shownName(chosen) : (before ?? String(id))
  const isCustomer = column.type === 'customer'
  const set = (choice: LookupChoice | undefined) => {
    setChosen(choice)
    change({ [column.name]: choice?.id ?? null, ...(isCustomer && { [beside]: choice === undefined ? null : target }) })
  }
  return (
    <Group gap="xs" align="flex-end" wrap="nowrap">
      <div className="grow">
        <Search target={target} common={common} name={name} set={set} />
      </div>
      {isCustomer && (
        <NativeSelect
          aria-label={t('edit.customerKind', { column: common.label })}
          value={target}
          onChange={(event) => change({ [column.name]: null, [beside]: event.currentTarget.value })}
          data={column.targets.map((one) => ({
            value: one,
            label: labelOf(tables.data?.find((each) => each.name === one) ?? { name: one, labels: {} }, language),
          }))}
        />
      )}
      {id !== null && (
        <TextLink to="/data/$table" params={{ table: target }} search={{ row: String(id) }} size="sm" pb={8}>
          {t('edit.open')}
        </TextLink>
      )}
    </Group>
  )
}

function Search(props: { target: string; common: CommonProps; name: string; set: (choice: LookupChoice | undefined) => void }) {
  const { target, common, name, set } = props
  const { t } = useWords()
  const [typed, setTyped] = useState<string>()
  const [wanted] = useDebouncedValue(typed ?? '', TYPING_PAUSE_MS)
  const combobox = useCombobox({ onDropdownClose: () => combobox.resetSelectedOption() })
  const found = useQuery({ ...choicesQuery(target, wanted), enabled: combobox.dropdownOpened })
  const choices = found.data ?? []
  const choose = (id: string) => {
    set(choices.find((one) => one.id === id))
    setTyped(undefined)
    combobox.closeDropdown()
  }
  return (
    <Combobox store={combobox} onOptionSubmit={choose} withinPortal>
      <Combobox.Target>
        <InputBase
          {...common}
          value={typed ?? name}
          autoComplete="off"
          placeholder={t('edit.findRow')}
          rightSection={found.isFetching ? <Loader size={16} aria-label={t('state.loading')} /> : <Combobox.Chevron />}
          onFocus={() => combobox.openDropdown()}
          onBlur={() => {
            combobox.closeDropdown()
            // A name that was cleared away is no row any more.
            if (typed?.trim() === '') set(undefined)
            setTyped(undefined)
          }}
          onChange={(event) => {
            setTyped(event.currentTarget.value)
            combobox.openDropdown()
            combobox.updateSelectedOptionIndex()
          }}
        />
      </Combobox.Target>
      <Combobox.Dropdown>
        <Combobox.Options aria-label={common.label}>
          <ScrollArea.Autosize mah={260} type="auto">
            {choices.map((one) => (
              <Combobox.Option key={one.id} value={one.id}>
                <Text size="sm">{one.name === '' ? one.id : one.name}</Text>
                {one.key !== '' && (
                  <Text size="xs" c="dimmed">
                    {one.key}
                  </Text>
                )}
              </Combobox.Option>
            ))}
            {choices.length === 0 && <Combobox.Empty>{t(found.isPending ? 'state.loading' : 'edit.noRow')}</Combobox.Empty>}
          </ScrollArea.Autosize>
        </Combobox.Options>
      </Combobox.Dropdown>
    </Combobox>
  )
}

function shownName({ name, key, id }: LookupChoice): string {
  if (name === '') return id
  return key === '' ? name : `${name} (${key})`
}
