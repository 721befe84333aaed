import { parse } from 'yaml'
import { z } from 'zod'
import { messageOf } from '#lib/app-error.ts'
import type { Catalog } from './catalog.ts'
import { checkView, idOfViewFile, type View, type ViewQuery } from './view.ts'

/** Views of a site's files: views/<table>.<name>.yaml, one a file. */

const PATH = z
  .string()
  .regex(/^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*$/, 'a column is named by its logical name or a path such as customerid.name')

/** The shape of such a file: what schemas/view.schema.json of the sites says, kept in one place. */
export const viewFileShape = z.strictObject({
  label: z
    .record(
      z.string().regex(/^[a-z]{2,3}(-[A-Za-z0-9]{2,8})?$/, 'a language code is like en or pt-br'),
      z.string().min(1).max(100),
    )
    .describe('What people read, in every language of the site: { en: Open invoices, fr: Factures ouvertes }'),
  columns: z
    .array(
      z.strictObject({
        column: z
          .string()
          .min(1)
          .max(200)
          .describe('A column, or a path over lookups: customerid.name. With fetchXml: what the query answers'),
        width: z.int().min(20).max(2_000).optional().describe('In pixels'),
      }),
    )
    .min(1)
    .optional()
    .describe('Without it, what the table is known by; with fetchXml only to give widths'),
  order: z.array(z.strictObject({ column: PATH, descending: z.boolean().default(false) })).optional(),
  filter: z
    .string()
    .min(1)
    .optional()
    .describe("OData: contains(name,'x') and Microsoft.Dynamics.CRM.ThisMonth(PropertyName='submitdate')"),
  search: z.string().min(1).max(100).optional().describe('Words that are looked for in the search columns of the table'),
  fetchXml: z
    .string()
    .min(1)
    .optional()
    .describe('A whole query in place of order, filter and search: its attributes are the columns'),
})
type ViewFile = z.infer<typeof viewFileShape>

type Report = (file: string, reason: string) => void

/** Reads views/*.yaml of a site and checks them against the tables; every problem is reported with its file. By path. */
export function readViewFiles(
  files: ReadonlyMap<string, Buffer>,
  catalog: Catalog,
  languages: readonly string[],
  report: Report,
): View[] {
  return [...files.keys()]
    .filter((path) => path.startsWith('views/'))
    .sort()
    .flatMap((path) => readViewFile(path, files.get(path)?.toString('utf8') ?? '', catalog, languages, report) ?? [])
}

function readViewFile(
  path: string,
  text: string,
  catalog: Catalog,
  languages: readonly string[],
  report: Report,
): View | undefined {
  const [, table, name] = /^views\/([a-z][a-z0-9_]*)\.([a-z][a-z0-9-]*)\.yaml$/.exec(path) ?? []
  if (table === undefined || name === undefined) {
    report(path, 'a view is called views/<table>.<name>.yaml; the name has lower-case letters, digits and -')
    return undefined
  }
  const file = parseFile(path, text, report)
  if (file === undefined) return undefined
  for (const language of languages)
    if (file.label[language] === undefined) report(path, `label: there is none for the language ${language}`)
  if (file.fetchXml !== undefined)
    for (const other of ['order', 'filter', 'search'] as const)
      if (file[other] !== undefined) report(path, `${other}: it stands inside the query where there is fetchXml`)
  const widths = (file.columns ?? []).flatMap((one) => (one.width === undefined ? [] : [[one.column, one.width] as const]))
  const view: View = {
    id: idOfViewFile(path),
    table,
    name,
    labels: file.label,
    ownerId: null,
    isShared: true,
    query: queryOf(file),
    widths: Object.fromEntries(widths),
  }
  try {
    const answered = new Set(checkView(catalog, view).columns.map((one) => one.as))
    for (const one of file.columns ?? [])
      if (!answered.has(one.column)) report(path, `columns: the query does not answer ${one.column}`)
  } catch (error) {
    report(path, messageOf(error))
  }
  return view
}

function parseFile(path: string, text: string, report: Report): ViewFile | undefined {
  let content: unknown
  try {
    content = parse(text)
  } catch (error) {
    report(path, messageOf(error))
    return undefined
  }
  const parsed = viewFileShape.safeParse(content ?? {})
  if (parsed.success) return parsed.data
  for (const issue of parsed.error.issues) report(path, `${issue.path.join('.') || 'the file'}: ${issue.message}`)
  return undefined
}

function queryOf(file: ViewFile): ViewQuery {
  if (file.fetchXml !== undefined) return { language: 'fetchxml', text: file.fetchXml }
  const { columns, order, filter, search } = file
  return {
    language: 'odata',
    ...(columns === undefined ? {} : { columns: columns.map((one) => one.column).join(',') }),
    ...(filter === undefined ? {} : { filter }),
    ...(order === undefined
      ? {}
      : { orderby: order.map((one) => `${one.column.replaceAll('.', '/')}${one.descending ? ' desc' : ''}`).join(',') }),
    ...(search === undefined ? {} : { search }),
  }
}
