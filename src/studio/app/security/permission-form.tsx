import { Button, Checkbox, Divider, Group, MultiSelect, SegmentedControl, Stack, Switch, TextInput, Title } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import type { DraftEdit, DraftFiles, PermissionSource } from '../../wire-security.ts'
import { tableQuery } from '../data/queries.ts'
import { useWords } from '../lib/messages.tsx'
import { Effect } from './effect.tsx'
import { TablePicker } from './pickers.tsx'
import { conditionQuery, editDifferenceQuery } from './queries.ts'
import { ScopeFields } from './scope-fields.tsx'
import type { Placed } from './scope-words.ts'
import { PRIVILEGES } from './words.ts'

const EDITING_PAUSE_MS = 700

export type Editing = { file: string | null; table: string; before: string | null; permission: PermissionSource }

/** One permission, with what it would change for whom, counted anew while one edits. */
export function PermissionForm(props: {
  editing: Editing
  roles: readonly string[]
  placed: readonly Placed[]
  files: DraftFiles
  onApply: (edit: DraftEdit) => void
  close: () => void
}) {
  const { t } = useWords()
  const [table, setTable] = useState(props.editing.table)
  const [permission, setPermission] = useState(props.editing.permission)
  const set = (change: Partial<PermissionSource>) => setPermission({ ...permission, ...change })
  const complete = isComplete(table, permission)
  const { before } = props.editing
  const edit: DraftEdit = {
    kind: 'put',
    table,
    file: before === null ? null : props.editing.file,
    before,
    permission: tidy(permission),
  }
  const [settled] = useDebouncedValue(JSON.stringify(edit), EDITING_PAUSE_MS)
  const effect = useQuery(editDifferenceQuery(props.files, complete ? (JSON.parse(settled) as DraftEdit) : undefined))
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault()
        if (complete) props.onApply(edit)
      }}
    >
      <Stack gap="sm">
        <TextInput
          label={t('permission.name')}
          value={permission.name}
          onChange={(event) => set({ name: event.currentTarget.value })}
          maxLength={100}
          required
        />
        {before === null && <TablePicker label={t('rules.table')} value={table === '' ? undefined : table} onPick={setTable} />}
        <SegmentedControl
          aria-label={t('permission.effect')}
          value={permission.effect ?? 'allow'}
          onChange={(value) => set({ effect: value === 'deny' ? 'deny' : 'allow' })}
          data={[
            { value: 'allow', label: t('permission.allow') },
            { value: 'deny', label: t('permission.deny') },
          ]}
        />
        {table !== '' && <ScopeFields table={table} permission={permission} placed={props.placed} set={set} />}
        <WhatAndWho permission={permission} roles={props.roles} set={set} />
        {table !== '' && <RowFields table={table} permission={permission} set={set} />}
        <Divider />
        <section aria-label={t('rules.effect')}>
          <Title order={3} size="h5" mb="xs">
            {t('rules.effect')}
          </Title>
          {complete && <Effect query={effect} />}
        </section>
        <Group justify="flex-end">
          <Button variant="default" onClick={props.close}>
            {t('action.cancel')}
          </Button>
          <Button type="submit" disabled={!complete}>
            {t('permission.apply')}
          </Button>
        </Group>
      </Stack>
    </form>
  )
}

/** Which privileges, and for which roles. */
function WhatAndWho(props: { permission: PermissionSource; roles: readonly string[]; set: FieldsProps['set'] }) {
  const { t } = useWords()
  const { permission, roles, set } = props
  return (
    <>
      <Checkbox.Group
        label={t('permission.privileges')}
        value={permission.privileges}
        onChange={(value) => set({ privileges: PRIVILEGES.filter((one) => value.includes(one)) })}
      >
        <Group gap="md" mt={4}>
          {PRIVILEGES.map((one) => (
            <Checkbox key={one} value={one} label={t(`privilege.${one}`)} />
          ))}
        </Group>
      </Checkbox.Group>
      <MultiSelect
        label={t('permission.roles')}
        data={[...roles]}
        value={permission.roles}
        onChange={(roles) => set({ roles })}
        searchable
      />
    </>
  )
}

type FieldsProps = { table: string; permission: PermissionSource; set: (change: Partial<PermissionSource>) => void }

/** Which columns, on what condition, from when until when. */
function RowFields({ table, permission, set }: FieldsProps) {
  const { t } = useWords()
  const definition = useQuery(tableQuery(table))
  const where = permission.where ?? ''
  const [settled] = useDebouncedValue(where, EDITING_PAUSE_MS)
  const check = useQuery(conditionQuery(table, settled))
  const told = where === settled && where !== '' ? check.data : undefined
  const problem =
    told?.kind === 'bad'
      ? told.position === null
        ? told.message
        : t('permission.whereAt', { position: told.position + 1, message: told.message })
      : undefined
  return (
    <>
      <MultiSelect
        label={t('permission.columns')}
        data={(definition.data?.columns ?? []).map((column) => column.name)}
        value={permission.columns ?? []}
        onChange={(columns) => set({ columns })}
        searchable
        clearable
        clearButtonProps={{ 'aria-label': t('action.clear') }}
      />
      <TextInput
        label={t('permission.where')}
        className="mono-input"
        value={where}
        onChange={(event) => set({ where: event.currentTarget.value })}
        error={problem}
        description={told?.kind === 'good' ? t('permission.whereGood') : undefined}
        spellCheck={false}
      />
      <Group grow>
        <TextInput
          type="date"
          label={t('permission.validFrom')}
          value={permission.validFrom?.slice(0, 10) ?? ''}
          onChange={(event) => set({ validFrom: event.currentTarget.value })}
        />
        <TextInput
          type="date"
          label={t('permission.validUntil')}
          value={permission.validUntil?.slice(0, 10) ?? ''}
          onChange={(event) => set({ validUntil: event.currentTarget.value })}
        />
      </Group>
      <Switch
        label={t('permission.active')}
        checked={permission.active !== false}
        onChange={(event) => set({ active: event.currentTarget.checked })}
      />
    </>
  )
}

function isComplete(table: string, permission: PermissionSource): boolean {
  const { accessType, relationship, parent } = permission
  if (table === '' || permission.name.trim() === '' || permission.privileges.length === 0 || permission.roles.length === 0)
    return false
  if (accessType === 'contact') return relationship !== undefined && relationship !== ''
  if (accessType === 'parent') return parent !== undefined && parent.permission !== '' && parent.through !== ''
  return true
}

/** Without what says nothing, and without what another access type had. */
function tidy(permission: PermissionSource): PermissionSource {
  const { accessType } = permission
  const keeps: Partial<Record<string, boolean>> = {
    relationship: ['account', 'hierarchy', 'contact'].includes(accessType),
    accountRelationship: accessType === 'contact',
    parent: accessType === 'parent',
  }
  const kept = Object.entries({ ...permission, name: permission.name.trim() }).filter(
    ([key, value]) =>
      keeps[key] !== false &&
      value !== '' &&
      value !== undefined &&
      !(key === 'columns' && Array.isArray(value) && value.length === 0),
  )
  return Object.fromEntries(kept) as PermissionSource
}

export function emptyPermission(role: string): PermissionSource {
  return { name: '', accessType: 'account', privileges: ['read'], roles: [role] }
}
