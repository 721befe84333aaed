import type { IsolationMatrix, MatrixGrant, MatrixRole, MatrixRow } from '../../src/access/matrix.ts'

/** docs/isolation-matrix.md: every role with every table that it may touch, in the words of the permission files. */
export function matrixDocument(matrix: IsolationMatrix): string {
  return `${INTRODUCTION}\n${matrix.roles.map((role) => sectionOf(matrix, role)).join('\n')}`
}

const INTRODUCTION = `# Isolation matrix

Who may do what with which rows, from the permissions of the customer portal's own site. Generated:
\`WRITE_DOCS=1 node bin/run.mjs scripts/test.ts tests/isolation/matrix\`. The same test tries every cell on real rows,
in statements and behind the wall and (reading) through \`/_api\`, \`/api/data\` and FetchXML, and fails when this page is not what the permissions say.

A cell names the scope: \`global\` all rows, \`company\` those of the visitor's legal entity, \`account\` and \`contact\` those that point to the
visitor's account or contact through the column in brackets (a second one: to the account in use, too), \`hierarchy\` also those of the accounts below, \`self\` the own contact,
\`parent\` what hangs on a row that the named permission grants. An empty cell is never. Numbers lead to the columns.

Every surface carries the same predicate: statements, pages, lists, forms, Liquid and FetchXML, \`/_api\`, \`/api/data\`, search, export, files,
live updates, mail and jobs; behind it stands PostgreSQL's row-level security. Random worlds hold those that read
(\`tests/isolation/oracle.test.ts\`) and those that write (\`tests/isolation/writing.test.ts\`) equal to an oracle; what is taken away is gone at
the next request on each of them (\`tests/isolation/revocation.test.ts\`).
\`/_api\` takes a table only where the last column says so.
`

function sectionOf({ privileges }: IsolationMatrix, role: MatrixRole): string {
  const open = role.tables.filter((row) => privileges.some((privilege) => row.cells[privilege].length > 0))
  const title = `## ${role.role}\n${role.description === '' ? '' : `\n${role.description}.\n`}`
  if (open.length === 0) return `${title}\nNothing.\n`
  const notes: string[] = []
  const lines = open.map((row) => {
    const cells = privileges.map((privilege) => row.cells[privilege].map((grant) => cellOf(grant, notes)).join('; '))
    return `| \`${row.table}\` | ${cells.join(' | ')} | ${webApiOf(row)} |`
  })
  const head = `| Table | ${privileges.join(' | ')} | /_api |\n|${'---|'.repeat(privileges.length + 2)}`
  const closed = role.tables.filter((row) => !open.includes(row)).map((row) => `\`${row.table}\``)
  const never = closed.length === 0 ? '' : `\nNothing of: ${closed.join(', ')}.\n`
  const footnotes = notes.length === 0 ? '' : `\n${notes.map((note, i) => `${i + 1}. ${note}`).join('\n')}\n`
  return `${title}\n${head}\n${lines.join('\n')}\n${never}${footnotes}`
}

function cellOf(grant: MatrixGrant, notes: string[]): string {
  const words = [grant.effect === 'deny' ? `not ${grant.scope}` : grant.scope]
  if (grant.where !== null) words.push(`where \`${grant.where}\``)
  if (grant.validFrom !== null) words.push(`from ${grant.validFrom}`)
  if (grant.validUntil !== null) words.push(`until ${grant.validUntil}`)
  if (grant.columns === null) return words.join(' ')
  const note = `${grant.permission}: ${grant.columns.map((column) => `\`${column}\``).join(', ')}`
  if (!notes.includes(note)) notes.push(note)
  return `${words.join(' ')} (${notes.indexOf(note) + 1})`
}

function webApiOf(row: MatrixRow): string {
  return row.webApi === null ? '' : `${row.webApi.length} columns`
}
