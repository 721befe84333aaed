import { putFile } from '#access/files.ts'
import { behindWall } from '#access/wall.ts'
import type { WriteOutcome } from '#access/write-model.ts'
import { attributes, type Html, html } from '#lib/html.ts'
import type { MultipartFile } from '#lib/multipart.ts'
import { getColumn, type TableDefinition } from '#tables/definition.ts'
import { bytesMaxOf } from '#tables/files.ts'
import type { QueryRow } from '#tables/row-query.ts'
import type { RowId } from '#tables/rows.queries.ts'
import { problemOf } from '#tables/validate.ts'
import type { Answer, PageContext } from '../component.ts'
import { contextOf, type Ground, type Visit } from '../render/context.ts'
import type { FormDefinition } from '../site/schemas.ts'
import { type Files, fileFact, fileOf, filesOfRows, sizeText } from './file-links.ts'
import { textOfProblem } from './form-problems.ts'
import { type FormState, findFormRow, notThere } from './form-row.ts'

type Field = FormDefinition['columns'][number]

export function filesOfRow(context: PageContext, fields: readonly Field[], row: QueryRow): Promise<Files> {
  const columns = fields.filter((field) => field.input === 'file').map((field) => field.column)
  return filesOfRows(context, columns, [row])
}

/** A field for a file: what is there, and small forms of its own to replace or remove it, which work without a script. */
export function fileFieldPart(
  context: PageContext,
  part: { form: string; field: Field; table: TableDefinition; row: QueryRow; version: string; problem: string | undefined },
  files: Files,
): Html {
  const { form, field, table, row, problem } = part
  const column = getColumn(table, field.column)
  const file = fileOf({ table, row, column: field.column }, files)
  const label = context.text(field.label)
  const id = `${form}-${field.column}`
  const present =
    file === undefined ? '' : html`<p id="${id}-file">${fileFact(context, { table, row, column: field.column }, files)}</p>`
  if (field.readOnly)
    return html`<div class="field form"><span class="field-label">${label}</span>${present === '' ? '–' : present}</div>`
  const hidden = html`<input type="hidden" name="_csrf" value="${context.csrfToken}"><input type="hidden" name="_form" value="${form}"><input type="hidden" name="_version" value="${part.version}">`
  const describedBy = [`${id}-hint`, file && `${id}-file`, problem && `${id}-error`].filter((one) => one !== undefined).join(' ')
  const accept = column.accept.length > 0 ? column.accept.join(',') : column.type === 'image' ? 'image/*' : undefined
  const input = { id, accept, required: field.required, 'aria-invalid': problem && 'true', 'aria-describedby': describedBy }
  const removable = file !== undefined && !field.required
  // Several such buttons stand on a page: each says of what it speaks.
  const about = html`<span class="visually-hidden"> – ${label}</span>`
  const limit = context.text('form.fileLimit', { size: sizeText(context, bytesMaxOf(column)) })
  return html`<div class="stack form">
    <form class="field" method="post" action="${context.path}" enctype="multipart/form-data" id="form-${id}" novalidate>
      ${hidden}<input type="hidden" name="_column" value="${field.column}">
      <label class="field-label" for="${id}">${label}${field.required ? '' : html` <span class="field-optional">${context.text('form.optional')}</span>`}</label>
      <p class="field-hint" id="${id}-hint">${field.hint === undefined ? '' : `${context.text(field.hint)} `}${limit}</p>
      ${present}
      <input class="input" type="file" name="file"${attributes(input)}>
      ${problem === undefined ? '' : html`<p class="field-error" id="${id}-error" role="alert">${problem}</p>`}
      <div class="form-actions"><button class="button" type="submit">${context.text(file === undefined ? 'form.fileUpload' : 'form.fileReplace')}${about}</button>${removable ? html`<button class="button button-quiet" type="submit" form="form-${id}-remove">${context.text('form.fileRemove')}${about}</button>` : ''}</div>
    </form>
    ${removable ? html`<form method="post" action="${context.path}" id="form-${id}-remove">${hidden}<input type="hidden" name="_remove" value="${field.column}"></form>` : ''}
  </div>`
}

/**
 * Puts a posted file into its column, or answers with the page and what is wrong beside the field. Nothing of the file is read before it
 * is certain that the visitor may put one there. Throws AppError `request.not_found` where the form has no such field.
 */
export async function saveFile(
  ground: Ground,
  visit: Visit,
  posted: { fields: ReadonlyMap<string, string>; file: MultipartFile; bytes: number | undefined },
  place: { name: string; form: FormDefinition; page: string },
): Promise<Answer> {
  const { form, name } = place
  const { permissions } = visit.site
  const field = form.columns.find((one) => one.input === 'file' && !one.readOnly && one.column === posted.fields.get('_column'))
  if (form.mode !== 'edit' || field === undefined) throw notThere()
  const table = ground.catalog.get(form.table)
  const column = getColumn(table, field.column)
  const ask = <T>(work: (context: PageContext) => T | Promise<T>): Promise<T> =>
    behindWall(ground.database, visit.visitor).read(async (tx) => work(contextOf(ground, visit, tx)))
  const refuse = (status: number, errors: Record<string, string>, notice?: string): Answer => {
    const state: FormState = { form: name, values: {}, errors, ...(notice === undefined ? {} : { notice }) }
    return { kind: 'page', page: place.page, status, state }
  }
  const id = await ask(async (context): Promise<RowId | undefined> => {
    const row = await findFormRow(context, form, table)
    return row === undefined ? undefined : String(row[table.idColumn])
  })
  if (id === undefined) throw notThere()
  const outcome = await put()
  if (outcome.kind === 'created' || outcome.kind === 'updated')
    return { kind: 'redirect', to: `${visit.path}?saved=${encodeURIComponent(name)}` }
  return ask((context) => {
    const labels = new Map([[field.column, context.text(field.label)]])
    switch (outcome.kind) {
      case 'stale':
        return refuse(409, {}, context.text('form.stale'))
      case 'invalid': {
        const [problem] = outcome.problems
        return refuse(422, problem === undefined ? {} : { [field.column]: textOfProblem(context, table, problem, labels) })
      }
      case 'forbidden':
        return refuse(403, { [field.column]: context.text('form.forbidden') })
      default:
        throw notThere()
    }
  })

  async function put(): Promise<WriteOutcome> {
    const refused = (code: 'file_empty' | 'file_size', values = {}): WriteOutcome => ({
      kind: 'invalid',
      table: table.name,
      problems: [{ ...problemOf(column, code, values), at: '' }],
    })
    if (posted.file.name === '') return refused('file_empty')
    const bytesMax = bytesMaxOf(column)
    // What announces more than the column takes is not read at all.
    if (posted.bytes !== undefined && posted.bytes > bytesMax + FORM_BYTES_MAX)
      return refused('file_size', { max: Math.floor(bytesMax / 1024) })
    const version = posted.fields.get('_version') ?? ''
    const { catalog, database } = ground
    return putFile(
      { catalog, database, permissions, visitor: visit.visitor },
      { table, target: { id: id ?? '' }, column: column.name },
      { ...posted.file, ...(/^\d{1,15}$/.test(version) ? { precondition: { ifMatch: Number(version) } } : {}) },
    )
  }
}

/** A form around a file, at most. */
const FORM_BYTES_MAX = 64 * 1024
