import type { Entity, Field } from '../../entities/catalog.ts'
import { completeRow, type LoadRow } from './complete.ts'
import { type CsvRecord, readCsv } from './file.ts'
import type { LoadReference, LoadRule } from './sets.ts'
import { parseCell } from './values.ts'

export type FileRow = { line: number; key: string; row: LoadRow; extra: LoadRow }
export type FileProblem = { line: number; problem: string }

export type FileChecks = {
  rule: LoadRule
  entity: Entity
  /** The entity's fields and those of other views of its table. */
  fields: ReadonlyMap<string, Field>
  /** Keys that are taken; every good row adds its own. */
  taken: Set<string>
  /** Whether what the row refers to is there. */
  refers(reference: LoadReference, key: string): boolean
}

export const KEY_SEPARATOR = '\u001f'

/** The good rows of a file and the reasons why the others are not. Unknown columns and missing keys are told once, for the header. */
export async function* rowsOfFile(file: string, checks: FileChecks): AsyncGenerator<FileRow | FileProblem> {
  let header: Header | undefined
  let ordinal = 0
  const positions = new Map<string, number>()
  const nextInOrder = (order: string) => {
    const position = (positions.get(order) ?? 0) + 1
    positions.set(order, position)
    return position
  }
  for await (const record of readCsv(file)) {
    if ('problem' in record) yield record
    else if (header === undefined) {
      header = readHeader(record, checks)
      yield* header.problems
      if (header.isUnusable) return
    } else {
      ordinal += 1
      yield rowOf(record, header, checks, { ordinal, nextInOrder })
    }
  }
}

type Header = { names: readonly string[]; fields: readonly (Field | undefined)[]; problems: FileProblem[]; isUnusable: boolean }

function readHeader(record: CsvRecord, checks: FileChecks): Header {
  const names = record.cells.map((cell) => cell.trim())
  const problems: FileProblem[] = []
  const fields = names.map((name, index) => {
    const field = checks.fields.get(name)
    if (field === undefined) problems.push({ line: record.line, problem: `unknown column '${name}'; its values are not loaded` })
    else if (names.indexOf(name) !== index) problems.push({ line: record.line, problem: `column '${name}' is there twice` })
    return names.indexOf(name) === index ? field : undefined
  })
  const missing = mandatoryFields(checks).filter((name) => !names.includes(name))
  for (const name of missing)
    problems.push({ line: record.line, problem: `the column '${name}' is missing; nothing of this file is loaded` })
  return { names, fields, problems, isUnusable: missing.length > 0 }
}

function mandatoryFields({ rule, entity }: FileChecks): string[] {
  const keys = entity.keys.map((key) => key.name).filter((name) => !(rule.optional ?? []).includes(name))
  return [...new Set([...keys, ...(rule.mandatory ?? [])])].filter((name) => name !== 'LineCreationSequenceNumber')
}

function rowOf(
  record: CsvRecord,
  header: Header,
  checks: FileChecks,
  position: { ordinal: number; nextInOrder(order: string): number },
): FileRow | FileProblem {
  const { line, cells } = record
  if (cells.length !== header.names.length)
    return { line, problem: `${cells.length} cells where the header has ${header.names.length}` }
  const row: LoadRow = {}
  const extra: LoadRow = {}
  const given = new Set<string>()
  for (const [index, field] of header.fields.entries()) {
    if (field === undefined) continue
    const cell = cells[index] ?? ''
    const parsed = parseCell(field, cell)
    if ('problem' in parsed) return { line, problem: parsed.problem }
    if (cell.trim() !== '') given.add(field.name)
    const value = field.name === 'dataAreaId' ? String(parsed.value).trim().toLowerCase() : parsed.value
    if (field.column === undefined) extra[field.name] = value
    else if (given.has(field.name) || field.type === 'String') row[field.column] = value
  }
  const empty = mandatoryFields(checks).find((name) => !given.has(name))
  if (empty !== undefined) return { line, problem: `'${empty}' is empty` }
  completeRow(checks.entity.table, row, { ...position, isGiven: (field) => given.has(field) })
  return checked({ line, row, extra }, checks)
}

function checked(read: Omit<FileRow, 'key'>, checks: FileChecks): FileRow | FileProblem {
  const { line, row } = read
  for (const reference of checks.rule.references ?? []) {
    const last = reference.fields.at(-1) ?? ''
    if (textOf(row, last) === '') continue
    const key = reference.fields.map((field) => textOf(row, field)).join(KEY_SEPARATOR)
    if (!checks.refers(reference, key)) return { line, problem: `'${textOf(row, last)}' in ${last} is not known` }
  }
  const key = checks.entity.keys.map((field) => textOf(row, field.column ?? field.name)).join(KEY_SEPARATOR)
  const isAutomatic = checks.entity.keys.some(
    (field) => !(field.column !== undefined && field.column in row) && checks.rule.optional?.includes(field.name),
  )
  if (checks.rule.changes !== true && !isAutomatic) {
    if (checks.taken.has(key)) return { line, problem: `duplicate: ${key.split(KEY_SEPARATOR).join(', ')} is there already` }
    checks.taken.add(key)
  }
  return { ...read, key }
}

function textOf(row: LoadRow, field: string): string {
  return String(row[field] ?? '')
}
