import { Stack, Text } from '@mantine/core'
import type { Finding } from '#dual-write/facets-control.ts'
import { useWords } from '../../lib/messages.tsx'

/** What is wrong or doubtful, each with its code and what to do. `onGo` leads to the place. */
export function FindingList({ findings, onGo }: { findings: readonly Finding[]; onGo?: (finding: Finding) => void }) {
  const { t } = useWords()
  return (
    <Stack gap={6} component="ul" className="plain-list">
      {findings.map((one) => (
        <li key={`${one.code} ${one.at} ${one.message}`} className={`finding finding-${one.severity}`}>
          <Text size="sm">
            <strong>{t(`editor.${one.severity}`)}</strong> {sentence(one.message)} {sentence(one.remedy)}
          </Text>
          <Text size="xs" c="dimmed">
            {one.code}
            {one.at !== '' && ` · ${one.at}`}
            {one.line !== null && ` · ${t('editor.line', { line: one.line })}`}{' '}
            {onGo !== undefined && one.line !== null && (
              <button type="button" className="text-button" onClick={() => onGo(one)}>
                {t('editor.show')}
              </button>
            )}
          </Text>
        </li>
      ))}
    </Stack>
  )
}

export function sentence(text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`
}
