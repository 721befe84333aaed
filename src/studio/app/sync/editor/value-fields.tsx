import { ActionIcon, Button, Group, NativeSelect, Stack, Table, Text, TextInput, VisuallyHidden } from '@mantine/core'
import { useWords } from '../../lib/messages.tsx'
import { TextLink } from '../../parts/link.tsx'
import type { FieldsProps } from './fields.ts'
import { columnOf, type Scalar } from './map-text.ts'
import { scalarOf } from './transform-words.ts'

const UNMAPPED = ['empty', 'pass', 'default', 'hold'] as const

/** A value of the ERP beside ours: a list that maps share, or one of the entry's own. */
export function ValueFields({ entry, schemas, change }: FieldsProps) {
  const { t } = useWords()
  const { values } = entry
  const isOwn = typeof values === 'object'
  const shared = schemas.lists.find((one) => one.name === values)
  return (
    <Stack gap="xs">
      <Group align="flex-end">
        <NativeSelect
          label={t('editor.list')}
          value={isOwn ? '' : (values ?? '')}
          onChange={(event) => {
            const name = event.currentTarget.value
            change({ ...entry, values: name === '' ? ownOf(shared?.entries ?? []) : name })
          }}
          data={[
            { value: '', label: t('editor.ownList') },
            ...schemas.lists.map((one) => ({ value: one.name, label: one.name })),
          ]}
        />
        <NativeSelect
          label={t('editor.unmapped')}
          value={entry.unmapped ?? 'empty'}
          onChange={(event) => change({ ...entry, unmapped: event.currentTarget.value as (typeof UNMAPPED)[number] })}
          data={UNMAPPED.map((one) => ({ value: one, label: t(`editor.unmapped.${one}`) }))}
        />
      </Group>
      {shared !== undefined && (
        <TextLink to="/sync/values" search={{ list: shared.name }} size="sm">
          {t('values.change')}
        </TextLink>
      )}
      {isOwn ? (
        <OwnList entry={entry} schemas={schemas} change={change} />
      ) : (
        <Text size="sm" c="dimmed" className="mono">
          {(shared?.entries ?? []).map((one) => `${one.erp || '∅'} = ${one.portal ?? '∅'}`).join(' · ')}
        </Text>
      )}
    </Stack>
  )
}

function ownOf(entries: readonly { erp: string; portal: string | null }[]): Record<string, Scalar | null> {
  return Object.fromEntries(entries.map(({ erp, portal }) => [erp, portal === null ? null : scalarOf(portal, undefined)]))
}

function OwnList({ entry, schemas, change }: FieldsProps) {
  const { t } = useWords()
  const pairs = Object.entries(typeof entry.values === 'object' ? entry.values : {})
  const type = schemas.columns.find((one) => one.name === columnOf(entry))?.type
  const put = (next: readonly (readonly [string, Scalar | null])[]) => change({ ...entry, values: Object.fromEntries(next) })
  return (
    <Table maw={560} verticalSpacing={2}>
      <Table.Thead>
        <Table.Tr>
          <Table.Th>{t('editor.theirValue')}</Table.Th>
          <Table.Th>{t('editor.ourValue')}</Table.Th>
          <Table.Th>
            <VisuallyHidden>{t('editor.deeds')}</VisuallyHidden>
          </Table.Th>
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {pairs.map(([theirs, ours], at) => (
          <Table.Tr key={theirs}>
            <Table.Td>
              <TextInput
                size="xs"
                aria-label={t('editor.theirValue')}
                defaultValue={theirs}
                // Only when it is whole: on the way to it, it may be the name of another pair.
                onBlur={(event) => {
                  const name = event.currentTarget.value
                  if (pairs.some(([one]) => one === name)) event.currentTarget.value = theirs
                  else put(pairs.with(at, [name, ours]))
                }}
              />
            </Table.Td>
            <Table.Td>
              <TextInput
                size="xs"
                aria-label={t('editor.ourValue')}
                placeholder={t('editor.nothing')}
                value={ours === null ? '' : String(ours)}
                onChange={(event) => {
                  const text = event.currentTarget.value
                  put(pairs.with(at, [theirs, text === '' ? null : scalarOf(text, type)]))
                }}
              />
            </Table.Td>
            <Table.Td>
              <ActionIcon
                variant="subtle"
                color="gray"
                aria-label={t('editor.removeValue', { value: theirs })}
                onClick={() => put(pairs.toSpliced(at, 1))}
              >
                <span aria-hidden="true">✕</span>
              </ActionIcon>
            </Table.Td>
          </Table.Tr>
        ))}
        <Table.Tr>
          <Table.Td colSpan={3}>
            <Button size="compact-sm" variant="default" onClick={() => put([...pairs, [newName(pairs), null]])}>
              {t('editor.addValue')}
            </Button>
          </Table.Td>
        </Table.Tr>
      </Table.Tbody>
    </Table>
  )
}

/** Names in a list differ: a new pair takes one that is free until somebody writes over it. */
function newName(pairs: readonly (readonly [string, unknown])[]): string {
  const taken = new Set(pairs.map(([theirs]) => theirs))
  let number = pairs.length + 1
  while (taken.has(`value ${number}`)) number++
  return `value ${number}`
}
