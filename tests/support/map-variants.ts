import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parse, stringify } from 'yaml'

const STANDARD = join(import.meta.dirname, '../../maps/dynamics365')

type Column = { field?: string; column?: string; [property: string]: unknown }
type MapDocument = { columns: Column[]; [property: string]: unknown }

/** A folder with standard maps that say some things otherwise, by name: properties of the map, and of its columns by field. */
export function mapVariants(
  variants: Readonly<Record<string, { columns?: Readonly<Record<string, object>>; [property: string]: unknown }>>,
): string {
  const folder = mkdtempSync(join(tmpdir(), 'maps-'))
  for (const [name, { columns = {}, ...properties }] of Object.entries(variants)) {
    const standard = parse(readFileSync(join(STANDARD, `${name}.yaml`), 'utf8')) as MapDocument
    const document = {
      ...standard,
      ...properties,
      version: '9.0.0',
      columns: standard.columns.map((one) => ({ ...one, ...columns[one.field ?? ''] })),
    }
    writeFileSync(join(folder, `${name}.yaml`), stringify(document))
  }
  return folder
}
