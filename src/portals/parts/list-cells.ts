import { type ColumnDefinition, getColumn, labelOf } from '#tables/definition.ts'
import { isFileColumn } from '#tables/files.ts'
import type { PageContext } from '../component.ts'
import type { ListColumn, ListDefinition } from '../site/list-views.ts'

/** What a column of a list is called, and its values as words, on the page and in its files alike. */

export function columnLabel(context: PageContext, { label }: ListColumn): string {
  return typeof label === 'string' ? context.text(label) : labelOf(label, context.language)
}

export function isFile(context: PageContext, list: ListDefinition, { column, shown }: ListColumn): boolean {
  const found = shown?.column ?? context.catalog.get(list.table).columns.get(column)
  return found !== undefined && isFileColumn(found)
}

/** A choice shows its text: of a view the table's own, otherwise the site's under choice.<table>.<column>.<member>. */
export function valueText(
  context: PageContext,
  list: ListDefinition,
  { column: path, shown }: ListColumn,
  value: string | number | boolean,
): string {
  if (shown !== undefined) return ownText(context, shown.column, value)
  if (path.includes('.') || typeof value !== 'number') return String(value)
  const member = memberOf(getColumn(context.catalog.get(list.table), path), value)
  return member === undefined ? String(value) : context.text(`choice.${list.table}.${path}.${member}`)
}

function ownText(context: PageContext, column: ColumnDefinition, value: string | number | boolean): string {
  if (typeof value === 'boolean') return context.text(value ? 'list.yes' : 'list.no')
  const optionText = (option: number) =>
    labelOf({ labels: column.optionLabels.get(option) ?? {}, name: memberOf(column, option) ?? String(option) }, context.language)
  if (column.type === 'choices')
    return String(value)
      .split(',')
      .map((one) => optionText(Number(one)))
      .join(', ')
  return typeof value === 'number' ? optionText(value) : String(value)
}

function memberOf(column: ColumnDefinition, value: number): string | undefined {
  return [...column.options].find(([, option]) => option === value)?.[0]
}
