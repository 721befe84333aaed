import { Button, Group, Tabs, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import type { TableDetail, ViewInfo } from '../../wire-data.ts'
import { ColumnChooser } from '../data/column-chooser.tsx'
import { ColumnsTab } from '../data/columns-tab.tsx'
import { ExportMenu } from '../data/export-menu.tsx'
import { FilterBar } from '../data/filter-bar.tsx'
import { Grid } from '../data/grid.tsx'
import { ImportPanel } from '../data/import-panel.tsx'
import { like, likingOf, useWidths } from '../data/kept.ts'
import { type GridState, tableQuery } from '../data/queries.ts'
import { NEW_ROW, RowDrawer } from '../data/row-drawer.tsx'
import { labelOf } from '../data/values.tsx'
import { ViewMenu } from '../data/view-menu.tsx'
import { useWords } from '../lib/messages.tsx'
import { TextLink } from '../parts/link.tsx'
import { SearchBox } from '../parts/list.tsx'
import { Loaded, ScreenHead } from '../parts/states.tsx'

export type TableTab = 'rows' | 'columns' | 'relations' | 'import'
export type TableAddress = GridState & { tab?: TableTab; row?: string }

/** One table: its rows in a grid, its columns, and what hangs on it. All of what is shown is in the address. */
export function TableScreen({ name, address }: { name: string; address: TableAddress }) {
  const { t, language } = useWords()
  const navigate = useNavigate()
  const table = useQuery(tableQuery(name))
  const { tab = 'rows', row, ...asked } = address
  // What the address does not say is as it was last chosen here.
  const columns = asked.columns ?? likingOf(name).columns
  const state: GridState = { ...asked, ...(columns !== undefined && columns !== '' && { columns }) }
  const go = (next: TableAddress, replace = true) =>
    void navigate({ to: '/data/$table', params: { table: name }, search: withoutEmpty({ ...address, ...next }), replace })
  return (
    <Loaded query={table}>
      {(detail) => (
        <>
          <ScreenHead
            title={labelOf(detail, language)}
            above={
              <TextLink to="/data" size="sm">
                {t('data.title')}
              </TextLink>
            }
            lead={<span className="mono">{detail.name}</span>}
          />
          <Tabs value={tab} onChange={(value) => go({ tab: tabOf(value) }, false)} keepMounted={false}>
            <Tabs.List mb="md">
              <Tabs.Tab value="rows">{t('data.rows')}</Tabs.Tab>
              <Tabs.Tab value="columns">{t('data.columns')}</Tabs.Tab>
              <Tabs.Tab value="relations">{t('data.relations')}</Tabs.Tab>
              <Tabs.Tab value="import">{t('import.title')}</Tabs.Tab>
            </Tabs.List>
            <Tabs.Panel value="rows">
              <Rows key={detail.name} table={detail} state={state} go={go} />
            </Tabs.Panel>
            <Tabs.Panel value="columns">
              <ColumnsTab table={detail} />
            </Tabs.Panel>
            <Tabs.Panel value="relations">
              <RelationList table={detail} />
            </Tabs.Panel>
            <Tabs.Panel value="import">
              <ImportPanel table={detail} />
            </Tabs.Panel>
          </Tabs>
          {row !== undefined && (
            <RowDrawer table={detail} state={state} id={row} open={(id) => go({ row: id })} close={() => go({ row: '' })} />
          )}
        </>
      )}
    </Loaded>
  )
}

export function tabOf(value: unknown): TableTab {
  return value === 'columns' || value === 'relations' || value === 'import' ? value : 'rows'
}

function Rows(props: { table: TableDetail; state: GridState; go: (next: TableAddress, replace?: boolean) => void }) {
  const { table, state, go } = props
  const { t } = useWords()
  const [widths, setWidths] = useWidths(table.name)
  const chooseColumns = (chosen: string) => {
    like(table.name, { columns: chosen })
    go({ columns: chosen })
  }
  const chooseView = (view: ViewInfo | undefined) => {
    const { columns = '', filter = '', orderby = '', search = '' } = view?.state ?? {}
    like(table.name, { columns })
    if (view !== undefined) setWidths({ ...widths, ...view.widths })
    go({ columns, filter, orderby, search }, false)
  }
  return (
    <>
      <Group mb="sm" gap="sm">
        {table.search.length > 0 && (
          <SearchBox label={t('grid.search')} value={state.search ?? ''} onSearch={(search) => go({ search })} />
        )}
        <ViewMenu table={table} state={state} widths={widths} choose={chooseView} />
        <ColumnChooser table={table} chosen={state.columns} onChoose={chooseColumns} />
        <ExportMenu table={table} state={state} />
        <Button onClick={() => go({ row: NEW_ROW }, false)}>{t('edit.add')}</Button>
      </Group>
      <FilterBar table={table} filter={state.filter ?? ''} onFilter={(filter) => go({ filter })} />
      <Grid
        table={table}
        state={state}
        widths={widths}
        setWidths={setWidths}
        onSort={(orderby) => go({ orderby })}
        onOpen={(row) => go({ row }, false)}
      />
    </>
  )
}

function RelationList({ table }: { table: TableDetail }) {
  const { t, language } = useWords()
  const to = table.columns.flatMap((column) => column.targets.map((target) => ({ column: column.name, target })))
  return (
    <div className="two-columns">
      <section>
        <Text component="h2" fw={600} mb="xs">
          {t('data.pointsTo')}
        </Text>
        <ul className="plain-list">
          {to.map(({ column, target }) => (
            <li key={`${column} ${target}`}>
              <span className="mono">{column}</span> →{' '}
              <TextLink to="/data/$table" params={{ table: target }} size="sm">
                {target}
              </TextLink>
            </li>
          ))}
        </ul>
      </section>
      <section>
        <Text component="h2" fw={600} mb="xs">
          {t('data.pointedFrom')}
        </Text>
        <ul className="plain-list">
          {table.pointedFrom.map((one) => (
            <li key={`${one.table} ${one.column}`}>
              <TextLink to="/data/$table" params={{ table: one.table }} size="sm">
                {labelOf({ labels: one.labels, name: one.table }, language)}
              </TextLink>{' '}
              <span className="mono">{one.collectionName}</span>
            </li>
          ))}
        </ul>
      </section>
    </div>
  )
}

/** What says nothing does not stand in the address. */
function withoutEmpty(address: TableAddress): TableAddress {
  return Object.fromEntries(
    Object.entries(address).filter(([, value]) => value !== '' && value !== undefined && value !== 'rows'),
  )
}
