import { Checkbox, MultiSelect, NativeSelect, Stack, Text, Textarea, TextInput } from '@mantine/core'
import type { CellValue, ColumnInfo } from '../../wire-data.ts'
import { useWords } from '../lib/messages.tsx'
import type { CommonProps, FieldProps } from './field.ts'
import { FileInput } from './file-input.tsx'
import { inputOfMoment, momentOfInput, zoneName } from './local-moment.ts'
import { LookupInput } from './lookup-input.tsx'
import { isNumeric, labelOf, optionText } from './values.tsx'

/** The input that fits a column, with its rules below and what is wrong with it beside it. */
export function FieldInput(props: FieldProps) {
  const { table, column, row, values, error, change } = props
  const { language } = useWords()
  const value = values[column.name] ?? null
  const set = (next: CellValue) => change({ [column.name]: next })
  const isSynced = row?.mappedColumns.includes(column.name) === true
  const common = {
    label: labelOf(column, language),
    description: <Hint column={column} synced={isSynced} />,
    error,
    // Numbered by the database where it is left empty.
    withAsterisk: column.required && column.autonumber === null,
    name: column.name,
  }
  switch (column.type) {
    case 'boolean':
      return <YesNo common={common} value={value} set={set} />
    case 'choice':
      return (
        <NativeSelect
          {...common}
          value={value === null ? '' : String(value)}
          onChange={(event) => set(event.currentTarget.value === '' ? null : Number(event.currentTarget.value))}
          data={[
            { value: '', label: '–' },
            ...column.options.map((one) => ({ value: String(one.value), label: optionText(column, one.value, language) })),
          ]}
        />
      )
    case 'choices':
      return (
        <MultiSelect
          {...common}
          comboboxProps={{ withinPortal: true }}
          value={value === null || value === '' ? [] : String(value).split(',')}
          onChange={(chosen) => set(chosen.length === 0 ? null : chosen.join(','))}
          data={column.options.map((one) => ({ value: String(one.value), label: optionText(column, one.value, language) }))}
        />
      )
    case 'lookup':
    case 'customer':
      return <LookupInput {...props} common={common} />
    case 'file':
    case 'image':
      return <FileInput table={table} column={column} row={row} value={value} common={common} set={set} />
    case 'memo':
      return (
        <Textarea
          {...common}
          autosize
          minRows={2}
          maxRows={12}
          value={value === null ? '' : String(value)}
          onChange={(event) => set(event.currentTarget.value)}
        />
      )
    default:
      return <PlainInput common={common} column={column} value={value} set={set} />
  }
}

type InputProps = { common: CommonProps; value: CellValue; set: (value: CellValue) => void }

function PlainInput({ common, column, value, set }: InputProps & { column: ColumnInfo }) {
  const { t } = useWords()
  const isMoment = column.type === 'datetime'
  const isEverywhere = column.behaviour === 'time_zone_independent'
  const text = value === null ? '' : String(value)
  const type = isMoment ? 'datetime-local' : column.type === 'date' ? 'date' : 'text'
  return (
    <TextInput
      {...common}
      type={type}
      inputMode={isNumeric(column.type) ? 'decimal' : undefined}
      className={isNumeric(column.type) ? 'digits' : undefined}
      maxLength={column.type === 'string' && column.length !== null ? column.length * 2 : undefined}
      rightSectionWidth={isMoment ? 'auto' : undefined}
      rightSection={
        isMoment ? (
          <Text size="xs" c="dimmed" px="xs">
            {isEverywhere ? t('edit.everywhere') : zoneName()}
          </Text>
        ) : undefined
      }
      value={isMoment ? inputOfMoment(text, isEverywhere) : text}
      onChange={(event) => {
        const typed = event.currentTarget.value
        set(isMoment ? momentOfInput(typed, isEverywhere) : typed)
      }}
    />
  )
}

function YesNo({ common, value, set }: InputProps) {
  const { t } = useWords()
  // Nothing, yes and no are three answers: a box has two.
  if (value === null || common.withAsterisk === false)
    return (
      <NativeSelect
        {...common}
        value={value === null ? '' : String(value)}
        onChange={(event) => set(event.currentTarget.value === '' ? null : event.currentTarget.value === 'true')}
        data={[
          { value: '', label: '–' },
          { value: 'true', label: t('value.yes') },
          { value: 'false', label: t('value.no') },
        ]}
      />
    )
  return (
    <Stack gap={2}>
      <Checkbox
        label={common.label}
        description={common.description}
        error={common.error}
        name={common.name}
        checked={value === true}
        onChange={(event) => set(event.currentTarget.checked)}
      />
    </Stack>
  )
}

/** What may stand in the column, in a few words. */
function Hint({ column, synced }: { column: ColumnInfo; synced: boolean }) {
  const { t } = useWords()
  const [min, max] = [column.min, column.max]
  const words = [
    column.description,
    min === null && max === null ? '' : `${min === null ? '' : `≥ ${min}`} ${max === null ? '' : `≤ ${max}`}`.trim(),
    column.pattern?.message ?? '',
    column.autonumber === null ? '' : t('edit.autonumber', { format: column.autonumber }),
    synced ? t('edit.synced') : '',
  ].filter((text) => text !== '')
  return words.length === 0 ? undefined : words.join(' · ')
}
