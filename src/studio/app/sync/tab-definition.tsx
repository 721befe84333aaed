import { Code, Group, Stack, Table, Text, Title } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import type { ColumnMapping, MapDetail, Transform } from '../../wire.ts'
import { mapQuery } from '../lib/api.ts'
import { useWords } from '../lib/messages.tsx'
import { Loaded } from '../parts/states.tsx'
import type { TabProps } from './map-page.tsx'

/** The columns of a map beside the fields of the other side. */
export function DefinitionTab({ name }: TabProps) {
  return <Loaded query={useQuery(mapQuery(name))}>{(map) => <Columns map={map} />}</Loaded>
}

function Columns({ map }: { map: MapDetail }) {
  const { t } = useWords()
  return (
    <section aria-labelledby="columns">
      <Title order={2} size="h4" id="columns" mb="sm">
        {t('map.columns', { count: map.columns.length })}
      </Title>
      {(map.filters.portal !== null || map.filters.erp !== null) && (
        <Stack gap={4} mb="sm">
          {map.filters.portal !== null && <Filter label={t('map.filterPortal')} text={map.filters.portal} />}
          {map.filters.erp !== null && <Filter label={t('map.filterErp')} text={map.filters.erp} />}
        </Stack>
      )}
      <Table.ScrollContainer minWidth={560}>
        <Table verticalSpacing="xs" highlightOnHover>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>{t('map.column', { table: map.status.table })}</Table.Th>
              <Table.Th>{t('map.direction')}</Table.Th>
              <Table.Th>{t('map.field', { entity: map.status.entity })}</Table.Th>
              <Table.Th>{t('map.transform')}</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {map.columns.map((column) => (
              <ColumnRow key={`${column.column} ${column.field}`} column={column} />
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
    </section>
  )
}

const ARROWS: Readonly<Record<ColumnMapping['direction'], string>> = {
  both: '⇄',
  toErp: '→',
  toPortal: '←',
}

function ColumnRow({ column }: { column: ColumnMapping }) {
  const { t } = useWords()
  return (
    <Table.Tr>
      <Table.Td>
        <Group gap={6}>
          <span className="mono">{column.column}</span>
          {column.isKey && (
            <Text span size="xs" c="dimmed">
              {t('map.key')}
            </Text>
          )}
        </Group>
      </Table.Td>
      <Table.Td>
        <span aria-hidden="true" className="arrow">
          {ARROWS[column.direction]}
        </span>{' '}
        <Text span size="xs" c="dimmed">
          {t(`direction.${column.direction}`)}
        </Text>
      </Table.Td>
      <Table.Td>
        <span className="mono">{column.field}</span>
      </Table.Td>
      <Table.Td>
        {column.transforms.map((transform) => (
          <TransformText key={JSON.stringify(transform)} transform={transform} />
        ))}
      </Table.Td>
    </Table.Tr>
  )
}

function TransformText({ transform }: { transform: Transform }) {
  const { t } = useWords()
  switch (transform.kind) {
    case 'values':
      return (
        <details>
          <summary>{t('transform.values', { count: transform.pairs.length })}</summary>
          {transform.pairs.map(([ours, theirs]) => (
            <div key={`${ours} ${theirs}`} className="mono small">
              {ours} = {theirs}
            </div>
          ))}
        </details>
      )
    case 'constant':
      return <Text size="sm">{t('transform.constant', { value: transform.value })}</Text>
    case 'lookup':
    case 'fillFrom':
      return <Text size="sm">{t(`transform.${transform.kind}`, { path: transform.path })}</Text>
    case 'lowerCase':
      return <Text size="sm">{t('transform.lowerCase')}</Text>
    default:
      return transform satisfies never
  }
}

function Filter({ label, text }: { label: string; text: string }) {
  return (
    <Text size="sm">
      {label} <Code>{text}</Code>
    </Text>
  )
}
