import { Alert, Text } from '@mantine/core'
import { useWords } from '../../lib/messages.tsx'
import { useSaid } from '../../lib/said.ts'

/** What a deed left as it was, each with the reason. */
export function RefusedAlert({ refused }: { refused: readonly { key: string; reason: string }[] }) {
  const { t } = useWords()
  const said = useSaid()
  if (refused.length === 0) return null
  return (
    <Alert color="orange" role="alert" title={t('diff.refused', { count: refused.length })}>
      {refused.map((one) => (
        <Text size="sm" key={one.key} className="wrap-anywhere">
          {one.key}: {said(one.reason)}
        </Text>
      ))}
    </Alert>
  )
}
