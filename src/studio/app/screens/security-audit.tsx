import { Table, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import type { AuditEntry } from '../../wire-security.ts'
import { useWords, type Words } from '../lib/messages.tsx'
import { ButtonLink } from '../parts/link.tsx'
import { Empty, Loaded } from '../parts/states.tsx'
import { SecurityHead } from '../security/head.tsx'
import { auditQuery } from '../security/queries.ts'

const MOMENT = /^\d{4}-\d{2}-\d{2}T/

/** Who changed what somebody may do, and when. */
export function AuditScreen({ before }: { before: string | undefined }) {
  const words = useWords()
  const { t, named, dateTime } = words
  const page = useQuery(auditQuery(before))
  return (
    <>
      <SecurityHead title={t('audit.title')} lead={t('audit.lead')} />
      <Loaded query={page}>
        {({ entries, next }) =>
          entries.length === 0 ? (
            <Empty title={t('audit.empty')} text={t('audit.emptyText')} />
          ) : (
            <>
              <Table.ScrollContainer minWidth={760} scrollAreaProps={{ viewportProps: { tabIndex: 0 } }}>
                <Table verticalSpacing="xs">
                  <Table.Thead>
                    <Table.Tr>
                      <Table.Th>{t('audit.when')}</Table.Th>
                      <Table.Th>{t('audit.who')}</Table.Th>
                      <Table.Th>{t('audit.what')}</Table.Th>
                      <Table.Th>{t('audit.whom')}</Table.Th>
                      <Table.Th>{t('audit.details')}</Table.Th>
                    </Table.Tr>
                  </Table.Thead>
                  <Table.Tbody>
                    {entries.map((entry) => (
                      <Table.Tr key={entry.id}>
                        <Table.Td className="digits">{dateTime(entry.at)}</Table.Td>
                        <Table.Td>{entry.who ?? t('audit.nobody')}</Table.Td>
                        <Table.Td>{named('auditAction', entry.action)}</Table.Td>
                        <Table.Td>{entry.subject ?? '–'}</Table.Td>
                        <Table.Td>
                          <Text size="sm" className="wrap-anywhere">
                            {detailsOf(entry, words)}
                          </Text>
                        </Table.Td>
                      </Table.Tr>
                    ))}
                  </Table.Tbody>
                </Table>
              </Table.ScrollContainer>
              {next !== null && (
                <ButtonLink to="/security/audit" search={{ before: String(next) }} variant="default" size="xs" mt="md">
                  {t('action.more')}
                </ButtonLink>
              )}
            </>
          )
        }
      </Loaded>
    </>
  )
}

function detailsOf(entry: AuditEntry, { t, named, dateTime }: Words): string {
  const shown = (value: string) =>
    MOMENT.test(value) ? dateTime(value) : value === 'true' ? t('value.yes') : value === 'false' ? t('value.no') : value
  return Object.entries(entry.details)
    .map(([key, value]) => `${named('auditDetail', key)}: ${shown(value)}`)
    .join(' · ')
}
