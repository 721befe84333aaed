import { Progress, Table, Text } from '@mantine/core'
import type { CopyPart } from '#dual-write/facets-control.ts'
import { useWords } from '../lib/messages.tsx'
import { DirectionText } from './direction.tsx'

/** How far each legal entity is, in each direction. */
export function CopyParts({ parts }: { parts: CopyPart[] }) {
  const { t } = useWords()
  return (
    <Table.ScrollContainer minWidth={760} scrollAreaProps={{ viewportProps: { tabIndex: 0 } }}>
      <Table verticalSpacing="xs">
        <Table.Thead>
          <Table.Tr>
            <Table.Th>{t('copy.company')}</Table.Th>
            <Table.Th>{t('map.direction')}</Table.Th>
            <Table.Th>{t('copy.progress')}</Table.Th>
            <Table.Th className="number">{t('outcome.created')}</Table.Th>
            <Table.Th className="number">{t('outcome.updated')}</Table.Th>
            <Table.Th className="number">{t('outcome.unchanged')}</Table.Th>
            <Table.Th className="number">{t('outcome.failed')}</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {parts.map((part) => (
            <PartRow key={`${part.company} ${part.direction}`} part={part} />
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  )
}

function PartRow({ part }: { part: CopyPart }) {
  const { number } = useWords()
  return (
    <Table.Tr>
      <Table.Td>
        <CompanyName company={part.company} />
      </Table.Td>
      <Table.Td>
        <DirectionText direction={part.direction} />
      </Table.Td>
      <Table.Td>
        <PartProgress part={part} />
      </Table.Td>
      <Table.Td className="number">{number(part.created)}</Table.Td>
      <Table.Td className="number">{number(part.updated)}</Table.Td>
      <Table.Td className="number">{number(part.unchanged)}</Table.Td>
      <Table.Td className={part.failed > 0 ? 'number bad' : 'number'}>{number(part.failed)}</Table.Td>
    </Table.Tr>
  )
}

export function CompanyName({ company }: { company: string }) {
  const { t } = useWords()
  return company === '' ? <Text size="sm">{t('copy.allCompanies')}</Text> : <span className="mono">{company}</span>
}

function PartProgress({ part }: { part: CopyPart }) {
  const { t, number, duration } = useWords()
  const isDone = part.state === 'done'
  const percent = isDone ? 100 : part.rowsTotal ? Math.min(100, (part.rowsDone / part.rowsTotal) * 100) : 0
  const rows =
    part.rowsTotal === null || isDone
      ? t('initialSync.rows', { done: number(part.rowsDone) })
      : t('initialSync.rowsOf', { done: number(part.rowsDone), total: number(part.rowsTotal) })
  const more = [
    t(`copy.state.${part.state}`),
    rows,
    part.rowsPerSecond !== null && t('initialSync.rate', { rate: number(part.rowsPerSecond) }),
    part.msLeft !== null && t('initialSync.left', { time: duration(part.msLeft) }),
  ]
  return (
    <>
      <Progress value={percent} aria-label={t('copy.progressOf', { company: part.company })} color={isDone ? 'teal' : 'brand'} />
      <Text size="xs" c="dimmed" mt={2}>
        {more.filter(Boolean).join(' · ')}
      </Text>
    </>
  )
}
