import { Alert, Button, Group, Stack, Table, Text, Textarea, TextInput } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { useQuery } from '@tanstack/react-query'
import type { SampleValue, TableDetail } from '../../wire-data.ts'
import { post } from '../lib/api.ts'
import { useWords } from '../lib/messages.tsx'
import { messageOf } from '../parts/states.tsx'
import type { Document } from './definition-document.ts'

export type Option = { member: string; value: number; en: string; fr: string }

const FIRST_VALUE = 1
const TYPING_PAUSE_MS = 400

/** The choices of a column: the name programs use, the number that is stored, and what people read. */
export function ChoiceOptions({ options, change }: { options: readonly Option[]; change: (options: readonly Option[]) => void }) {
  const { t } = useWords()
  const set = (at: number, next: Partial<Option>) => change(options.map((one, i) => (i === at ? { ...one, ...next } : one)))
  const add = () => {
    const value = Math.max(FIRST_VALUE - 1, ...options.map((one) => one.value)) + 1
    change([...options, { member: `option${value}`, value, en: '', fr: '' }])
  }
  return (
    <Stack gap="xs">
      {options.map((one, at) => (
        <Group key={one.value} gap="xs" wrap="nowrap" align="flex-end">
          <TextInput
            className="grow"
            label={t('define.optionEn')}
            value={one.en}
            onChange={(event) => set(at, { en: event.currentTarget.value })}
          />
          <TextInput
            className="grow"
            label={t('define.optionFr')}
            value={one.fr}
            onChange={(event) => set(at, { fr: event.currentTarget.value })}
          />
          <TextInput
            className="grow"
            classNames={{ input: 'mono' }}
            label={t('define.member')}
            value={one.member}
            onChange={(event) => set(at, { member: event.currentTarget.value })}
          />
          <Button
            variant="subtle"
            color="red.9"
            aria-label={t('define.removeOption', { name: one.en || one.member })}
            onClick={() => change(options.filter((_, i) => i !== at))}
          >
            ×
          </Button>
        </Group>
      ))}
      <Group>
        <Button variant="default" size="xs" onClick={add}>
          {t('define.addOption')}
        </Button>
      </Group>
    </Stack>
  )
}

/** An expression over the row's other columns, checked while it is written, with what it gives for the rows that are there. */
export function Calculated(props: {
  table: TableDetail
  document: Document
  name: string
  value: string
  change: (value: string) => void
}) {
  const { table, document, name, value, change } = props
  const { t } = useWords()
  const [asked] = useDebouncedValue({ document, column: name }, TYPING_PAUSE_MS)
  const samples = useQuery({
    queryKey: ['samples', table.name, asked],
    queryFn: () => post<SampleValue[]>('/definitions/samples', asked),
    enabled: value.trim() !== '',
    retry: false,
    gcTime: 0,
  })
  return (
    <Stack gap="xs">
      <Textarea
        autosize
        classNames={{ input: 'mono' }}
        label={t('define.calculated')}
        description={t('define.calculatedHelp')}
        value={value}
        onChange={(event) => change(event.currentTarget.value)}
      />
      {value.trim() !== '' && samples.isError && (
        <Alert color="orange" role="status">
          {messageOf(samples.error, t)}
        </Alert>
      )}
      {value.trim() !== '' && samples.data !== undefined && samples.data.length > 0 && (
        <Table verticalSpacing={2} aria-label={t('define.samples')}>
          <Table.Tbody>
            {samples.data.map((one) => (
              <Table.Tr key={`${one.name} ${one.value}`}>
                <Table.Td>{one.name ?? '–'}</Table.Td>
                <Table.Td className="number">{one.value ?? '–'}</Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      )}
      {value.trim() !== '' && samples.data?.length === 0 && (
        <Text size="xs" c="dimmed">
          {t('define.noSamples')}
        </Text>
      )}
    </Stack>
  )
}
