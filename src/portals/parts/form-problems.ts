import type { TableDefinition } from '#tables/definition.ts'
import type { ProblemCode, ValueProblem } from '#tables/validate.ts'
import type { PageContext } from '../component.ts'
import { sizeText } from './file-links.ts'

const TEXTS: Readonly<Partial<Record<ProblemCode, string>>> = {
  required: 'form.required',
  characters: 'form.characters',
  too_long: 'form.tooLong',
  too_small: 'form.tooSmall',
  too_large: 'form.tooLarge',
  scale: 'form.scale',
  option: 'form.choice',
  duplicate: 'form.duplicate',
  reference: 'form.reference',
  file_type: 'form.fileType',
  file_empty: 'form.fileEmpty',
}

/** What is wrong with a value, in the reader's language and by the field's own label. */
export function textOfProblem(
  context: PageContext,
  table: TableDefinition,
  problem: ValueProblem,
  labels: ReadonlyMap<string, string>,
): string {
  const label = labels.get(problem.column) ?? problem.column
  const column = table.columns.get(problem.column)
  // The sentence that belongs to a pattern is written with it.
  if (problem.code === 'pattern') return column?.pattern?.message ?? context.text('form.pattern', { label })
  if (problem.code === 'type') return context.text(textOfType(column?.type), { label })
  if (problem.code === 'file_size')
    return context.text('form.fileSize', { label, size: sizeText(context, Number(problem.values.max) * 1024) })
  return context.text(TEXTS[problem.code] ?? 'form.value', { label, ...problem.values })
}

function textOfType(type: string | undefined): string {
  switch (type) {
    case 'integer':
    case 'bigint':
    case 'decimal':
    case 'money':
      return 'form.number'
    case 'date':
    case 'datetime':
      return 'form.date'
    case 'choice':
    case 'choices':
      return 'form.choice'
    default:
      return 'form.value'
  }
}
