import { Button, Checkbox, Popover, ScrollArea, Stack, TextInput } from '@mantine/core'
import { useState } from 'react'
import type { TableDetail } from '../../wire-data.ts'
import { useWords } from '../lib/messages.tsx'
import { labelOf } from './values.tsx'

/** Which columns the grid shows; without a choice the server's own. */
export function ColumnChooser(props: { table: TableDetail; chosen: string | undefined; onChoose: (columns: string) => void }) {
  const { t, language } = useWords()
  const [search, setSearch] = useState('')
  const chosen = props.chosen === undefined || props.chosen === '' ? [] : props.chosen.split(',')
  const wanted = search.trim().toLowerCase()
  const offered = props.table.columns.filter((column) =>
    [column.name, labelOf(column, language)].some((text) => text.toLowerCase().includes(wanted)),
  )
  const toggle = (name: string) =>
    props.onChoose((chosen.includes(name) ? chosen.filter((one) => one !== name) : [...chosen, name]).join(','))
  return (
    <Popover position="bottom-start" shadow="md" trapFocus>
      <Popover.Target>
        <Button variant="default">{t('grid.columns', { count: chosen.length })}</Button>
      </Popover.Target>
      <Popover.Dropdown aria-label={t('data.columns')}>
        <Stack gap="xs">
          <TextInput
            size="xs"
            aria-label={t('grid.findColumn')}
            placeholder={t('grid.findColumn')}
            value={search}
            onChange={(event) => setSearch(event.currentTarget.value)}
          />
          <ScrollArea.Autosize mah={320} type="auto">
            <Stack gap={6}>
              {offered.map((column) => (
                <Checkbox
                  key={column.name}
                  size="xs"
                  label={labelOf(column, language)}
                  checked={chosen.includes(column.name)}
                  onChange={() => toggle(column.name)}
                />
              ))}
            </Stack>
          </ScrollArea.Autosize>
          <Button size="compact-xs" variant="subtle" onClick={() => props.onChoose('')}>
            {t('grid.usualColumns')}
          </Button>
        </Stack>
      </Popover.Dropdown>
    </Popover>
  )
}
