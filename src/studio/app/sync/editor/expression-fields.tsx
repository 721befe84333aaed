import { Stack, Table, Text, Textarea } from '@mantine/core'
import { useWords } from '../../lib/messages.tsx'
import type { FieldsProps } from './fields.ts'
import { wayOf } from './map-text.ts'

/** Expressions both ways, with the language beside them. */
export function ExpressionFields({ entry, schemas, change }: FieldsProps) {
  const { t } = useWords()
  const way = wayOf(entry.dir)
  return (
    <Stack gap="xs">
      {way !== 'toErp' && (
        <Textarea
          label={t('editor.expressionToPortal')}
          description={t('editor.expressionToPortalHelp')}
          autosize
          classNames={{ input: 'mono' }}
          value={entry.toPortal ?? ''}
          onChange={(event) => change({ ...entry, toPortal: event.currentTarget.value || undefined })}
        />
      )}
      {way !== 'toPortal' && typeof entry.toErp !== 'object' && (
        <Textarea
          label={t('editor.expressionToErp')}
          description={t('editor.expressionToErpHelp')}
          autosize
          classNames={{ input: 'mono' }}
          value={entry.toErp ?? ''}
          onChange={(event) => change({ ...entry, toErp: event.currentTarget.value || undefined })}
        />
      )}
      {way !== 'toPortal' &&
        typeof entry.toErp === 'object' &&
        Object.entries(entry.toErp).map(([field, expression]) => (
          <Textarea
            key={field}
            label={t('editor.expressionFor', { field })}
            autosize
            classNames={{ input: 'mono' }}
            value={expression}
            onChange={(event) => change({ ...entry, toErp: { ...(entry.toErp as object), [field]: event.currentTarget.value } })}
          />
        ))}
      <details>
        <summary>{t('editor.functions')}</summary>
        <Text size="sm" my="xs">
          {t('editor.syntax')}
        </Text>
        <Table verticalSpacing={2}>
          <Table.Tbody>
            {schemas.functions.map((one) => (
              <Table.Tr key={one.signature}>
                <Table.Td className="mono">{one.signature}</Table.Td>
                <Table.Td>{one.about}</Table.Td>
                <Table.Td className="mono">{one.example}</Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </details>
    </Stack>
  )
}
