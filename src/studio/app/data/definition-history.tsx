import { Button, Group, Stack, Table, Text, TextInput, Title } from '@mantine/core'
import { useState } from 'react'
import type { Definitions, TableDetail } from '../../wire-data.ts'
import { post, queryClient } from '../lib/api.ts'
import { useWords } from '../lib/messages.tsx'
import { Dialog } from '../parts/dialog.tsx'
import { tellDone, tellFailure } from '../parts/states.tsx'
import { type Document, lastSource, withColumn } from './definition-document.ts'
import type { Proposal } from './plan-dialog.tsx'

type Hidden = Definitions['hidden'][number]

/** Columns that are defined no more: their values are kept, and come back with them, until somebody purges them for good. */
export function RetiredColumns(props: {
  table: TableDetail
  definitions: Definitions
  document: Document
  propose: (document: Document, title: string) => void
}) {
  const { table, definitions, document, propose } = props
  const { t, number, named } = useWords()
  const [purged, setPurged] = useState<Hidden>()
  const hidden = definitions.hidden.filter((one) => one.table === table.name && one.column !== null)
  if (hidden.length === 0) return null
  return (
    <section>
      <Title order={2} size="h4" mb="xs">
        {t('define.retired')}
      </Title>
      <Table verticalSpacing={4}>
        <Table.Tbody>
          {hidden.map((one) => {
            const name = one.column ?? ''
            const source = lastSource(definitions.versions, table.name, name)
            return (
              <Table.Tr key={name}>
                <Table.Td className="mono">{name}</Table.Td>
                <Table.Td>{named('type', one.type)}</Table.Td>
                <Table.Td>{t('define.values', { count: one.values, shown: number(one.values) })}</Table.Td>
                <Table.Td>
                  <Group gap="xs" justify="flex-end">
                    {source !== undefined && (
                      <Button
                        size="compact-sm"
                        variant="default"
                        onClick={() => propose(withColumn(document, name, source), t('define.restoreColumn', { name }))}
                      >
                        {t('define.restore')}
                      </Button>
                    )}
                    <Button size="compact-sm" variant="subtle" color="red.9" onClick={() => setPurged(one)}>
                      {t('define.purge')}
                    </Button>
                  </Group>
                </Table.Td>
              </Table.Tr>
            )
          })}
        </Table.Tbody>
      </Table>
      <Dialog
        opened={purged !== undefined}
        close={() => setPurged(undefined)}
        title={t('define.purgeTitle', { name: purged?.column ?? '' })}
      >
        {purged !== undefined && <Purge hidden={purged} close={() => setPurged(undefined)} />}
      </Dialog>
    </section>
  )
}

function Purge({ hidden, close }: { hidden: Hidden; close: () => void }) {
  const { t } = useWords()
  const [typed, setTyped] = useState('')
  const name = `${hidden.table}.${hidden.column}`
  const purge = async () => {
    try {
      await post('/definitions/purges', {
        table: hidden.table,
        column: hidden.column,
        message: t('define.purged', { name }),
        confirm: [typed.trim()],
      })
      await queryClient.invalidateQueries({ queryKey: ['definitions'] })
      tellDone(t('define.purged', { name }), t)
      close()
    } catch (error) {
      tellFailure(error as Error, t)
    }
  }
  return (
    <Stack>
      <Text size="sm">{t('define.purgeText', { count: hidden.values })}</Text>
      <TextInput
        label={t('plan.confirm', { names: name })}
        value={typed}
        data-autofocus
        onChange={(event) => setTyped(event.currentTarget.value)}
      />
      <Group justify="flex-end">
        <Button variant="default" onClick={close}>
          {t('action.cancel')}
        </Button>
        <Button color="red.9" disabled={typed.trim() !== name} onClick={() => void purge()}>
          {t('define.purge')}
        </Button>
      </Group>
    </Stack>
  )
}

/** Who has defined what, newest first; each earlier state can be gone back to, for all tables that are defined here. */
export function Versions(props: { table: TableDetail; definitions: Definitions; revert: (proposal: Proposal) => void }) {
  const { table, definitions, revert } = props
  const { t, dateTime } = useWords()
  const versions = definitions.versions.filter((one) => one.table === table.name)
  const newest = definitions.versions[0]?.version
  if (versions.length === 0) return null
  return (
    <section>
      <Title order={2} size="h4" mb="xs">
        {t('define.versions')}
      </Title>
      <Table verticalSpacing={4}>
        <Table.Tbody>
          {versions.map((one) => (
            <Table.Tr key={one.version}>
              <Table.Td className="digits">{one.version}</Table.Td>
              <Table.Td>
                {one.message}
                <Text size="xs" c="dimmed">
                  {one.author} · {dateTime(one.appliedAt)}
                </Text>
              </Table.Td>
              <Table.Td>
                {one.version !== newest && one.source === 'stored' && (
                  <Button
                    size="compact-sm"
                    variant="default"
                    aria-label={t('define.revertTo', { version: one.version })}
                    onClick={() => revert({ title: t('define.revertTo', { version: one.version }), version: one.version })}
                  >
                    {t('define.revert')}
                  </Button>
                )}
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </section>
  )
}
