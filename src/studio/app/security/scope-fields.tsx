import { Select, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import type { TableDetail } from '../../wire-data.ts'
import type { PermissionSource } from '../../wire-security.ts'
import { tableQuery } from '../data/queries.ts'
import { useWords } from '../lib/messages.tsx'
import type { Placed } from './scope-words.ts'

const ITSELF = ' '

type Props = {
  table: string
  permission: PermissionSource
  placed: readonly Placed[]
  set: (change: Partial<PermissionSource>) => void
}

/** Which rows: the access types that this table can carry, and the column that bears each out. */
export function ScopeFields(props: Props) {
  const { t, named } = useWords()
  const { permission, set } = props
  const definition = useQuery(tableQuery(props.table))
  if (definition.data === undefined) return null
  const table = definition.data
  const data = typesFor(table).map((value) => ({ value, label: named('accessType', value) }))
  return (
    <>
      <Select
        label={t('permission.accessType')}
        data={data}
        value={permission.accessType}
        allowDeselect={false}
        onChange={(value) => {
          const accessType = (value ?? 'global') as PermissionSource['accessType']
          const [first] = pointingTo(table, accessType === 'contact' ? 'contact' : 'account')
          const relationship = first === undefined || table.name === 'account' ? {} : { relationship: first }
          set({ accessType, ...(accessType === 'global' ? {} : relationship) })
        }}
      />
      {(permission.accessType === 'account' || permission.accessType === 'hierarchy') && (
        <Relationship table={table} permission={permission} set={set} target="account" />
      )}
      {permission.accessType === 'contact' && (
        <>
          <Relationship table={table} permission={permission} set={set} target="contact" />
          <Select
            label={t('permission.accountRelationship')}
            data={pointingTo(table, 'account')}
            value={permission.accountRelationship ?? null}
            clearable
            clearButtonProps={{ 'aria-label': t('action.clear') }}
            onChange={(value) => set({ accountRelationship: value ?? '' })}
          />
        </>
      )}
      {permission.accessType === 'parent' && <ParentFields {...props} table={table} />}
    </>
  )
}

function Relationship(props: {
  table: TableDetail
  permission: PermissionSource
  set: Props['set']
  target: 'account' | 'contact'
}) {
  const { t } = useWords()
  const { table, permission, set, target } = props
  const columns = pointingTo(table, target)
  const itself = table.name === 'account' && target === 'account'
  if (columns.length === 0 && !itself)
    return (
      <Text size="sm" className="bad">
        {t('permission.none')}
      </Text>
    )
  return (
    <Select
      label={t('permission.relationship')}
      data={[
        ...(itself ? [{ value: ITSELF, label: t('permission.itself') }] : []),
        ...columns.map((value) => ({ value, label: value })),
      ]}
      value={
        permission.relationship === undefined || permission.relationship === ''
          ? itself
            ? ITSELF
            : null
          : permission.relationship
      }
      allowDeselect={false}
      onChange={(value) => set({ relationship: value === null || value === ITSELF ? '' : value })}
    />
  )
}

/** Permissions for the rows above, of tables that this one points to, and the column that points there. */
function ParentFields({ table, permission, placed, set }: Omit<Props, 'table'> & { table: TableDetail }) {
  const { t } = useWords()
  const targets = new Set(table.columns.flatMap((column) => column.targets))
  const parents = placed.filter(
    (one) => targets.has(one.table) && one.permission.effect !== 'deny' && one.permission.name !== permission.name,
  )
  const chosen = parents.find((one) => one.permission.name === permission.parent?.permission)
  const through = chosen === undefined ? [] : pointingTo(table, chosen.table)
  return (
    <>
      <Select
        label={t('permission.parent')}
        data={parents.map((one) => ({ value: one.permission.name, label: `${one.permission.name} (${one.table})` }))}
        value={permission.parent?.permission ?? null}
        searchable
        onChange={(name) => {
          const parent = parents.find((one) => one.permission.name === name)
          const [first = ''] = parent === undefined ? [] : pointingTo(table, parent.table)
          set({ parent: { permission: name ?? '', through: first } })
        }}
      />
      <Select
        label={t('permission.through')}
        data={through}
        value={permission.parent?.through ?? null}
        onChange={(value) => set({ parent: { permission: permission.parent?.permission ?? '', through: value ?? '' } })}
      />
    </>
  )
}

function typesFor(table: TableDetail): PermissionSource['accessType'][] {
  return [
    'global',
    ...(table.scope === 'company' ? (['company'] as const) : []),
    ...(table.name === 'account' || pointingTo(table, 'account').length > 0 ? (['account', 'hierarchy'] as const) : []),
    ...(pointingTo(table, 'contact').length > 0 ? (['contact'] as const) : []),
    ...(table.name === 'contact' ? (['self'] as const) : []),
    ...(table.columns.some((column) => column.targets.length > 0) ? (['parent'] as const) : []),
  ]
}

function pointingTo(table: TableDetail, target: string): string[] {
  return table.columns.filter((column) => column.targets.includes(target)).map((column) => column.name)
}
