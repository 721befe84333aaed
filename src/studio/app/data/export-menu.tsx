import { Button, Menu } from '@mantine/core'
import type { TableDetail } from '../../wire-data.ts'
import { API_ROOT } from '../lib/api.ts'
import { useWords } from '../lib/messages.tsx'
import { zoneName } from './local-moment.ts'
import { type GridState, parametersOf } from './queries.ts'

/** What the grid shows as a file: for people, or as it is stored for another program and for an import. */
export function ExportMenu({ table, state }: { table: TableDetail; state: GridState }) {
  const { t, language } = useWords()
  const address = (format: 'csv' | 'xlsx', values: 'shown' | 'stored') => {
    const parameters = parametersOf(state, null)
    for (const [name, value] of Object.entries({ format, values, language, zone: zoneName() })) parameters.set(name, value)
    return `${API_ROOT}/tables/${encodeURIComponent(table.name)}/export?${parameters}`
  }
  const item = (format: 'csv' | 'xlsx', values: 'shown' | 'stored') => (
    <Menu.Item component="a" href={address(format, values)} download>
      {t(format === 'csv' ? 'export.csv' : 'export.xlsx')}
    </Menu.Item>
  )
  return (
    <Menu position="bottom-start" shadow="md">
      <Menu.Target>
        <Button variant="default">{t('export.title')}</Button>
      </Menu.Target>
      <Menu.Dropdown aria-label={t('export.title')}>
        <Menu.Label>{t('export.shown')}</Menu.Label>
        {item('csv', 'shown')}
        {item('xlsx', 'shown')}
        <Menu.Label>{t('export.stored')}</Menu.Label>
        {item('csv', 'stored')}
        {item('xlsx', 'stored')}
      </Menu.Dropdown>
    </Menu>
  )
}
