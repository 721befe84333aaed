import { Button, Group, Paper, Stack, Table, Text, Title } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import type { ServiceAccountInfo } from '../../wire-security.ts'
import { post, queryClient } from '../lib/api.ts'
import { type Translate, useWords } from '../lib/messages.tsx'
import { Tag } from '../parts/badges.tsx'
import { Confirm, type Question } from '../parts/confirm.tsx'
import { Dialog } from '../parts/dialog.tsx'
import { Empty, Loaded, tellDone, tellFailure } from '../parts/states.tsx'
import { SecurityHead } from '../security/head.tsx'
import { serviceAccountsQuery } from '../security/queries.ts'
import { TokenForm } from '../security/token-form.tsx'

/** Programs and their tokens. */
export function ProgramsScreen() {
  const { t } = useWords()
  const accounts = useQuery(serviceAccountsQuery)
  const [making, setMaking] = useState(false)
  const [question, ask] = useState<Question | undefined>(undefined)
  return (
    <>
      <SecurityHead
        title={t('programs.title')}
        lead={t('programs.lead')}
        actions={<Button onClick={() => setMaking(true)}>{t('programs.new')}</Button>}
      />
      <Loaded query={accounts}>
        {(all) =>
          all.length === 0 ? (
            <Empty title={t('programs.empty.title')} text={t('programs.empty.text')} />
          ) : (
            <Stack gap="md">
              {all.map((account) => (
                <Program key={account.id} account={account} ask={ask} />
              ))}
            </Stack>
          )
        }
      </Loaded>
      <Dialog opened={making} close={() => setMaking(false)} title={t('programs.new')}>
        <TokenForm close={() => setMaking(false)} />
      </Dialog>
      <Confirm question={question} close={() => ask(undefined)} />
    </>
  )
}

function Program({ account, ask }: { account: ServiceAccountInfo; ask: (question: Question) => void }) {
  const { t, named } = useWords()
  const isDisabled = account.disabledAt !== null
  return (
    <Paper withBorder p="md" component="section" aria-label={account.name}>
      <Group justify="space-between" mb="xs">
        <div>
          <Group gap="xs">
            <Title order={2} size="h4">
              {account.name}
            </Title>
            {isDisabled && <Tag color="red">{t('programs.disabled')}</Tag>}
          </Group>
          <Text size="sm" c="dimmed">
            {named('role', account.role)}
            {account.accountName !== null && ` · ${account.accountName}`}
          </Text>
        </div>
        <Button
          size="xs"
          variant="default"
          aria-label={`${t(isDisabled ? 'programs.enable' : 'programs.disable')}: ${account.name}`}
          onClick={() => void deed(`/security/service-accounts/${account.id}/${isDisabled ? 'reactivations' : 'suspensions'}`, t)}
        >
          {t(isDisabled ? 'programs.enable' : 'programs.disable')}
        </Button>
      </Group>
      <Tokens account={account} ask={ask} />
    </Paper>
  )
}

const COLORS = { active: 'teal', expired: 'gray', revoked: 'gray', disabled: 'red' } as const

function Tokens({ account, ask }: { account: ServiceAccountInfo; ask: (question: Question) => void }) {
  const { t, dateTime, ago } = useWords()
  const revoke = (id: string) =>
    ask({
      title: t('programs.revoke'),
      text: t('programs.revokeText'),
      deed: t('programs.revoke'),
      danger: true,
      act: () => deed(`/security/tokens/${id}/revocations`, t),
    })
  return (
    <Table.ScrollContainer minWidth={720}>
      <Table verticalSpacing="xs">
        <Table.Thead>
          <Table.Tr>
            <Table.Th>{t('programs.token')}</Table.Th>
            <Table.Th>{t('programs.scope')}</Table.Th>
            <Table.Th>{t('programs.lastUsed')}</Table.Th>
            <Table.Th>{t('programs.ends')}</Table.Th>
            <Table.Th>{t('programs.state')}</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {account.tokens.map((token) => {
            const tables = token.tables?.join(', ') ?? t('programs.allTables')
            return (
              <Table.Tr key={token.id}>
                <Table.Td className="mono">{token.prefix}…</Table.Td>
                <Table.Td>{t(token.readOnly ? 'programs.reads' : 'programs.readsWrites', { tables })}</Table.Td>
                <Table.Td>{token.lastUsedAt === null ? t('programs.never') : ago(token.lastUsedAt)}</Table.Td>
                <Table.Td>{dateTime(token.expiresAt)}</Table.Td>
                <Table.Td>
                  <Group gap="xs" wrap="nowrap">
                    <Tag color={COLORS[token.state]}>{t(`tokenState.${token.state}`)}</Tag>
                    {token.state !== 'revoked' && (
                      <Button
                        size="compact-sm"
                        variant="subtle"
                        c="var(--bad)"
                        onClick={() => revoke(token.id)}
                        aria-label={`${t('programs.revoke')}: ${token.prefix}`}
                      >
                        {t('programs.revoke')}
                      </Button>
                    )}
                  </Group>
                </Table.Td>
              </Table.Tr>
            )
          })}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  )
}

async function deed(path: string, t: Translate): Promise<void> {
  try {
    await post(path)
    tellDone(t('programs.done'), t)
  } catch (error) {
    tellFailure(error as Error, t)
  }
  await queryClient.invalidateQueries({ queryKey: ['security'] })
}
