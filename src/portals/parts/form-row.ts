import { AppError } from '#lib/app-error.ts'
import type { TableDefinition } from '#tables/definition.ts'
import type { QueryRow } from '#tables/row-query.ts'
import { findRow, type RowId } from '#tables/rows.queries.ts'
import type { PageContext } from '../component.ts'
import type { FormDefinition } from '../site/schemas.ts'

/** What a refused form hands back to its page: what was typed, what is wrong with each field, and what with the whole. */
export type FormState = {
  form: string
  values: Readonly<Record<string, string>>
  errors: Readonly<Record<string, string>>
  notice?: string
}

export function stateOf(context: PageContext, name: string): FormState | undefined {
  return context.state.form === name ? (context.state as FormState) : undefined
}

/** The row that a form is about, if the visitor may read it. Throws AppError `request.sign_in_required` where it takes a person. */
export async function findFormRow(
  context: PageContext,
  form: FormDefinition,
  table: TableDefinition,
): Promise<QueryRow | undefined> {
  const { visitor, permissions, tx, catalog } = context
  const id: RowId | undefined =
    form.row === 'own-contact' ? (visitor.kind === 'contact' ? visitor.contactId : undefined) : context.params[form.row.parameter]
  if (id === undefined) throw new AppError('request.sign_in_required', context.text('form.signInRequired'))
  return /^[0-9a-f-]{36}$/i.test(id)
    ? await findRow(
        tx,
        catalog,
        {
          table,
          columns: [...form.columns.map((field) => field.column), 'versionnumber'],
          predicate: permissions.predicate(visitor, form.table, 'read'),
          reach: permissions.reach(visitor),
        },
        id,
      )
    : undefined
}

export function notThere(): AppError {
  return new AppError('request.not_found', 'There is no such row for this visitor')
}
