import { Table, Text } from '@mantine/core'
import type { ContactSummary } from '../../wire.ts'
import { useWords } from '../lib/messages.tsx'
import { TextLink } from './link.tsx'

export function ContactTable({ rows, withAccount }: { rows: ContactSummary[]; withAccount: boolean }) {
  const { t, named } = useWords()
  return (
    <Table.ScrollContainer minWidth={560}>
      <Table highlightOnHover verticalSpacing="sm">
        <Table.Thead>
          <Table.Tr>
            <Table.Th>{t('contact.name')}</Table.Th>
            <Table.Th>{t('contact.email')}</Table.Th>
            {withAccount && <Table.Th>{t('contact.account')}</Table.Th>}
            <Table.Th>{t('contact.roles')}</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {rows.map((row) => (
            <Table.Tr key={row.id}>
              <Table.Td>
                <TextLink to="/contacts/$id" params={{ id: row.id }} fw={550} size="sm">
                  {row.fullName === '' ? (row.email ?? t('contact.noName')) : row.fullName}
                </TextLink>
              </Table.Td>
              <Table.Td>{row.email ?? '–'}</Table.Td>
              {withAccount && (
                <Table.Td>
                  {row.accountId === null ? (
                    '–'
                  ) : (
                    <TextLink to="/accounts/$id" params={{ id: row.accountId }} size="sm">
                      {row.accountName ?? row.accountId}
                    </TextLink>
                  )}
                </Table.Td>
              )}
              <Table.Td>
                <Text size="sm" {...(row.roles.length === 0 && { c: 'dimmed' })}>
                  {row.roles.length === 0 ? t('contact.noRoles') : row.roles.map((role) => named('role', role)).join(', ')}
                </Text>
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  )
}
