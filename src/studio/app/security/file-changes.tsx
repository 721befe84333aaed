import { Text } from '@mantine/core'
import type { FileChange } from '../../wire-security.ts'
import { useWords } from '../lib/messages.tsx'

const CONTEXT_LINES = 3
const MARKS = { same: ' ', added: '+', deleted: '−' } as const

/** The files that differ, with their lines; what stays the same is left out but for a few lines around. */
export function FileChanges({ files }: { files: FileChange[] }) {
  const { t } = useWords()
  if (files.length === 0)
    return (
      <Text size="sm" c="dimmed">
        {t('releases.noFiles')}
      </Text>
    )
  return files.map((file) => (
    <details key={file.path} open={files.length === 1}>
      <summary>
        <span className="mono">{file.path}</span> {t(`releases.${file.kind}`)}
      </summary>
      {file.lines === null ? (
        <Text size="sm" c="dimmed">
          {t('releases.binary')}
        </Text>
      ) : (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls can be reached by keyboard
        <pre className="diff" tabIndex={0}>
          {nearChanges(file.lines).map(({ at, kind, text }) => (
            <span key={at} className={`diff-${kind}`}>
              {`${MARKS[kind]} ${text}\n`}
            </span>
          ))}
        </pre>
      )}
    </details>
  ))
}

function nearChanges(lines: NonNullable<FileChange['lines']>) {
  const numbered = lines.map((line, at) => ({ ...line, at }))
  const changed = numbered.filter((line) => line.kind !== 'same').map((line) => line.at)
  const near = new Set(changed.flatMap((at) => Array.from({ length: 2 * CONTEXT_LINES + 1 }, (_, i) => at - CONTEXT_LINES + i)))
  return numbered.filter((line) => near.has(line.at))
}
