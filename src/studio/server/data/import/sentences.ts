import { IntlMessageFormat } from 'intl-messageformat'
import { labelOf, type TableDefinition } from '#tables/definition.ts'
import en from '../../../app/messages/en.json' with { type: 'json' }
import fr from '../../../app/messages/fr.json' with { type: 'json' }
import type { FieldProblem } from '../../../wire-data.ts'

const MESSAGES: Readonly<Record<string, Readonly<Record<string, string>>>> = { en, fr }

/** What is wrong with a line, for the file of those that were refused: the sentences that Studio shows. */
export function sentenceOf(table: TableDefinition, problems: readonly FieldProblem[], language: string): string {
  return problems
    .map((one) => {
      const message = MESSAGES[language]?.[`problem.${one.code}`]
      if (message === undefined || one.code === 'pattern') return one.message
      const column = table.columns.get(one.column)
      const label = column === undefined ? one.column : labelOf(column, language)
      return String(new IntlMessageFormat(message, language).format({ label, max: '', min: '', ...one.values }))
    })
    .join(' ')
}
