import { write } from '#access/writing.ts'
import { AppError } from '#lib/app-error.ts'
import { required } from '#lib/assert.ts'
import { attributes, type Html, html } from '#lib/html.ts'
import { getColumn, type TableDefinition } from '#tables/definition.ts'
import type { QueryRow } from '#tables/row-query.ts'
import { validateValues } from '#tables/validate.ts'
import type { Answer, FormValues, PageContext } from '../component.ts'
import type { FormDefinition, SiteSettings } from '../site/schemas.ts'
import { fileFieldPart, filesOfRow } from './file-field.ts'
import { fileFact } from './file-links.ts'
import { textOfProblem } from './form-problems.ts'
import { type FormState, findFormRow, notThere, stateOf } from './form-row.ts'
import { mayReadPath } from './readable.ts'

type Field = FormDefinition['columns'][number]
type Languages = SiteSettings['languages']

const VALUE_CHARACTERS_MAX = 4_000

/** A form of a site (forms/<name>.yaml) on one row the visitor may read; its fields are writable where he may write the row. */
export async function formPart(context: PageContext, name: string, form: FormDefinition, languages: Languages): Promise<Html> {
  const table = context.catalog.get(form.table)
  const row = await findFormRow(context, form, table)
  // A sign-in may have no contact: administrators of the seller often have none.
  if (row === undefined && form.row === 'own-contact') return html`<p class="notice">${context.text('form.noContact')}</p>`
  if (row === undefined) throw notThere()
  const fields = form.columns.filter((field) => mayReadPath(context, form.table, field.column))
  const files = await filesOfRow(context, fields, row)
  if (form.mode === 'read') {
    const facts = fields.map((field) => {
      const value =
        field.input === 'file'
          ? fileFact(context, { table, row, column: field.column }, files)
          : html`${shown(context, field, row, languages)}`
      return html`<div><dt>${context.text(field.label)}</dt><dd>${value}</dd></div>`
    })
    return html`<dl class="facts">${facts}</dl>`
  }
  const state = stateOf(context, name)
  const typed = fields.filter((field) => field.input !== 'file')
  const problems = typed.filter((field) => state?.errors[field.column] !== undefined).length
  const notices = html`${context.query.get('saved') === name ? html`<p class="notice notice-good" role="status">${context.text(form.saved)}</p>` : ''}
    ${state?.notice === undefined ? '' : html`<p class="notice notice-bad" role="alert">${state.notice}</p>`}
    ${problems > 0 ? html`<p class="notice notice-bad" role="alert">${context.text('form.problems', { count: problems })}</p>` : ''}`
  const version = textOf(row.versionnumber)
  const main = html`<form class="stack form" method="post" action="${context.path}" id="form-${name}" novalidate>
    ${notices}
    <input type="hidden" name="_csrf" value="${context.csrfToken}"><input type="hidden" name="_form" value="${name}"><input type="hidden" name="_version" value="${version}">
    ${typed.map((field) => fieldPart(context, name, field, table, state?.values[field.column] ?? textOf(row[field.column]), state?.errors[field.column], languages))}
    <div class="form-actions"><button class="button button-primary" type="submit">${context.text(form.submit)}</button></div>
  </form>`
  // A file travels in a form of its own: nothing else is lost when it is refused.
  const own = fields
    .filter((field) => field.input === 'file')
    .map((field) =>
      fileFieldPart(context, { form: name, field, table, row, version, problem: state?.errors[field.column] }, files),
    )
  return html`${typed.length > 0 ? main : notices}${own}`
}

/**
 * Stores what was posted, or answers with the page, everything that is wrong and everything that was typed. Somebody else's change since
 * the page was opened is no reason to overwrite it: the form says so and can be sent again.
 */
export async function saveForm(
  context: PageContext,
  name: string,
  form: FormDefinition,
  posted: FormValues,
  options: { page: string; languages: Languages },
): Promise<Answer> {
  if (form.mode !== 'edit') throw new AppError('request.forbidden', 'This form is for reading')
  const table = context.catalog.get(form.table)
  const row = await findFormRow(context, form, table)
  if (row === undefined) throw notThere()
  const fields = form.columns.filter(
    (field) => !field.readOnly && field.input !== 'file' && !field.column.includes('.') && posted.names().includes(field.column),
  )
  const values = Object.fromEntries(fields.map((field) => [field.column, posted.text(field.column)]))
  const refuse = (status: number, errors: Record<string, string>, notice?: string): Answer => {
    const state: FormState = { form: name, values, errors, ...(notice === undefined ? {} : { notice }) }
    return { kind: 'page', page: options.page, status, state }
  }
  const removed = form.columns.filter(
    (field) => field.input === 'file' && !field.readOnly && !field.required && field.column === posted.text('_remove'),
  )
  const changed = Object.fromEntries([
    ...fields
      .filter((field) => values[field.column] !== textOf(row[field.column]))
      .map((field) => [field.column, values[field.column]] as const),
    ...removed.map((field) => [field.column, null] as const),
  ])
  const labels = new Map([...fields, ...removed].map((field) => [field.column, context.text(field.label)]))
  const errors: Record<string, string> = {}
  for (const problem of validateValues(table, changed, { mode: 'update' }).problems)
    errors[problem.column] = textOfProblem(context, table, problem, labels)
  // What the form itself asks is said in the words of the site.
  for (const field of fields) {
    const problem = problemOf(context, field, table, values[field.column] ?? '', options.languages)
    if (problem !== undefined) errors[field.column] = problem
  }
  if (Object.keys(errors).length > 0) return refuse(422, errors)
  const version = posted.text('_version')
  const outcome = await write(context, {
    kind: 'update',
    table: table.name,
    target: { id: String(row[table.idColumn]) },
    values: changed,
    ...(/^\d{1,15}$/.test(version) ? { precondition: { ifMatch: Number(version) } } : {}),
  })
  switch (outcome.kind) {
    case 'updated':
      return { kind: 'redirect', to: `${context.path}?saved=${encodeURIComponent(name)}` }
    case 'stale':
      return refuse(409, {}, context.text('form.stale'))
    case 'invalid':
      for (const problem of outcome.problems) errors[problem.column] = textOfProblem(context, table, problem, labels)
      return refuse(422, errors)
    case 'forbidden':
      for (const column of outcome.columns) errors[column] = context.text('form.forbidden')
      if (outcome.columns.length > 0) return refuse(403, errors)
      throw new AppError('request.forbidden', context.text('form.forbidden'))
    default:
      throw notThere()
  }
}

function problemOf(
  context: PageContext,
  field: Field,
  table: TableDefinition,
  value: string,
  languages: Languages,
): string | undefined {
  const label = context.text(field.label)
  if (value === '') return field.required ? context.text('form.required', { label }) : undefined
  const lengthMax = getColumn(table, field.column).length ?? VALUE_CHARACTERS_MAX
  if (value.length > lengthMax) return context.text('form.tooLong', { label, max: lengthMax })
  if (field.input === 'email' && !/^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(value)) return context.text('form.email', { label })
  if (field.input === 'date' && Number.isNaN(Date.parse(`${value}T00:00:00Z`))) return context.text('form.date', { label })
  if (field.input === 'number' && !/^-?\d+([.]\d+)?$/.test(value)) return context.text('form.number', { label })
  if (field.input === 'select' && !choicesOf(context, field, languages).some(([option]) => option === value))
    return context.text('form.choice', { label })
  if (field.pattern !== undefined && !new RegExp(`^(?:${field.pattern})$`, 'u').test(value))
    return context.text(field.patternMessage ?? 'form.pattern', { label })
  return undefined
}

function fieldPart(
  context: PageContext,
  form: string,
  field: Field,
  table: TableDefinition,
  value: string,
  problem: string | undefined,
  languages: Languages,
): Html {
  const id = `${form}-${field.column}`
  const hint = field.hint === undefined ? undefined : `${id}-hint`
  const error = problem === undefined ? undefined : `${id}-error`
  const common = {
    id,
    name: field.column,
    required: field.required,
    autocomplete: field.autocomplete,
    'aria-invalid': problem === undefined ? undefined : 'true',
    'aria-describedby': [hint, error].filter((one) => one !== undefined).join(' ') || undefined,
  }
  const maxlength = getColumn(table, field.column).length ?? VALUE_CHARACTERS_MAX
  return html`<div class="field">
    <label class="field-label" for="${id}">${context.text(field.label)}${field.required || field.readOnly ? '' : html` <span class="field-optional">${context.text('form.optional')}</span>`}</label>
    ${hint === undefined ? '' : html`<p class="field-hint" id="${hint}">${context.text(field.hint ?? '')}</p>`}
    ${control(context, field, common, value, maxlength, languages)}
    ${error === undefined ? '' : html`<p class="field-error" id="${error}">${problem}</p>`}
  </div>`
}

function control(
  context: PageContext,
  field: Field,
  common: Readonly<Record<string, string | boolean | undefined>>,
  value: string,
  maxlength: number,
  languages: Languages,
): Html {
  if (field.input === 'select') {
    const options = choicesOf(context, field, languages).map(
      ([option, label]) => html`<option${attributes({ value: option, selected: option === value })}>${label}</option>`,
    )
    return html`<select class="select"${attributes({ ...common, disabled: field.readOnly })}>${field.required ? '' : html`<option value=""></option>`}${options}</select>`
  }
  if (field.input === 'multiline')
    return html`<textarea class="input" rows="4"${attributes({ ...common, maxlength, readonly: field.readOnly })}>${value}</textarea>`
  const type = field.input === 'number' ? 'text' : field.input
  const inputmode = field.input === 'number' ? 'decimal' : undefined
  return html`<input class="input"${attributes({ ...common, type, inputmode, value, maxlength: type === 'date' ? undefined : maxlength, readonly: field.readOnly })}>`
}

function choicesOf(context: PageContext, field: Field, languages: Languages): (readonly [string, string])[] {
  if (field.source === 'languages') return languages.map((one) => [one.code, one.name])
  return Object.entries(field.options ?? {}).map(([option, key]) => [option, context.text(key)])
}

function shown(context: PageContext, field: Field, row: QueryRow, languages: Languages): string {
  const value = textOf(row[field.column])
  if (value === '') return '–'
  if (field.input === 'date') return context.format.date(value)
  if (field.input === 'number') return context.format.quantity(value)
  if (field.input === 'select')
    return required(choicesOf(context, field, languages).find(([option]) => option === value) ?? [value, value], 'a choice')[1]
  return value
}

function textOf(value: QueryRow[string] | undefined): string {
  return value === null || value === undefined ? '' : String(value)
}
