import { Stack } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useWords } from '../lib/messages.tsx'
import { Empty, Loaded } from '../parts/states.tsx'
import { CopyErrors } from './copy-errors.tsx'
import { CopyOutcomes } from './copy-outcomes.tsx'
import { CopyParts } from './copy-parts.tsx'
import { copiesQuery } from './queries.ts'
import type { TabProps } from './tab-props.ts'

/** The first copy of all rows: how far it is, what became of each row, and what to do about those that failed. */
export function CopyTab(props: TabProps) {
  const { t } = useWords()
  const { name, status } = props
  const parts = useQuery(copiesQuery(name, status.state === 'initializing'))
  return (
    <Loaded query={parts}>
      {(shown) =>
        shown.length === 0 ? (
          <Empty title={t('copy.none')} text={t('copy.noneText')} />
        ) : (
          <Stack gap="xl">
            <CopyParts parts={shown} />
            <CopyErrors
              map={name}
              showRows={(code) => {
                props.go({ kind: 'failed', code, after: '' }, false)
                document.getElementById('outcomes')?.scrollIntoView()
              }}
            />
            <CopyOutcomes {...props} />
          </Stack>
        )
      }
    </Loaded>
  )
}
