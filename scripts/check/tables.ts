import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { listFiles } from './files.ts'

/** Whose schema it is. A schema bears its module's name; these three are what is no module's of ours, and their keeper. */
const SCHEMAS: Readonly<Record<string, string>> = {
  comptoir: 'postgres',
  tables: 'tables',
  access: 'access',
  dual_write: 'dual-write',
  mail: 'mail',
  graphile_worker: 'mail',
  portals: 'portals',
  customer_portal: 'customer-portal',
  scm: 'scm',
}
/** Below the rule: transactions and migrations themselves. */
const UNDERNEATH = /^src\/postgres\//

/** May ask whether the database answers at all. */
const COMPOSITION = /^src\/[a-z-]+\.ts$/

const NAMED = new RegExp(
  `\\b(?:from|into|update|join|using|truncate|copy|,)\\s+"?(${Object.keys(SCHEMAS).join('|')})"?\\."?([a-z_]+|\\$\\{)`,
  'gi',
)
const STATEMENT = /\btx\s*(?:<[^`;]*>)?`/

/** A PostgreSQL table belongs to one module, and only that module's `*.queries.ts` name it. */
export function checkTables(root: string): string[] {
  const files = listFiles(root, 'src', ['.ts', '.sql']).filter(
    (path) => !path.endsWith('.test.ts') && !path.includes('/testing/') && !UNDERNEATH.test(path),
  )
  let named = 0
  const problems = files.flatMap((path) => {
    const text = readFileSync(join(root, path), 'utf8')
    const module = path.split('/')[1] ?? ''
    const mayAsk = path.endsWith('.queries.ts') || path.endsWith('.sql')
    const found: string[] = []
    if (!mayAsk && !COMPOSITION.test(path) && STATEMENT.test(text)) found.push(`${path}: statements belong into a *.queries.ts`)
    for (const [, schema = '', table = ''] of withoutComments(text).matchAll(NAMED)) {
      named++
      if (SCHEMAS[schema.toLowerCase()] !== module)
        found.push(`${path} names ${schema}.${table}, which belongs to ${SCHEMAS[schema.toLowerCase()]}`)
      else if (!mayAsk) found.push(`${path} names ${schema}.${table}: only a *.queries.ts of ${module} does`)
    }
    return found
  })
  if (named < 100) problems.push(`only ${named} tables were found named: this check is broken`)
  return problems
}

function withoutComments(text: string): string {
  return text
    .replaceAll(/\/\*[\s\S]*?\*\//g, '')
    .replaceAll(/^\s*\/\/.*$/gm, '')
    .replaceAll(/^\s*--.*$/gm, '')
}
