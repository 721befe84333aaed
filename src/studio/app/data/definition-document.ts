import type { Definitions, DefinitionVersionInfo, TableDetail } from '../../wire-data.ts'

/** A definition as its file would have it: a whole table, or what is added to a standard one. Pure: what the forms put into it. */
export type ColumnSource = Readonly<Record<string, unknown>> & { type: string }
export type Document = Readonly<Record<string, unknown>> & { columns: Readonly<Record<string, ColumnSource>> }

/** The document of a table as it holds; for a standard one to which nothing was added, an empty addition. */
export function documentOf(table: Pick<TableDetail, 'name'>, definitions: Definitions): Document {
  const held = definitions.documents.find((one) => one.table === table.name)?.document as Document | undefined
  return held === undefined ? { extend: table.name, columns: {} } : { ...held, columns: held.columns ?? {} }
}

export function withColumn(document: Document, name: string, column: ColumnSource, before?: string): Document {
  const entries = Object.entries(document.columns)
  const at = entries.findIndex(([one]) => one === (before ?? name))
  const next =
    at < 0 ? [...entries, [name, column] as const] : entries.map((one, i) => (i === at ? ([name, column] as const) : one))
  return { ...document, columns: Object.fromEntries(next) }
}

/** Without the column, and without the keys, indexes and searches that name it. */
export function withoutColumn(document: Document, name: string): Document {
  const { [name]: _gone, ...columns } = document.columns
  const keys = Object.entries((document.keys ?? {}) as Record<string, string[]>).filter(([, names]) => !names.includes(name))
  const indexes = ((document.indexes ?? []) as string[][]).filter((names) => !names.includes(name))
  const search = ((document.search ?? []) as string[]).filter((one) => one !== name)
  return {
    ...document,
    columns,
    ...(document.keys !== undefined && { keys: Object.fromEntries(keys) }),
    ...(document.indexes !== undefined && { indexes }),
    ...(document.search !== undefined && { search }),
  }
}

/** How a retired column was defined when it last was. */
export function lastSource(versions: readonly DefinitionVersionInfo[], table: string, column: string): ColumnSource | undefined {
  for (const version of versions) {
    const found = version.table === table ? (version.document as Document | null)?.columns?.[column] : undefined
    if (found !== undefined) return found
  }
  return undefined
}

/** 'Numéro de série' → 'contoso_numerodeserie' */
export function nameFrom(label: string, prefix: string): string {
  const plain = label
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/[^a-z0-9]/g, '')
  return `${prefix}_${plain}`.slice(0, 50)
}

/** A new table of one's own, with a column that names its rows. */
export function newTable(given: {
  name: string
  en: string
  fr: string
  scope: string
  prefix: string
  nameLabel: string
}): Document {
  const { name, en, fr, scope, prefix, nameLabel } = given
  const nameColumn = `${prefix}_name`
  return {
    table: name,
    set: `${name}s`.slice(0, 50),
    label: { en, ...(fr !== '' && { fr }) },
    id: `${name}id`,
    name: nameColumn,
    scope,
    columns: { [nameColumn]: { type: 'string', length: 200, required: true, label: { en: nameLabel } } },
    search: [nameColumn],
  }
}
