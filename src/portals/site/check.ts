import { isAppError } from '#lib/app-error.ts'
import type { Catalog } from '#tables/catalog.ts'
import { isFileColumn } from '#tables/files.ts'
import { checkPath } from '#tables/query.ts'
import type { Asset } from './assets.ts'
import type { Page, Report } from './pages.ts'
import type { FormDefinition, ListFile, MenuDefinition, SiteSettings } from './schemas.ts'
import type { Texts } from './texts.ts'

type Parts = {
  settings: SiteSettings
  pages: readonly Page[]
  /** Liquid by file. */
  sources: ReadonlyMap<string, string>
  texts: Texts
  menus: ReadonlyMap<string, MenuDefinition>
  lists: ReadonlyMap<string, ListFile>
  forms: ReadonlyMap<string, FormDefinition>
  assets: ReadonlyMap<string, Asset>
  catalog: Catalog
}

/** Everything that one file of a site says about another is there. Answers the components that are used. */
export function checkReferences(parts: Parts, report: Report): Set<string> {
  const pageNames = new Set(parts.pages.map((page) => page.name))
  const mustHaveText = (file: string, key: string | undefined) => {
    if (key !== undefined && !parts.texts.has(key))
      report(file, `the text ${key} is not in snippets/${parts.settings.defaultLanguage}.yaml`)
  }
  for (const [marker, page] of Object.entries(parts.settings.markers))
    if (!pageNames.has(page)) report('site.yaml', `the marker ${marker} names the page ${page || 'home'}, which does not exist`)
  for (const path of parts.settings.theme) if (!parts.assets.has(path)) report('site.yaml', `${path} does not exist`)
  if (!parts.sources.has('templates/layout.liquid')) report('templates/layout.liquid', 'is missing')
  for (const page of parts.pages) {
    const file = `pages/${page.name || 'index'}.liquid`
    mustHaveText(file, page.title)
    mustHaveText(file, page.description)
    if (!parts.sources.has(`templates/${page.template}.liquid`)) report(file, `the template ${page.template} does not exist`)
  }
  for (const [name, menu] of parts.menus) {
    mustHaveText(`menus/${name}.yaml`, menu.label)
    for (const link of menu.links) {
      mustHaveText(`menus/${name}.yaml`, link.text)
      if ('page' in link && !pageNames.has(link.page)) report(`menus/${name}.yaml`, `the page ${link.page} does not exist`)
    }
  }
  for (const [name, list] of parts.lists) checkList(parts, `lists/${name}.yaml`, list, mustHaveText, report)
  for (const [name, form] of parts.forms) checkForm(parts, `forms/${name}.yaml`, form, mustHaveText, report)
  return checkLiquid(parts, mustHaveText, report)
}

const VIEW_TEXTS = ['list.views', 'list.yes', 'list.no']
const FILE_TEXTS = [
  'file.kilobytes',
  'file.megabytes',
  'form.fileEmpty',
  'form.fileLimit',
  'form.fileRemove',
  'form.fileReplace',
  'form.fileSize',
  'form.fileType',
  'form.fileUpload',
]
const EXPORT_TEXTS = ['list.export', 'list.exportCsv', 'list.exportXlsx', 'list.exportLimit', 'list.currency']

type MustHaveText = (file: string, key: string | undefined) => void

function checkList(parts: Parts, file: string, list: ListFile, mustHaveText: MustHaveText, report: Report): void {
  const { columns = [] } = list
  for (const key of [list.label, list.empty, ...columns.map((one) => one.label), ...list.filters.map((one) => one.label)])
    mustHaveText(file, key)
  if (list.view !== undefined || list.views !== undefined) for (const key of VIEW_TEXTS) mustHaveText(file, key)
  for (const { column, show } of columns)
    if (show === 'picture' && parts.catalog.tables.get(list.table)?.columns.get(column)?.type !== 'image')
      report(file, `${column}: only a column of images can be shown as a picture`)
  if (list.export.length > 0) for (const key of EXPORT_TEXTS) mustHaveText(file, key)
  for (const filter of list.filters) for (const key of Object.values(filter.options ?? {})) mustHaveText(file, key)
  const linked = [...(list.link ?? '').matchAll(/\{([^}]*)\}/g)].map((match) => match[1] ?? '')
  const currencies = columns.flatMap((one) => (one.currency === undefined ? [] : [one.currency]))
  checkColumns(
    parts.catalog,
    file,
    list.table,
    [...columns, ...list.filters, ...list.sort].map((one) => one.column).concat(linked, currencies),
    report,
  )
}

function checkForm(parts: Parts, file: string, form: FormDefinition, mustHaveText: MustHaveText, report: Report): void {
  for (const key of [form.submit, form.saved]) mustHaveText(file, key)
  for (const column of form.columns) {
    for (const key of [column.label, column.hint, column.patternMessage, ...Object.values(column.options ?? {})])
      mustHaveText(file, key)
    try {
      if (column.pattern !== undefined) new RegExp(column.pattern, 'u')
    } catch {
      report(file, `${column.column}: the pattern is not a regular expression`)
    }
  }
  if (form.columns.some((one) => one.input === 'file')) for (const key of FILE_TEXTS) mustHaveText(file, key)
  for (const { column, input } of form.columns) {
    const isFile = isFilePath(parts.catalog, form.table, column)
    if (isFile !== (input === 'file'))
      report(file, isFile ? `${column}: a file is put in with input: file` : `${column}: input: file is for columns of files`)
  }
  if (form.row === 'own-contact' && form.table !== 'contact')
    report(file, 'the visitor’s own contact is a row of the table contact')
  checkColumns(
    parts.catalog,
    file,
    form.table,
    form.columns.map((one) => one.column),
    report,
  )
}

/** Whether a column of the table itself holds files; those of rows that it points to are not offered. */
function isFilePath(catalog: Catalog, tableName: string, path: string): boolean {
  const column = catalog.tables.get(tableName)?.columns.get(path)
  return column !== undefined && isFileColumn(column)
}

function checkColumns(catalog: Catalog, file: string, tableName: string, columns: readonly string[], report: Report): void {
  const table = catalog.tables.get(tableName)
  if (table === undefined) {
    report(file, `there is no table ${tableName}`)
    return
  }
  for (const column of columns) {
    try {
      checkPath(catalog, table, column)
    } catch (error) {
      report(file, isAppError(error) ? error.message : `the column ${column} cannot be read`)
    }
  }
}

const TAG = /\{%-?\s*(snippet|menu|asset|component|list|form|render)\s+(?:'([^']*)'|"([^"]*)")/g
const TEXT_FILTER = /\{\{-?\s*(?:'([^']*)'|"([^"]*)")\s*\|\s*t\b/g

function checkLiquid(parts: Parts, mustHaveText: MustHaveText, report: Report): Set<string> {
  const components = new Set<string>()
  for (const [file, source] of parts.sources) {
    for (const match of source.matchAll(TEXT_FILTER)) mustHaveText(file, match[1] ?? match[2])
    for (const match of source.matchAll(TAG)) {
      const name = match[2] ?? match[3] ?? ''
      const missing = (there: boolean) => {
        if (!there) report(file, `{% ${match[1]} '${name}' %} names something that does not exist`)
      }
      switch (match[1]) {
        case 'snippet':
          mustHaveText(file, name)
          break
        case 'component':
          components.add(name)
          break
        case 'menu':
          missing(parts.menus.has(name))
          break
        case 'asset':
          missing(parts.assets.has(name) || name.startsWith('engine/'))
          break
        case 'list':
          missing(parts.lists.has(name))
          break
        case 'form':
          missing(parts.forms.has(name))
          break
        default:
          missing(parts.sources.has(`templates/${name}.liquid`))
      }
    }
  }
  return components
}
