import { Group, Paper, Stack, Table, Text, Title } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import type { AccountDetail, OrderSummary } from '../../wire.ts'
import { accountQuery } from '../lib/api.ts'
import { useWords } from '../lib/messages.tsx'
import { SyncBadge, SyncSentence, Tag } from '../parts/badges.tsx'
import { ContactTable } from '../parts/contact-table.tsx'
import { TextLink } from '../parts/link.tsx'
import { Loaded, ScreenHead } from '../parts/states.tsx'

/** One customer: facts, people, latest orders, and whether both sides agree about it. */
export function AccountScreen({ id }: { id: string }) {
  const { t } = useWords()
  const account = useQuery(accountQuery(id))
  return <Loaded query={account}>{(data) => <Account account={data} accountsTitle={t('accounts.title')} />}</Loaded>
}

function Account({ account, accountsTitle }: { account: AccountDetail; accountsTitle: string }) {
  const { t, named, money } = useWords()
  return (
    <>
      <ScreenHead
        title={account.name}
        above={
          <TextLink to="/accounts" size="sm">
            {accountsTitle}
          </TextLink>
        }
        actions={
          <Group gap="xs">
            {account.onHold !== null && account.onHold !== 'no' && <Tag color="orange">{named('onHold', account.onHold)}</Tag>}
            <SyncBadge sync={account.sync} />
          </Group>
        }
      />
      <Stack gap="xl">
        <Paper withBorder p="md">
          <Stack gap="md">
            <dl className="facts">
              {account.facts.map((fact) => (
                <div key={fact.label}>
                  <dt>{t(`fact.${fact.label}`)}</dt>
                  <dd>{fact.label === 'creditLimit' ? money(fact.value, account.currency) : fact.value}</dd>
                </div>
              ))}
            </dl>
            <SyncSentence sync={account.sync} />
          </Stack>
        </Paper>
        <section aria-labelledby="contacts">
          <Group justify="space-between" mb="sm">
            <Title order={2} size="h4" id="contacts">
              {t('account.contacts', { count: account.contactsTotal })}
            </Title>
            {account.contactsTotal > account.contacts.length && (
              <TextLink to="/contacts" search={{ account: account.id }} size="sm">
                {t('account.allContacts')}
              </TextLink>
            )}
          </Group>
          {account.contacts.length === 0 ? (
            <Text c="dimmed">{t('account.noContacts')}</Text>
          ) : (
            <ContactTable rows={account.contacts} withAccount={false} />
          )}
        </section>
        <Orders orders={account.orders.latest} total={account.orders.total} />
      </Stack>
    </>
  )
}

function Orders({ orders, total }: { orders: OrderSummary[]; total: number }) {
  const words = useWords()
  const { t } = words
  return (
    <section aria-labelledby="orders">
      <Title order={2} size="h4" id="orders" mb="sm">
        {t('account.orders', { count: total })}
      </Title>
      {orders.length === 0 ? (
        <Text c="dimmed">{t('account.noOrders')}</Text>
      ) : (
        <Table.ScrollContainer minWidth={620}>
          <Table verticalSpacing="xs">
            <Table.Thead>
              <Table.Tr>
                <Table.Th>{t('order.number')}</Table.Th>
                <Table.Th>{t('order.request')}</Table.Th>
                <Table.Th>{t('order.placed')}</Table.Th>
                <Table.Th>{t('order.status')}</Table.Th>
                <Table.Th className="number">{t('order.total')}</Table.Th>
                <Table.Th>{t('order.sync')}</Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {orders.map((order) => (
                <Table.Tr key={order.id}>
                  <Table.Td>
                    <a href={`/orders/${order.id}`} className="strong-link">
                      {order.erpNumber ?? t('order.noNumber')}
                    </a>
                  </Table.Td>
                  <Table.Td>{order.requestNumber ?? '–'}</Table.Td>
                  <Table.Td>{order.placedAt === null ? '–' : words.dateTime(order.placedAt)}</Table.Td>
                  <Table.Td>{order.status === null ? '–' : words.named('orderStatus', order.status)}</Table.Td>
                  <Table.Td className="number">{order.total === null ? '–' : words.money(order.total, order.currency)}</Table.Td>
                  <Table.Td>
                    <SyncBadge sync={order.sync} />
                  </Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </Table.ScrollContainer>
      )}
    </section>
  )
}
