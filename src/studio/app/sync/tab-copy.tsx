import { useQuery } from '@tanstack/react-query'
import { useWords } from '../lib/messages.tsx'
import { Empty, Loaded } from '../parts/states.tsx'
import { CopyParts } from './copy-parts.tsx'
import type { TabProps } from './map-page.tsx'
import { copiesQuery } from './queries.ts'

/** The first copy of all rows: how far it is, what became of each row, and what to do about those that failed. */
export function CopyTab({ name, status }: TabProps) {
  const { t } = useWords()
  const parts = useQuery(copiesQuery(name, status.state === 'initializing'))
  return (
    <Loaded query={parts}>
      {(shown) => (shown.length === 0 ? <Empty title={t('copy.none')} text={t('copy.noneText')} /> : <CopyParts parts={shown} />)}
    </Loaded>
  )
}
