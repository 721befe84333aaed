import { Button, FileButton, Group, Input, Progress, Text } from '@mantine/core'
import { useState } from 'react'
import type { CellValue, ColumnInfo, RowDetail, SaveOutcome, TableDetail } from '../../wire-data.ts'
import { API_ROOT, queryClient } from '../lib/api.ts'
import { useWords } from '../lib/messages.tsx'
import { tellDone, tellFailure } from '../parts/states.tsx'
import type { CommonProps } from './field.ts'
import { problemText } from './problem-text.ts'
import { upload } from './upload.ts'
import { bytesText, labelOf } from './values.tsx'

/** The file of a row: kept as soon as it is chosen, in place of the one before. A new row is saved first. */
export function FileInput(props: {
  table: TableDetail
  column: ColumnInfo
  row: RowDetail | undefined
  value: CellValue
  common: CommonProps
  set: (value: CellValue) => void
}) {
  const { table, column, row, value, common, set } = props
  const words = useWords()
  const { t, language } = words
  const [sent, setSent] = useState<number>()
  const [problem, setProblem] = useState<string>()
  const path = row === undefined ? '' : `/tables/${table.name}/rows/${row.id}/files/${column.name}`
  const file = value === null ? undefined : row?.files[column.name]
  const send = async (chosen: File | null) => {
    if (chosen === null) return
    setProblem(undefined)
    if (column.bytesMax !== null && chosen.size > column.bytesMax) {
      setProblem(t('edit.fileTooLarge', { size: bytesText(chosen.size, language), max: bytesText(column.bytesMax, language) }))
      return
    }
    try {
      setSent(0)
      const query = new URLSearchParams({ name: chosen.name, type: chosen.type })
      const outcome = await upload<SaveOutcome>(`${path}?${query}`, chosen, setSent)
      if (outcome.kind === 'invalid')
        setProblem(outcome.problems.map((one) => problemText(one, labelOf(column, language), t)).join(' '))
      else tellDone(t('edit.fileKept', { name: chosen.name }), t)
      await queryClient.invalidateQueries({ queryKey: ['row', table.name, row?.id] })
    } catch (error) {
      tellFailure(error as Error, t)
    } finally {
      setSent(undefined)
    }
  }
  return (
    <Input.Wrapper
      label={common.label}
      description={common.description}
      error={problem ?? common.error}
      withAsterisk={common.withAsterisk}
      labelElement="div"
    >
      <Group gap="xs" mt={4}>
        <Kept file={file} address={`${API_ROOT}${path}`} isNew={row === undefined} />
        {row !== undefined && (
          <FileButton onChange={(chosen) => void send(chosen)} accept={column.accept.join(',')}>
            {(button) => (
              <Button {...button} size="compact-sm" variant="default" loading={sent !== undefined}>
                {t(file === undefined ? 'edit.chooseFile' : 'edit.replaceFile')}
              </Button>
            )}
          </FileButton>
        )}
        {file !== undefined && (
          <Button size="compact-sm" variant="subtle" onClick={() => set(null)}>
            {t('edit.removeFile')}
          </Button>
        )}
      </Group>
      {sent !== undefined && <Progress value={sent * 100} mt="xs" aria-label={t('edit.sending')} />}
    </Input.Wrapper>
  )
}

function Kept(props: { file: RowDetail['files'][string] | undefined; address: string; isNew: boolean }) {
  const { t, language } = useWords()
  if (props.file === undefined)
    return (
      <Text size="sm" c="dimmed">
        {t(props.isNew ? 'edit.fileAfterSaving' : 'edit.noFile')}
      </Text>
    )
  return (
    <Text size="sm">
      <a href={props.address} target="_blank" rel="noreferrer">
        {props.file.name}
      </a>{' '}
      ({bytesText(props.file.bytes, language)})
    </Text>
  )
}
