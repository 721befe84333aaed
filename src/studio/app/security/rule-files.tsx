import { Select, Stack, Text, Textarea } from '@mantine/core'
import { useRef, useState } from 'react'
import type { DraftProblem, RulesView } from '../../wire-security.ts'
import { useWords } from '../lib/messages.tsx'
import { Problems } from './effect.tsx'

/** The files as they will be written: another way to the same draft. */
export function RuleFiles(props: {
  view: RulesView
  texts: Readonly<Record<string, string | null>>
  onText: (path: string, text: string) => void
}) {
  const { t } = useWords()
  const { view } = props
  const [path, setPath] = useState('roles.yaml')
  const area = useRef<HTMLTextAreaElement>(null)
  const published = path === 'roles.yaml' ? view.rolesText : (view.files.find((one) => one.path === path)?.text ?? '')
  const text = props.texts[path] ?? published
  const paths = ['roles.yaml', ...view.files.map((one) => one.path)]
  const open = (problem: DraftProblem) => {
    setPath(problem.file)
    // The text of the other file is there after the next drawing.
    requestAnimationFrame(() => select(area.current, problem))
  }
  return (
    <Stack gap="sm">
      <Text size="sm" c="dimmed">
        {t('rules.filesText')}
      </Text>
      {view.problems.length > 0 && <Problems problems={view.problems} onOpen={open} />}
      <Select
        label={t('rules.file')}
        data={paths.map((value) => ({ value, label: value in props.texts ? `${value} (${t('rules.changedFile')})` : value }))}
        value={path}
        allowDeselect={false}
        searchable
        onChange={(value) => setPath(value ?? 'roles.yaml')}
      />
      <Textarea
        ref={area}
        aria-label={path}
        className="mono-input"
        autosize
        minRows={14}
        maxRows={40}
        spellCheck={false}
        value={text}
        onChange={(event) => props.onText(path, event.currentTarget.value)}
      />
    </Stack>
  )
}

/** Puts the cursor where the problem is. */
function select(area: HTMLTextAreaElement | null, problem: DraftProblem): void {
  if (area === null || problem.line === null) return
  const lines = area.value.split('\n').slice(0, problem.line - 1)
  const at = lines.reduce((sum, line) => sum + line.length + 1, 0) + (problem.column ?? 1) - 1
  area.focus()
  area.setSelectionRange(at, area.value.indexOf('\n', at) === -1 ? area.value.length : area.value.indexOf('\n', at))
}
