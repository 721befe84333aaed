import { copyFileSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const STANDARD = join(import.meta.dirname, '../../maps/dynamics365')

/** A folder with these of the standard maps alone, for an ERP that serves no more than they need. */
export function someMaps(names: readonly string[]): string {
  const folder = mkdtempSync(join(tmpdir(), 'maps-'))
  for (const name of [...names, 'values']) copyFileSync(join(STANDARD, `${name}.yaml`), join(folder, `${name}.yaml`))
  return folder
}
