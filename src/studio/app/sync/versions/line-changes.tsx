import { useMemo } from 'react'
import { diffLines } from '../../../line-diff.ts'
import { useWords } from '../../lib/messages.tsx'
import { FileChanges } from '../../security/file-changes.tsx'

/** The two texts line by line; comments and layout are there, too. */
export function LineChanges({ before, after }: { before: string; after: string }) {
  const { t } = useWords()
  const lines = useMemo(() => diffLines(before, after), [before, after])
  if (before === after) return null
  return <FileChanges files={[{ path: t('versions.text'), kind: 'changed', lines: lines ?? null }]} />
}
