import { Alert, Stack, Table, Text } from '@mantine/core'
import type { Losses } from '#dual-write/facets-control.ts'
import { useWords } from '../../lib/messages.tsx'
import { TextLink } from '../../parts/link.tsx'
import { DirectionText } from '../direction.tsx'

/** What would be given up: how much in each direction, and the first of it by name. */
export function LossList({ map, losses }: { map: string; losses: Losses }) {
  const { t, named } = useWords()
  const total = losses.toErp + losses.toPortal
  if (total === 0)
    return (
      <Alert color="teal" title={t('losses.none')}>
        {t('losses.noneText')}
      </Alert>
    )
  return (
    <Alert color="red" title={t('losses.title', { count: total })}>
      <Stack gap="xs">
        <Text size="sm">{t('losses.counts', { toErp: losses.toErp, toPortal: losses.toPortal })}</Text>
        <Table.ScrollContainer minWidth={320} scrollAreaProps={{ viewportProps: { tabIndex: 0 } }}>
          <Table verticalSpacing={4} fz="sm">
            <Table.Thead>
              <Table.Tr>
                <Table.Th>{t('losses.direction')}</Table.Th>
                <Table.Th>{t('losses.row')}</Table.Th>
                <Table.Th>{t('losses.change')}</Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {losses.samples.map((sample) => (
                <Table.Tr key={`${sample.direction} ${sample.key} ${sample.operation}`}>
                  <Table.Td>
                    <DirectionText direction={sample.direction} />
                  </Table.Td>
                  <Table.Td>
                    <TextLink
                      to="/sync/explain"
                      search={sample.direction === 'toErp' ? { map, row: sample.key } : { map, key: sample.key }}
                      size="sm"
                      className="wrap-anywhere"
                    >
                      {sample.remoteKey ?? t('losses.newRow', { id: sample.key })}
                    </TextLink>
                  </Table.Td>
                  <Table.Td>
                    {sample.operation === 'read' ? t('losses.read') : named('operation', sample.operation)}
                    {sample.columns.length > 0 && <span className="mono"> {sample.columns.join(', ')}</span>}
                  </Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </Table.ScrollContainer>
        {total > losses.samples.length && <Text size="sm">{t('losses.more', { count: total - losses.samples.length })}</Text>}
      </Stack>
    </Alert>
  )
}
