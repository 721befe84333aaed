import { Checkbox, Group, Select, Stack, Table, Text, Title } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import type { MatrixGrant, MatrixRole, Privilege } from '../../wire-security.ts'
import { useWords } from '../lib/messages.tsx'
import { Empty, Loaded } from '../parts/states.tsx'
import { SecurityHead } from '../security/head.tsx'
import { matrixQuery } from '../security/queries.ts'
import { PRIVILEGES } from '../security/words.ts'

export type MatrixAddress = { role?: string; table?: string; surface?: string }
const SURFACES = ['everywhere', 'pagesApi'] as const

/** Every role with every table and privilege, as the published permissions make it. */
export function MatrixScreen({ address }: { address: MatrixAddress }) {
  const { t, named } = useWords()
  const navigate = useNavigate()
  const matrix = useQuery(matrixQuery)
  const [withEmpty, setWithEmpty] = useState(false)
  const go = (next: Record<keyof MatrixAddress, string | null | undefined>) => {
    const kept = Object.entries(next).filter(([, value]) => value !== null && value !== undefined)
    void navigate({ to: '/security/matrix', search: Object.fromEntries(kept) as MatrixAddress, replace: true })
  }
  const { role, table, surface } = address
  const clear = { clearable: true, clearButtonProps: { 'aria-label': t('action.clear') } }
  return (
    <>
      <SecurityHead title={t('matrix.title')} lead={t('matrix.lead')} />
      <Loaded query={matrix}>
        {(roles) => (
          <>
            <Group mb="md" align="flex-end">
              <Select
                label={t('matrix.role')}
                placeholder={t('matrix.allRoles')}
                data={roles.map((one) => ({ value: one.role, label: named('role', one.role) }))}
                value={role ?? null}
                onChange={(value) => go({ role: value, table, surface })}
                {...clear}
              />
              <Select
                label={t('matrix.table')}
                placeholder={t('matrix.allTables')}
                data={(roles[0]?.tables ?? []).map((one) => one.table)}
                searchable
                value={table ?? null}
                onChange={(value) => go({ role, table: value, surface })}
                {...clear}
              />
              <Select
                label={t('matrix.surface')}
                data={SURFACES.map((value) => ({ value, label: t(`matrix.${value}`) }))}
                value={surface === 'pagesApi' ? 'pagesApi' : 'everywhere'}
                allowDeselect={false}
                onChange={(value) => go({ role, table, surface: value === 'pagesApi' ? value : undefined })}
              />
              <Checkbox
                label={t('matrix.showEmpty')}
                checked={withEmpty}
                onChange={(event) => setWithEmpty(event.currentTarget.checked)}
                mb={8}
              />
            </Group>
            <Matrix roles={roles} address={address} withEmpty={withEmpty} />
          </>
        )}
      </Loaded>
    </>
  )
}

function Matrix({ roles, address, withEmpty }: { roles: MatrixRole[]; address: MatrixAddress; withEmpty: boolean }) {
  const { t, named } = useWords()
  const isApi = address.surface === 'pagesApi'
  const shown = roles
    .filter((one) => address.role === undefined || one.role === address.role)
    .map((one) => ({
      ...one,
      tables: one.tables.filter(
        (row) =>
          (address.table === undefined || row.table === address.table) &&
          (withEmpty || (isOpen(row) && (!isApi || row.webApi !== null))),
      ),
    }))
    .filter((one) => one.tables.length > 0)
  if (shown.length === 0) return <Empty title={t('matrix.empty')} text={t('matrix.emptyText')} />
  return (
    <Stack gap="xl">
      {shown.map((one) => (
        <section key={one.role} aria-label={one.role}>
          <Title order={2} size="h4" mb="xs">
            {named('role', one.role)}
          </Title>
          <Table.ScrollContainer minWidth={900} scrollAreaProps={{ viewportProps: { tabIndex: 0 } }}>
            <Table verticalSpacing={6} className="sheet">
              <Table.Thead>
                <Table.Tr>
                  <Table.Th>{t('matrix.table')}</Table.Th>
                  {PRIVILEGES.map((privilege) => (
                    <Table.Th key={privilege}>{t(`privilege.${privilege}`)}</Table.Th>
                  ))}
                  <Table.Th>/_api</Table.Th>
                </Table.Tr>
              </Table.Thead>
              <Table.Tbody>
                {one.tables.map((row) => (
                  <Table.Tr key={row.table}>
                    <Table.Td className="mono">{row.table}</Table.Td>
                    {PRIVILEGES.map((privilege) => (
                      <Table.Td key={privilege}>
                        <Cell grants={isApi && row.webApi === null ? [] : row.cells[privilege]} />
                      </Table.Td>
                    ))}
                    <Table.Td title={row.webApi?.join(', ')}>
                      {row.webApi === null ? t('matrix.closed') : t('matrix.columns', { count: row.webApi.length })}
                    </Table.Td>
                  </Table.Tr>
                ))}
              </Table.Tbody>
            </Table>
          </Table.ScrollContainer>
        </section>
      ))}
    </Stack>
  )
}

function Cell({ grants }: { grants: MatrixGrant[] }) {
  const { t } = useWords()
  if (grants.length === 0)
    return (
      <Text size="sm" c="dimmed">
        –
      </Text>
    )
  return grants.map((grant) => (
    <Text key={grant.permission} size="sm" title={grant.permission} className={grant.effect === 'deny' ? 'bad' : ''}>
      {grant.effect === 'deny' ? t('rules.deny', { scope: grant.scope }) : grant.scope}
      {grant.where !== null && ` · ${grant.where}`}
      {grant.columns !== null && ` · ${t('matrix.columns', { count: grant.columns.length })}`}
    </Text>
  ))
}

function isOpen(row: MatrixRole['tables'][number]): boolean {
  return (Object.keys(row.cells) as Privilege[]).some((privilege) => row.cells[privilege].length > 0)
}
