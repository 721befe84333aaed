import { Button, Checkbox, Group, Paper, Stack, Text, Title } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import type { Difference } from '#dual-write/facets-rows.ts'
import { saveCsv } from '../../lib/csv.ts'
import { useWords } from '../../lib/messages.tsx'
import { useSaid } from '../../lib/said.ts'
import { Tag } from '../../parts/badges.tsx'
import { Confirm, type Question } from '../../parts/confirm.tsx'
import { TextLink } from '../../parts/link.tsx'
import { Empty, Loaded } from '../../parts/states.tsx'
import { askEngine, mapPath } from '../engine-api.ts'
import { useRowNames } from '../names.ts'
import { DIFFERENCES_MAX, differencesQuery } from '../queries.ts'
import { deed } from './deeds.ts'
import { RefusedAlert } from './refused.tsx'
import { SideBySide } from './side-by-side.tsx'
import { useSelection } from './use-selection.ts'

type Refused = { key: string; reason: string }
type Repaired = { repaired: number; refused: Refused[] }
type Props = { map: string; company: string; after: string | undefined; turn: (after: string) => void }

/** Rows of one map and legal entity that differ, column by column, and which side shall be changed. */
export function DifferenceList(props: Props) {
  const { t } = useWords()
  const company = props.company === '' ? undefined : props.company
  const query = useQuery(differencesQuery(props.map, company, props.after))
  return (
    <section aria-labelledby="differing">
      <Title order={2} size="h4" id="differing" mb="sm">
        {t('diff.list')}
      </Title>
      <Loaded query={query}>
        {(found) => {
          const shown = found.filter((one) => one.company === props.company)
          return shown.length === 0 ? (
            <Empty title={t('diff.allEqual')} text={t('diff.listEmpty')} />
          ) : (
            <List {...props} shown={shown} isMore={found.length === DIFFERENCES_MAX} />
          )
        }}
      </Loaded>
    </section>
  )
}

function List({ map, after, turn, shown, isMore }: Props & { shown: Difference[]; isMore: boolean }) {
  const { t } = useWords()
  const nameOf = useRowNames(shown)
  const [question, ask] = useState<Question>()
  const [refused, setRefused] = useState<Refused[]>([])
  const selection = useSelection(shown.map((one) => one.key))
  const { chosen } = selection
  const [isBeyond, setBeyond] = useState(false)
  // What is not shown is only meant where all that is shown is.
  const isAll = isBeyond && isMore && chosen.length === shown.length
  const repair = (to: 'erp' | 'portal') =>
    ask({
      title: isAll ? t('diff.allTitle') : t(to === 'erp' ? 'diff.toErpTitle' : 'diff.toPortalTitle', { count: chosen.length }),
      text: t(to === 'erp' ? 'diff.toErpText' : 'diff.toPortalText'),
      deed: t('diff.repair'),
      danger: true,
      act: async () => {
        const done = await deed(
          t,
          () => askEngine<Repaired>('POST', mapPath(map, '/repairs'), { keys: isAll ? 'all' : chosen, to }),
          ({ repaired }) => t('diff.repaired', { count: repaired }),
        )
        setRefused(done?.refused ?? [])
        selection.clear()
      },
    })
  return (
    <Stack>
      <Group justify="space-between">
        <Checkbox
          label={t('wait.selectAll')}
          checked={chosen.length === shown.length}
          indeterminate={chosen.length > 0 && chosen.length < shown.length}
          onChange={(event) => selection.tickAll(event.currentTarget.checked)}
        />
        <Group gap="xs">
          <Button size="xs" variant="subtle" onClick={() => saveCsv(`differences-${map}`, asTable(shown))}>
            {t('copy.file')}
          </Button>
          <Button size="xs" variant="default" disabled={chosen.length === 0} onClick={() => repair('portal')}>
            {isAll ? t('diff.allPortal') : t('diff.changePortal', { count: chosen.length })}
          </Button>
          <Button size="xs" variant="default" disabled={chosen.length === 0} onClick={() => repair('erp')}>
            {isAll ? t('diff.allErp') : t('diff.changeErp', { count: chosen.length })}
          </Button>
        </Group>
      </Group>
      {isMore && chosen.length === shown.length && (
        <Checkbox label={t('diff.beyond')} checked={isBeyond} onChange={(event) => setBeyond(event.currentTarget.checked)} />
      )}
      <RefusedAlert refused={refused} />
      <Stack component="ul" gap="sm" className="plain-list">
        {shown.map((one) => (
          <Card
            key={one.key}
            difference={one}
            name={nameOf(one.rowId)}
            isSelected={selection.has(one.key)}
            select={(on) => selection.tick(one.key, on)}
          />
        ))}
      </Stack>
      <Pager after={after} next={isMore ? shown.at(-1)?.key : undefined} turn={turn} />
      <Confirm question={question} close={() => ask(undefined)} />
    </Stack>
  )
}

function Pager({ after, next, turn }: Pick<Props, 'after' | 'turn'> & { next: string | undefined }) {
  const { t } = useWords()
  return (
    <Group gap="xs">
      {after !== undefined && (
        <Button variant="default" size="xs" onClick={() => turn('')}>
          {t('list.first')}
        </Button>
      )}
      {next !== undefined && (
        <Button variant="default" size="xs" onClick={() => turn(next)}>
          {t('list.next')}
        </Button>
      )}
    </Group>
  )
}

/** A line for each column that differs; one for a row that only one side has. Names do not change with the language. */
function asTable(differences: readonly Difference[]): (string | null)[][] {
  const heads = ['map', 'company', 'record', 'row', 'kind', 'column', 'field', 'portal', 'erp', 'agreed', 'explanation']
  const lines = differences.flatMap(({ map, company, key, rowId, kind, columns, explanation }) => {
    const about = [map, company, key, rowId, kind]
    if (columns.length === 0) return [[...about, null, null, null, null, null, explanation]]
    return columns.map((one) => [...about, one.column, one.field, one.portal, one.erp, one.agreed, explanation])
  })
  return [heads, ...lines]
}

function Card({
  difference,
  name,
  isSelected,
  select,
}: {
  difference: Difference
  name: string | undefined
  isSelected: boolean
  select: (on: boolean) => void
}) {
  const { t } = useWords()
  const said = useSaid()
  const { key, map, rowId, kind, columns, explanation } = difference
  return (
    <Paper component="li" withBorder p="md">
      <Group gap="sm" mb="xs">
        <Checkbox
          checked={isSelected}
          onChange={(event) => select(event.currentTarget.checked)}
          aria-label={t('parked.select', { name: key })}
        />
        <Text fw={600} size="sm" className="wrap-anywhere">
          {name ?? key}
        </Text>
        {name !== undefined && <span className="mono small when">{key}</span>}
        <Tag color={kind === 'columns' ? 'yellow' : 'orange'}>{t(`diff.kind.${kind}`)}</Tag>
        <TextLink to="/sync/explain" search={rowId === null ? { map, key } : { map, row: rowId }} size="sm">
          {t('way.why')}
        </TextLink>
      </Group>
      {explanation !== null && (
        <Text size="sm" c="dimmed" mb="xs">
          {said(explanation)}
        </Text>
      )}
      {columns.length > 0 && <SideBySide label={t('sides.of', { name: key })} columns={columns} />}
    </Paper>
  )
}
