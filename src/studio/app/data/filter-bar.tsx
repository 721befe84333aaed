import { Button, Group, NativeSelect, Pill, Popover, Stack, Textarea, TextInput } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { type FormEvent, useState } from 'react'
import type { ColumnInfo, TableDetail } from '../../wire-data.ts'
import { useWords } from '../lib/messages.tsx'
import { conditionText, type Operator, operatorsOf, splitConditions } from './filter-text.ts'
import { labelOf, optionText } from './values.tsx'

/** The conditions of the grid, one pill each; another is put together from choices, or the whole is written as OData. */
export function FilterBar(props: { table: TableDetail; filter: string; onFilter: (filter: string) => void }) {
  const { t } = useWords()
  const { table, filter, onFilter } = props
  const conditions = splitConditions(filter)
  const [asText, text] = useDisclosure(false)
  const put = (all: readonly string[]) => onFilter(all.join(' and '))
  return (
    <Stack gap="xs" mb="sm">
      <Group gap="xs">
        {conditions.map((condition, at) => (
          <Pill
            key={condition}
            withRemoveButton
            removeButtonProps={{ 'aria-label': t('grid.removeCondition', { condition }), 'aria-hidden': false, tabIndex: 0 }}
            onRemove={() => put(conditions.filter((_, i) => i !== at))}
            className="mono"
          >
            {condition}
          </Pill>
        ))}
        <AddCondition table={table} onAdd={(condition) => put([...conditions, condition])} />
        <Button size="compact-sm" variant="subtle" onClick={text.toggle} aria-expanded={asText}>
          {t('grid.asText')}
        </Button>
      </Group>
      {asText && <FilterText key={filter} filter={filter} onFilter={onFilter} />}
    </Stack>
  )
}

function FilterText({ filter, onFilter }: { filter: string; onFilter: (filter: string) => void }) {
  const { t } = useWords()
  const [typed, setTyped] = useState(filter)
  const submit = (event: FormEvent) => {
    event.preventDefault()
    onFilter(typed.trim())
  }
  return (
    <form onSubmit={submit}>
      <Group align="flex-end">
        <Textarea
          className="grow mono"
          autosize
          label={t('grid.filterText')}
          description={t('grid.filterHelp')}
          value={typed}
          onChange={(event) => setTyped(event.currentTarget.value)}
        />
        <Button type="submit" variant="default">
          {t('grid.apply')}
        </Button>
      </Group>
    </form>
  )
}

function AddCondition({ table, onAdd }: { table: TableDetail; onAdd: (condition: string) => void }) {
  const { t, language } = useWords()
  const [opened, popover] = useDisclosure(false)
  const [name, setName] = useState(table.nameColumn)
  const [operator, setOperator] = useState<Operator | undefined>()
  const [value, setValue] = useState('')
  const column = table.columns.find((one) => one.name === name)
  if (column === undefined) return null
  const operators = operatorsOf(column.type)
  const chosen = operator !== undefined && operators.includes(operator) ? operator : operators[0]
  const needsValue = chosen !== 'empty' && chosen !== 'filled'
  const submit = (event: FormEvent) => {
    event.preventDefault()
    onAdd(conditionText(column, chosen ?? 'filled', value))
    setValue('')
    popover.close()
  }
  return (
    <Popover opened={opened} onChange={popover.toggle} position="bottom-start" shadow="md" trapFocus returnFocus>
      <Popover.Target>
        <Button size="compact-sm" variant="default" onClick={popover.toggle}>
          {t('grid.addCondition')}
        </Button>
      </Popover.Target>
      <Popover.Dropdown aria-label={t('grid.addCondition')}>
        <form onSubmit={submit}>
          <Stack gap="xs">
            <NativeSelect
              data-autofocus
              label={t('data.column')}
              value={name}
              onChange={(event) => {
                setName(event.currentTarget.value)
                setValue('')
              }}
              data={table.columns.map((one) => ({ value: one.name, label: labelOf(one, language) }))}
            />
            <NativeSelect
              label={t('grid.operator')}
              value={chosen ?? ''}
              onChange={(event) => setOperator(event.currentTarget.value as Operator)}
              data={operators.map((one) => ({ value: one, label: t(`operator.${one}`) }))}
            />
            {needsValue && <ValueInput column={column} value={value} onChange={setValue} />}
            <Button type="submit" disabled={needsValue && value === ''}>
              {t('grid.apply')}
            </Button>
          </Stack>
        </form>
      </Popover.Dropdown>
    </Popover>
  )
}

function ValueInput({ column, value, onChange }: { column: ColumnInfo; value: string; onChange: (value: string) => void }) {
  const { t, language } = useWords()
  const options =
    column.type === 'boolean'
      ? [
          { value: 'true', label: t('value.yes') },
          { value: 'false', label: t('value.no') },
        ]
      : column.options.map((one) => ({ value: String(one.value), label: optionText(column, one.value, language) }))
  const label = t('grid.value')
  if (options.length > 0)
    return (
      <NativeSelect
        label={label}
        value={value}
        onChange={(event) => onChange(event.currentTarget.value)}
        data={[{ value: '', label: '' }, ...options]}
      />
    )
  const type = column.type === 'date' || column.type === 'datetime' ? 'date' : 'text'
  return <TextInput label={label} type={type} value={value} onChange={(event) => onChange(event.currentTarget.value)} />
}
