import { Alert, Button, Group, Table, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useWords } from '../lib/messages.tsx'
import { TextLink } from '../parts/link.tsx'
import { Empty, Loaded } from '../parts/states.tsx'
import { whoMayQuery } from './queries.ts'

const PAGE = 50

/** Everybody who may do it, with the account for which and the permissions through which. */
export function WhoMay({ place }: { place: { table: string; row: string; privilege: string } }) {
  const { t } = useWords()
  const [offset, setOffset] = useState(0)
  const page = useQuery(whoMayQuery(place, offset))
  return (
    <Loaded query={page}>
      {(found) =>
        found.people.length === 0 ? (
          <Empty title={t('who.empty.title')} text={t('who.empty.text')} />
        ) : (
          <>
            {found.anonymous && <Alert color="red">{t('who.anonymous')}</Alert>}
            <Table.ScrollContainer minWidth={640} scrollAreaProps={{ viewportProps: { tabIndex: 0 } }}>
              <Table verticalSpacing="xs">
                <Table.Thead>
                  <Table.Tr>
                    <Table.Th>{t('who.name')}</Table.Th>
                    <Table.Th>{t('who.account')}</Table.Th>
                    <Table.Th>{t('who.roles')}</Table.Th>
                    <Table.Th>{t('who.through')}</Table.Th>
                  </Table.Tr>
                </Table.Thead>
                <Table.Tbody>
                  {found.people.map((one) => (
                    <Table.Tr key={`${one.kind} ${one.id} ${one.accountId}`}>
                      <Table.Td>
                        {one.kind === 'contact' && one.id !== null ? (
                          <TextLink to="/security/people/$id" params={{ id: one.id }} size="sm">
                            {one.name}
                          </TextLink>
                        ) : (
                          <Text size="sm">
                            {one.kind === 'anonymous' ? t('explain.anonymous') : t('who.program', { name: one.name })}
                          </Text>
                        )}
                      </Table.Td>
                      <Table.Td>{one.accountName ?? '–'}</Table.Td>
                      <Table.Td>{one.roles.join(', ')}</Table.Td>
                      <Table.Td>{one.through.join(', ')}</Table.Td>
                    </Table.Tr>
                  ))}
                </Table.Tbody>
              </Table>
            </Table.ScrollContainer>
            <Group justify="space-between" mt="sm">
              <Text size="sm" c="dimmed" role="status">
                {t('who.count', { total: found.total })}
              </Text>
              <Group gap="xs">
                {offset > 0 && (
                  <Button size="xs" variant="default" onClick={() => setOffset(0)}>
                    {t('list.first')}
                  </Button>
                )}
                {offset + PAGE < found.total && (
                  <Button size="xs" variant="default" onClick={() => setOffset(offset + PAGE)}>
                    {t('list.next')}
                  </Button>
                )}
              </Group>
            </Group>
          </>
        )
      }
    </Loaded>
  )
}
