import { Alert, Badge, Button, Group, Stack, Table, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import type { ColumnInfo, Definitions, TableDetail } from '../../wire-data.ts'
import { useWords } from '../lib/messages.tsx'
import { Dialog } from '../parts/dialog.tsx'
import { TextLink } from '../parts/link.tsx'
import { Loaded } from '../parts/states.tsx'
import { ColumnForm } from './column-form.tsx'
import { documentOf, withoutColumn } from './definition-document.ts'
import { RetiredColumns, Versions } from './definition-history.tsx'
import { PlanDialog, type Proposal } from './plan-dialog.tsx'
import { definitionsQuery } from './queries.ts'
import { labelOf, optionText } from './values.tsx'

/** The columns of a table, to which an installation adds its own; what was retired, and every version there was. */
export function ColumnsTab({ table }: { table: TableDetail }) {
  const definitions = useQuery(definitionsQuery)
  return <Loaded query={definitions}>{(found) => <Columns table={table} definitions={found} />}</Loaded>
}

function Columns({ table, definitions }: { table: TableDetail; definitions: Definitions }) {
  const { t, language } = useWords()
  const [edited, setEdited] = useState<ColumnInfo | 'new'>()
  const [proposal, setProposal] = useState<Proposal>()
  const document = documentOf(table, definitions)
  const held = definitions.documents.find((one) => one.table === table.name)
  const isFromFile = held?.source === 'file'
  const propose = (next: object, title: string) => setProposal({ title, document: next })
  return (
    <Stack>
      {isFromFile ? (
        <Alert color="blue">{t('define.fromFile')}</Alert>
      ) : (
        <Group>
          <Button onClick={() => setEdited('new')}>{t('define.add')}</Button>
        </Group>
      )}
      <ColumnTable
        table={table}
        own={new Set(isFromFile ? [] : Object.keys(document.columns))}
        edit={setEdited}
        retire={(column) =>
          propose(withoutColumn(document, column.name), t('define.retireColumn', { column: labelOf(column, language) }))
        }
      />
      <RetiredColumns table={table} definitions={definitions} document={document} propose={propose} />
      <Versions table={table} definitions={definitions} revert={setProposal} />
      <Dialog
        opened={edited !== undefined && proposal === undefined}
        close={() => setEdited(undefined)}
        title={
          edited === 'new' || edited === undefined
            ? t('define.add')
            : t('define.editColumn', { column: labelOf(edited, language) })
        }
      >
        {edited !== undefined && (
          <ColumnForm
            table={table}
            document={document}
            prefix={definitions.prefix}
            column={edited === 'new' ? undefined : edited}
            propose={(next, name) => propose(next, t(edited === 'new' ? 'define.added' : 'define.changed', { name }))}
          />
        )}
      </Dialog>
      <PlanDialog proposal={proposal} close={() => setProposal(undefined)} done={() => setEdited(undefined)} />
    </Stack>
  )
}

function ColumnTable(props: {
  table: TableDetail
  /** Names of the columns that are defined here. */
  own: ReadonlySet<string>
  edit: (column: ColumnInfo) => void
  retire: (column: ColumnInfo) => void
}) {
  const { table, own, edit, retire } = props
  const { t, language } = useWords()
  return (
    <Table.ScrollContainer minWidth={720}>
      <Table verticalSpacing="xs">
        <Table.Thead>
          <Table.Tr>
            <Table.Th>{t('data.column')}</Table.Th>
            <Table.Th>{t('data.logicalName')}</Table.Th>
            <Table.Th>{t('data.type')}</Table.Th>
            <Table.Th>{t('data.rules')}</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {table.columns.map((column) => {
            const isOurs = own.has(column.name)
            return (
              <Table.Tr key={column.name}>
                <Table.Td>
                  <NameCell column={column} />
                  {isOurs && (
                    <Group gap={4} mt={4}>
                      <Button
                        size="compact-xs"
                        variant="default"
                        aria-label={t('define.editColumn', { column: labelOf(column, language) })}
                        onClick={() => edit(column)}
                      >
                        {t('define.edit')}
                      </Button>
                      {column.name !== table.nameColumn && (
                        <Button
                          size="compact-xs"
                          variant="subtle"
                          aria-label={t('define.retireColumn', { column: labelOf(column, language) })}
                          onClick={() => retire(column)}
                        >
                          {t('define.retire')}
                        </Button>
                      )}
                    </Group>
                  )}
                </Table.Td>
                <Table.Td className="mono">{column.name}</Table.Td>
                <Table.Td>
                  <TypeCell column={column} />
                </Table.Td>
                <Table.Td>
                  <RulesCell table={table} column={column} />
                </Table.Td>
              </Table.Tr>
            )
          })}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  )
}

function NameCell({ column }: { column: ColumnInfo }) {
  const { t, language } = useWords()
  return (
    <>
      {labelOf(column, language)}{' '}
      {column.origin === 'custom' && (
        <Badge size="sm" variant="light" color="gray">
          {t('data.custom')}
        </Badge>
      )}
      {column.description !== '' && (
        <Text size="xs" c="dimmed">
          {column.description}
        </Text>
      )}
    </>
  )
}

function TypeCell({ column }: { column: ColumnInfo }) {
  const { named, language } = useWords()
  return (
    <>
      {named('type', column.type)}
      {column.targets.map((target) => (
        <TextLink key={target} to="/data/$table" params={{ table: target }} size="sm" ml={6}>
          {target}
        </TextLink>
      ))}
      {column.options.length > 0 && (
        <Text size="xs" c="dimmed">
          {column.options
            .slice(0, 8)
            .map((option) => optionText(column, option.value, language))
            .join(' · ')}
          {column.options.length > 8 && ' …'}
        </Text>
      )}
    </>
  )
}

function RulesCell({ table, column }: { table: TableDetail; column: ColumnInfo }) {
  const { t } = useWords()
  const keys = table.keys.filter((key) => key.columns.includes(column.name)).map((key) => key.name)
  const rules = [
    column.required ? t('rule.required') : '',
    column.length === null ? '' : t('rule.length', { length: column.length }),
    column.min === null ? '' : `≥ ${column.min}`,
    column.max === null ? '' : `≤ ${column.max}`,
    column.pattern?.message ?? '',
    column.autonumber ?? '',
    column.calculated === null ? '' : `= ${column.calculated}`,
    column.default === null ? '' : t('rule.default', { value: String(column.default) }),
    keys.length === 0 ? '' : t('rule.key', { keys: keys.join(', ') }),
  ]
  return (
    <Text size="sm" className="wrap-anywhere">
      {rules.filter((rule) => rule !== '').join(' · ')}
    </Text>
  )
}
