import { emptyHtml, type Html, html } from '#lib/html.ts'
import { labelOf } from '#tables/definition.ts'
import type { Cursor, QueryRow } from '#tables/row-query.ts'
import { liveRegion, type PageContext } from '../component.ts'
import { type ListColumn, type ListDefinition, withChosenView } from '../site/list-views.ts'
import { type Files, fileLink, fileOf, filePicture, filesOfRows } from './file-links.ts'
import { columnLabel, isFile, valueText } from './list-cells.ts'
import { EXPORT_ROWS_MAX } from './list-limits.ts'
import { type Asked, askedOf, filterName, type PageOfRows, readable, readPage } from './list-query.ts'

/**
 * A list of a site (lists/<name>.yaml): its view, search, filters, sorting and the place in the list are all in the URL, and one query reads the
 * page under the visitor's predicate. Pages are found by key, so the hundredth costs what the first does.
 */
export async function listPart(context: PageContext, name: string, whole: ListDefinition): Promise<Html> {
  const list = withChosenView(whole, context.query)
  const asked = askedOf(context, list)
  const rows = await readPage(context, list, asked)
  const columns = readable(context, list)
  const title = context.text(list.label)
  const shown = rows.rows
  const files = await filesOfRows(
    context,
    columns.filter((one) => isFile(context, list, one)).map((one) => one.column),
    shown,
  )
  const ids = shown.map((row) => String(row[context.catalog.get(list.table).idColumn]))
  return html`<section id="list-${name}" class="stack"${liveRegion(list.table, ids)}>
    ${views(context, list)}
    ${toolbar(context, name, list, asked)}
    ${shown.length === 0 ? html`<p class="empty">${context.text(list.empty)}</p>` : table(context, list, columns, { rows: shown, files }, asked, title)}
    ${pagination(context, rows)}
    ${shown.length === 0 ? '' : downloads(context, name, list)}
  </section>`
}

/** Links, so that a choice works without a script; what was searched for stays. */
function views(context: PageContext, list: ListDefinition): Html {
  if (list.views.length < 2) return emptyHtml
  const links = list.views.map(({ view }) => {
    const current = view === list.view ? html` aria-current="page"` : ''
    return html`<a href="${href(context, { view: view.name })}"${current}>${labelOf(view, context.language)}</a>`
  })
  return html`<nav class="tabs" aria-label="${context.text('list.views')}">${links}</nav>`
}

function toolbar(context: PageContext, name: string, list: ListDefinition, asked: Asked): Html {
  if (!list.search && list.filters.length === 0) return emptyHtml
  const fields = list.filters.map((filter) => {
    const id = `${name}-${filterName(filter)}`
    const value = asked.filters.get(filterName(filter)) ?? ''
    const input =
      filter.kind === 'choice'
        ? html`<select class="select" id="${id}" name="${filterName(filter)}"><option value=""></option>${Object.entries(
            filter.options ?? {},
          ).map(
            ([option, key]) =>
              html`<option value="${option}"${option === value ? html` selected` : ''}>${context.text(key)}</option>`,
          )}</select>`
        : html`<input class="input" id="${id}" name="${filterName(filter)}" type="${filter.kind === 'text' ? 'search' : 'date'}" value="${value}">`
    return html`<div class="field"><label class="field-label" for="${id}">${context.text(filter.label)}</label>${input}</div>`
  })
  const search = html`<div class="field"><label class="field-label" for="${name}-q">${context.text('list.search')}</label><input class="input" id="${name}-q" name="q" type="search" value="${asked.search}" maxlength="100"></div>`
  const sort = context.query.get('sort')
  const view = list.views.length > 1 ? context.query.get('view') : null
  return html`<form class="toolbar" method="get" action="${context.path}" role="search">${list.search ? search : ''}${fields}
    ${view === null ? '' : html`<input type="hidden" name="view" value="${view}">`}
    ${sort === null ? '' : html`<input type="hidden" name="sort" value="${sort}">`}
    <button class="button" type="submit">${context.text('list.apply')}</button>
    ${asked.search !== '' || asked.filters.size > 0 ? html`<a class="button button-quiet" href="${context.path}${view === null ? '' : `?${new URLSearchParams({ view })}`}">${context.text('list.clear')}</a>` : ''}</form>`
}

function table(
  context: PageContext,
  list: ListDefinition,
  columns: readonly ListColumn[],
  { rows, files }: { rows: readonly QueryRow[]; files: Files },
  asked: Asked,
  title: string,
): Html {
  const heads = columns.map((one) => {
    const sorted = asked.sort.find((sort) => sort.column === one.column)
    const order = sorted === undefined ? 'none' : sorted.descending ? 'descending' : 'ascending'
    const label = columnLabel(context, one)
    const target = href(context, { sort: `${one.column} ${sorted?.descending === false ? 'desc' : 'asc'}` })
    return html`<th scope="col"${isNumber(one) ? html` class="number"` : ''}${one.sortable ? html` aria-sort="${order}"` : ''}>${one.sortable ? html`<a href="${target}">${label}</a>` : label}</th>`
  })
  const body = rows.map((row) => {
    const cells = columns.map((one, i) => {
      const ofFile = isFile(context, list, one)
      const value = ofFile ? fileCell(context, list, one, row, files) : cell(context, list, one, row)
      const content =
        i === 0 && list.link !== undefined && !ofFile ? html`<a href="${fillLink(list.link, row)}">${value}</a>` : value
      return html`<td data-label="${columnLabel(context, one)}"${isNumber(one) ? html` class="number"` : ''}>${content}</td>`
    })
    return html`<tr>${cells}</tr>`
  })
  return html`<div class="table-wrap"><table class="table"><caption class="visually-hidden">${title}</caption><thead><tr>${heads}</tr></thead><tbody>${body}</tbody></table></div>`
}

function isNumber(column: ListColumn): boolean {
  return column.format === 'money' || column.format === 'quantity' || column.format === 'number'
}

/** A picture, or the name of a file with its link; where the file is of another row, its name alone. */
function fileCell(context: PageContext, list: ListDefinition, { column, show }: ListColumn, row: QueryRow, files: Files): Html {
  const one = { table: context.catalog.get(list.table), row, column }
  const file = fileOf(one, files)
  if (file === undefined) return html`–`
  if (column.includes('.')) return html`${file.name}`
  return show === 'picture' ? filePicture(one, file) : fileLink(one, file)
}

function cell(context: PageContext, list: ListDefinition, column: ListColumn, row: QueryRow): string {
  const value = row[column.column] ?? null
  const { format } = context
  const text = value === null ? null : String(value)
  switch (column.format) {
    case 'date':
      return format.date(text)
    case 'dateTime':
      return format.dateTime(text)
    case 'money':
      return format.money(text, column.currency === undefined ? null : ((row[column.currency] ?? null) as string | null))
    case 'quantity':
      return format.quantity(text)
    case 'number':
      return format.number(value === null ? null : Number(value))
    case 'text':
      return value === null ? '–' : valueText(context, list, column, value)
    default:
      return column.format satisfies never
  }
}

function fillLink(link: string, row: QueryRow): string {
  return link.replace(/\{([^}]*)\}/g, (_, column: string) => encodeURIComponent(String(row[column] ?? '')))
}

function pagination(context: PageContext, page: PageOfRows): Html {
  if (page.previous === undefined && page.next === undefined) return emptyHtml
  const link = (name: 'before' | 'after', cursor: Cursor | undefined, key: string, rel: string) =>
    cursor === undefined
      ? ''
      : html`<a class="button" rel="${rel}" href="${href(context, { [name]: cursorText(cursor) })}">${context.text(key)}</a>`
  return html`<nav class="pagination" aria-label="${context.text('list.pages')}">${link('before', page.previous, 'list.previous', 'prev')}${link('after', page.next, 'list.next', 'next')}</nav>`
}

/** The files of the list as it is now: the same search, filters and order, from its first row on. */
function downloads(context: PageContext, name: string, list: ListDefinition): Html {
  if (list.export.length === 0) return emptyHtml
  const links = list.export.map((format) => {
    const text = context.text(format === 'csv' ? 'list.exportCsv' : 'list.exportXlsx')
    const limit = context.text('list.exportLimit', { rows: EXPORT_ROWS_MAX[format] })
    return html`<a class="button button-quiet" href="${href(context, { list: name, export: format })}" title="${limit}" download>${text}</a>`
  })
  return html`<div class="cluster" role="group" aria-label="${context.text('list.export')}">${links}</div>`
}

/** The address of this list with other values; the place in the list starts anew unless it is what changes. */
function href(context: PageContext, changes: Readonly<Record<string, string>>): string {
  const query = new URLSearchParams(context.query)
  query.delete('before')
  query.delete('after')
  for (const [name, value] of Object.entries(changes)) query.set(name, value)
  return `${context.path}?${query}`
}

function cursorText(cursor: Cursor): string {
  return Buffer.from(JSON.stringify(cursor)).toString('base64url')
}
