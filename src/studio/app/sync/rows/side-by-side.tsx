import { Table } from '@mantine/core'
import { useWords } from '../../lib/messages.tsx'
import { useSaid } from '../../lib/said.ts'

export type Compared = {
  column: string
  field?: string
  portal: string | null
  erp: string | null
  /** Undefined where nothing was ever agreed on. */
  agreed?: string | null
  note?: string | null
}

/** Columns of both sides beside each other; those that differ say so in a word, too. */
export function SideBySide({ label, columns }: { label: string; columns: readonly Compared[] }) {
  const { t } = useWords()
  const said = useSaid()
  const withAgreed = columns.some((one) => one.agreed !== undefined)
  const withNote = columns.some((one) => (one.note ?? null) !== null)
  return (
    <Table.ScrollContainer minWidth={withAgreed ? 620 : 460} scrollAreaProps={{ viewportProps: { tabIndex: 0 } }}>
      <Table verticalSpacing={5} aria-label={label}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>{t('sides.column')}</Table.Th>
            <Table.Th>{t('flow.portal')}</Table.Th>
            <Table.Th>{t('flow.erp')}</Table.Th>
            {withAgreed && <Table.Th>{t('sides.agreed')}</Table.Th>}
            {withNote && <Table.Th>{t('sides.note')}</Table.Th>}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {columns.map((one) => (
            <Table.Tr key={`${one.column} ${one.field ?? ''}`}>
              <Table.Td>
                <span className="mono">{one.column}</span>
                {one.field !== undefined && one.field !== '' && <div className="mono small when">{one.field}</div>}
              </Table.Td>
              <Table.Td>
                <Value text={one.portal} differs={one.portal !== one.erp} />
              </Table.Td>
              <Table.Td>
                <Value text={one.erp} differs={one.portal !== one.erp} />
              </Table.Td>
              {withAgreed && (
                <Table.Td>
                  <Value text={one.agreed ?? null} differs={false} />
                </Table.Td>
              )}
              {withNote && <Table.Td className="small">{said(one.note ?? '')}</Table.Td>}
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  )
}

/** What differs stands bold, so that colour is not all that tells it. */
function Value({ text, differs }: { text: string | null; differs: boolean }) {
  if (text === null || text === '') return <span className="when">–</span>
  return differs ? <strong className="wrap-anywhere">{text}</strong> : <span className="wrap-anywhere">{text}</span>
}
