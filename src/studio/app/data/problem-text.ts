import type { FieldProblem } from '../../wire-data.ts'
import type { MessageKey, Translate } from '../lib/messages.tsx'
import en from '../messages/en.json'

/** What is wrong with a value, in the reader's language. Sentences that a customizer wrote (patterns) are shown as they are. */
export function problemText(problem: FieldProblem, label: string, t: Translate): string {
  const key = `problem.${problem.code}`
  if (problem.code === 'pattern' || !(key in en)) return problem.message
  return t(key as MessageKey, { label, max: '', min: '', ...problem.values })
}
