import { Alert, Group, NativeSelect, Table, Text } from '@mantine/core'
import type { ImportInfo, ImportSettings, TableDetail } from '../../wire-data.ts'
import { useWords } from '../lib/messages.tsx'
import { labelOf } from './values.tsx'

const ENCODINGS = ['utf-8', 'windows-1252', 'utf-16le', 'utf-16be'] as const
const SAMPLES_SHOWN = 5

/** How the file was understood, to be put right: its letters and separators, what each of its columns fills, and how rows are found again. */
export function ImportSettingsForm(props: {
  table: TableDetail
  info: ImportInfo
  disabled: boolean
  change: (settings: ImportSettings) => void
}) {
  const { table, info, disabled, change } = props
  const { t, language } = useWords()
  const { settings } = info
  const set = (next: Partial<ImportSettings>) => change({ ...settings, ...next })
  const labelFor = (name: string) => {
    const column = table.columns.find((one) => one.name === name)
    return column === undefined ? name : labelOf(column, language)
  }
  const ways = [
    { value: 'id', label: t('import.byId'), columns: [table.idColumn] },
    ...table.keys.map((key) => ({
      value: key.name,
      label: t('import.byKey', { columns: key.columns.map(labelFor).join(', ') }),
      columns: key.columns,
    })),
  ].filter((way) => way.columns.every((name) => settings.mapping.includes(name)))
  return (
    <>
      <Group align="flex-end">
        {info.kind === 'csv' && <CsvSettings settings={settings} disabled={disabled} set={set} />}
        <NativeSelect
          label={t('import.matchBy')}
          disabled={disabled}
          value={settings.matchBy}
          onChange={(event) => set({ matchBy: event.currentTarget.value })}
          data={[...ways, { value: 'none', label: t('import.byNothing') }]}
        />
      </Group>
      {settings.matchBy === 'none' && <Alert color="blue">{t('import.byNothingText')}</Alert>}
      <MappingTable table={table} info={info} disabled={disabled} set={set} ways={ways} />
    </>
  )
}

type Way = { value: string; columns: readonly string[] }

function MappingTable(props: {
  table: TableDetail
  info: ImportInfo
  disabled: boolean
  set: (next: Partial<ImportSettings>) => void
  ways: readonly Way[]
}) {
  const { table, info, disabled, set, ways } = props
  const { t, language } = useWords()
  const { settings } = info
  const offered = table.columns.filter((column) => !column.computed && column.type !== 'file' && column.type !== 'image')
  return (
    <Table.ScrollContainer minWidth={560}>
      <Table verticalSpacing={4} aria-label={t('import.mapping')}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>{t('import.head')}</Table.Th>
            <Table.Th>{t('import.fills')}</Table.Th>
            <Table.Th>{t('import.samples')}</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {info.heads.map((head, at) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: heads may be alike; their place is what they are
            <Table.Tr key={at}>
              <Table.Td>{head === '' ? '–' : head}</Table.Td>
              <Table.Td>
                <NativeSelect
                  aria-label={t('import.fillsFor', { head })}
                  size="xs"
                  disabled={disabled}
                  value={settings.mapping[at] ?? ''}
                  onChange={(event) => {
                    const name = event.currentTarget.value === '' ? null : event.currentTarget.value
                    set({
                      mapping: settings.mapping.map((one, i) => (i === at ? name : one === name ? null : one)),
                      ...keptMatch(ways, settings, at, name),
                    })
                  }}
                  data={[
                    { value: '', label: t('import.nothing') },
                    ...offered.map((column) => ({
                      value: column.name,
                      label: `${labelOf(column, language)} (${column.name})`,
                    })),
                  ]}
                />
              </Table.Td>
              <Table.Td>
                <Text size="xs" c="dimmed" className="wrap-anywhere" lineClamp={2}>
                  {info.samples
                    .slice(0, SAMPLES_SHOWN)
                    .map((cells) => cells[at] ?? '')
                    .filter((cell) => cell !== '')
                    .join(' · ')}
                </Text>
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  )
}

/** Where the columns by which rows are found are no longer filled, every line is a new row. */
function keptMatch(ways: readonly Way[], settings: ImportSettings, at: number, name: string | null): Partial<ImportSettings> {
  const before = settings.mapping[at] ?? null
  const needed = ways.find((way) => way.value === settings.matchBy)?.columns ?? []
  return before !== null && before !== name && needed.includes(before) ? { matchBy: 'none' } : {}
}

function CsvSettings(props: { settings: ImportSettings; disabled: boolean; set: (next: Partial<ImportSettings>) => void }) {
  const { settings, disabled, set } = props
  const { t } = useWords()
  return (
    <>
      <NativeSelect
        label={t('import.encoding')}
        disabled={disabled}
        value={settings.encoding}
        onChange={(event) => set({ encoding: event.currentTarget.value as ImportSettings['encoding'] })}
        data={ENCODINGS.map((value) => ({ value, label: value.toUpperCase() }))}
      />
      <NativeSelect
        label={t('import.separator')}
        disabled={disabled}
        value={settings.separator}
        onChange={(event) => set({ separator: event.currentTarget.value })}
        data={[
          { value: ',', label: t('import.comma') },
          { value: ';', label: t('import.semicolon') },
          { value: '\t', label: t('import.tab') },
          { value: '|', label: '|' },
        ]}
      />
      <NativeSelect
        label={t('import.decimalMark')}
        disabled={disabled}
        value={settings.decimalMark}
        onChange={(event) => set({ decimalMark: event.currentTarget.value as '.' | ',' })}
        data={['1,234.5', '1 234,5'].map((label, i) => ({ value: i === 0 ? '.' : ',', label }))}
      />
      <NativeSelect
        label={t('import.dayOrder')}
        disabled={disabled}
        value={settings.dayOrder}
        onChange={(event) => set({ dayOrder: event.currentTarget.value as 'dmy' | 'mdy' })}
        data={[
          { value: 'dmy', label: '31/12/2026' },
          { value: 'mdy', label: '12/31/2026' },
        ]}
      />
    </>
  )
}
