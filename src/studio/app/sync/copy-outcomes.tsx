import { Button, Group, Select, Stack, Table, Text, Title } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import type { CopyOutcome, CopyOutcomeKind } from '#dual-write/facets-control.ts'
import { useWords } from '../lib/messages.tsx'
import { useSaid } from '../lib/said.ts'
import { Loaded } from '../parts/states.tsx'
import { CompanyName } from './copy-parts.tsx'
import { DirectionText } from './direction.tsx'
import { ENGINE_ROOT, mapPath } from './engine-api.ts'
import { copyOutcomesQuery } from './queries.ts'
import type { TabProps } from './tab-props.ts'

const KINDS = ['created', 'updated', 'unchanged', 'excluded', 'ignored', 'failed'] as const

/** What became of each row, in pages, and as a file. */
export function CopyOutcomes({ name, address, go }: TabProps) {
  const { t } = useWords()
  const kind = KINDS.find((one) => one === address.kind)
  const { code, after } = address
  const outcomes = useQuery(
    copyOutcomesQuery(name, {
      ...(kind !== undefined && { kind }),
      ...(code !== undefined && { code }),
      ...(after !== undefined && { after }),
    }),
  )
  return (
    <section aria-labelledby="outcomes">
      <Title order={2} size="h4" id="outcomes" mb="sm">
        {t('copy.outcomes')}
      </Title>
      <Group mb="sm" align="flex-end">
        <Select
          label={t('copy.kind')}
          placeholder={t('copy.anyKind')}
          clearable
          clearButtonProps={{ 'aria-label': t('action.clear') }}
          value={kind ?? null}
          onChange={(value) => go({ kind: value ?? '', code: '', after: '' })}
          data={KINDS.map((value) => ({ value, label: t(`outcome.${value}`) }))}
        />
        {code !== undefined && (
          <Button variant="default" onClick={() => go({ code: '', after: '' })}>
            {t('copy.onlyCode', { code })} ×
          </Button>
        )}
        <Button component="a" variant="default" href={fileOf(name, kind, code)} download>
          {t('copy.file')}
        </Button>
      </Group>
      <Loaded query={outcomes}>
        {({ rows, next }) => (
          <Stack gap="xs" aria-busy={outcomes.isFetching}>
            {rows.length === 0 ? <Text c="dimmed">{t('copy.noOutcomes')}</Text> : <Outcomes rows={rows} />}
            <Group gap="xs">
              {after !== undefined && (
                <Button variant="default" size="xs" onClick={() => go({ after: '' }, false)}>
                  {t('list.first')}
                </Button>
              )}
              {next !== null && (
                <Button variant="default" size="xs" onClick={() => go({ after: next }, false)}>
                  {t('list.next')}
                </Button>
              )}
            </Group>
          </Stack>
        )}
      </Loaded>
    </section>
  )
}

function fileOf(map: string, kind: CopyOutcomeKind | undefined, code: string | undefined): string {
  const parameters = new URLSearchParams({ ...(kind !== undefined && { kind }), ...(code !== undefined && { code }) })
  return `${ENGINE_ROOT}${mapPath(map, '/copy-outcomes.csv')}?${parameters}`
}

function Outcomes({ rows }: { rows: CopyOutcome[] }) {
  const { t, dateTime } = useWords()
  const said = useSaid()
  return (
    <Table.ScrollContainer minWidth={720} scrollAreaProps={{ viewportProps: { tabIndex: 0 } }}>
      <Table verticalSpacing={4} fz="sm" highlightOnHover>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>{t('copy.key')}</Table.Th>
            <Table.Th>{t('copy.company')}</Table.Th>
            <Table.Th>{t('map.direction')}</Table.Th>
            <Table.Th>{t('copy.kind')}</Table.Th>
            <Table.Th>{t('map.failureReason')}</Table.Th>
            <Table.Th>{t('copy.at')}</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {rows.map((row) => (
            <Table.Tr key={`${row.direction} ${row.company} ${row.key}`}>
              <Table.Td className="mono">{row.key}</Table.Td>
              <Table.Td>
                <CompanyName company={row.company} />
              </Table.Td>
              <Table.Td>
                <DirectionText direction={row.direction} />
              </Table.Td>
              <Table.Td className={row.kind === 'failed' ? 'bad' : undefined}>{t(`outcome.${row.kind}`)}</Table.Td>
              <Table.Td className="wrap-anywhere">
                {said(row.reason ?? '')} {row.code !== null && <span className="mono small">{row.code}</span>}
              </Table.Td>
              <Table.Td>{dateTime(row.at)}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  )
}
