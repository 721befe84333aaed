import { ActionIcon, Button, Group, NativeSelect, Table, Text, TextInput, VisuallyHidden } from '@mantine/core'
import { useRef } from 'react'
import { useWords } from '../../lib/messages.tsx'
import { NextIcon, PreviousIcon } from '../../parts/icons.tsx'
import { type Kind, type PairProblem, type TypedPair, waysBack } from './pairs.ts'

type TableProps = {
  rows: readonly TypedPair[]
  kind: Kind
  problems: ReadonlyMap<number, PairProblem>
  change: (rows: readonly TypedPair[]) => void
}

/** The ERP's value beside ours, a line each; Enter in the last one begins another. */
export function PairTable({ rows, kind, problems, change }: TableProps) {
  const { t } = useWords()
  const body = useRef<HTMLTableSectionElement>(null)
  const back = waysBack(rows)
  const add = () => {
    change([...rows, { erp: '', ours: '' }])
    // Once the new line is there.
    setTimeout(() => body.current?.querySelector<HTMLInputElement>('tr:last-child input')?.focus())
  }
  const put = (at: number, part: Partial<TypedPair>) => {
    const row = rows[at]
    if (row !== undefined) change(rows.with(at, { ...row, ...part }))
  }
  const move = (at: number, by: -1 | 1) => {
    const [one, other] = [rows[at], rows[at + by]]
    if (one !== undefined && other !== undefined) change(rows.with(at, other).with(at + by, one))
  }
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault()
        add()
      }}
    >
      <Table.ScrollContainer minWidth={330} maw={760} scrollAreaProps={{ viewportProps: { tabIndex: 0 } }}>
        <Table verticalSpacing={4} className="entries">
          <Table.Thead>
            <Table.Tr>
              <Table.Th>{t('editor.theirValue')}</Table.Th>
              <Table.Th>{t('editor.ourValue')}</Table.Th>
              <Table.Th>
                <VisuallyHidden>{t('editor.deeds')}</VisuallyHidden>
              </Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody ref={body}>
            {rows.map((row, at) => (
              <PairRow
                // biome-ignore lint/suspicious/noArrayIndexKey: a line is its place; its texts change while one types
                key={at}
                row={row}
                number={at + 1}
                kind={kind}
                problem={problems.get(at)}
                goesBackAs={back.get(at)}
                isLast={at === rows.length - 1}
                put={(part) => put(at, part)}
                move={(by) => move(at, by)}
                remove={() => change(rows.toSpliced(at, 1))}
              />
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
      {rows.length === 0 && (
        <Text size="sm" c="dimmed" my="sm">
          {t('values.empty')}
        </Text>
      )}
      <Button type="submit" variant="default" size="compact-sm" mt="xs">
        {t('editor.addValue')}
      </Button>
    </form>
  )
}

function PairRow(props: {
  row: TypedPair
  number: number
  kind: Kind
  problem: PairProblem | undefined
  goesBackAs: string | undefined
  isLast: boolean
  put: (part: Partial<TypedPair>) => void
  move: (by: -1 | 1) => void
  remove: () => void
}) {
  const { t } = useWords()
  const { row, number, problem, put } = props
  const ours = problem === 'noNumber' || problem === 'noTruth' ? t(`values.problem.${problem}`) : undefined
  return (
    <Table.Tr>
      <Table.Td>
        <TextInput
          size="xs"
          aria-label={t('values.theirs', { number })}
          placeholder={t('values.noValueThere')}
          classNames={{ input: 'mono' }}
          value={row.erp}
          error={problem === 'twice' ? t('values.problem.twice') : undefined}
          onChange={(event) => put({ erp: event.currentTarget.value })}
        />
      </Table.Td>
      <Table.Td>
        <OurValue {...props} error={ours} />
        {props.goesBackAs !== undefined && problem === undefined && (
          <Text size="xs" c="dimmed">
            {t('values.goesBack', { value: props.goesBackAs === '' ? '∅' : props.goesBackAs })}
          </Text>
        )}
      </Table.Td>
      <Table.Td>
        <Group gap={2} wrap="nowrap" justify="flex-end">
          <ActionIcon
            variant="subtle"
            color="gray"
            disabled={number === 1}
            aria-label={t('editor.up', { name: row.erp })}
            onClick={() => props.move(-1)}
          >
            <PreviousIcon size={15} />
          </ActionIcon>
          <ActionIcon
            variant="subtle"
            color="gray"
            disabled={props.isLast}
            aria-label={t('editor.down', { name: row.erp })}
            onClick={() => props.move(1)}
          >
            <NextIcon size={15} />
          </ActionIcon>
          <ActionIcon
            variant="subtle"
            color="gray"
            aria-label={t('editor.removeValue', { value: row.erp })}
            onClick={props.remove}
          >
            <span aria-hidden="true">✕</span>
          </ActionIcon>
        </Group>
      </Table.Td>
    </Table.Tr>
  )
}

function OurValue(props: {
  row: TypedPair
  number: number
  kind: Kind
  error: string | undefined
  put: (part: Partial<TypedPair>) => void
}) {
  const { t } = useWords()
  const { row, number, kind, error, put } = props
  if (kind === 'truth')
    return (
      <NativeSelect
        size="xs"
        aria-label={t('values.ours', { number })}
        value={row.ours === 'true' || row.ours === 'false' ? row.ours : ''}
        error={error}
        onChange={(event) => put({ ours: event.currentTarget.value })}
        data={[
          { value: '', label: t('editor.nothing') },
          { value: 'true', label: t('value.yes') },
          { value: 'false', label: t('value.no') },
        ]}
      />
    )
  return (
    <TextInput
      size="xs"
      aria-label={t('values.ours', { number })}
      placeholder={t('editor.nothing')}
      inputMode={kind === 'number' ? 'decimal' : 'text'}
      value={row.ours}
      error={error}
      onChange={(event) => put({ ours: event.currentTarget.value })}
    />
  )
}
