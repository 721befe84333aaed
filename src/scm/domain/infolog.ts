/** What the ERP says about a write, line by line, as X++ collects it. */
export type InfologLine = { level: 'Info' | 'Warning' | 'Error'; text: string }

/** A write that the rules refuse. Nothing of it is kept: the transaction around it rolls back. */
export class InfologError extends Error {
  readonly lines: readonly InfologLine[]

  constructor(lines: readonly InfologLine[]) {
    super(lines.map((line) => `${line.level}: ${line.text}`).join('; '))
    this.name = 'InfologError'
    this.lines = lines
  }
}

/** Refuses with one error per sentence. */
export function refuse(...sentences: readonly string[]): never {
  throw new InfologError(sentences.map((text) => ({ level: 'Error', text })))
}

/** Refuses a field's value: a warning that names the trouble, and the one that names the field. */
export function refuseField(entity: string, field: string, sentence: string): never {
  throw new InfologError([
    { level: 'Warning', text: sentence },
    { level: 'Warning', text: `validateField failed on field '${entity}.${field}'.` },
  ])
}

/** Refuses a row as a whole. */
export function refuseWrite(sentence: string): never {
  throw new InfologError([
    { level: 'Warning', text: sentence },
    { level: 'Error', text: 'Update has been canceled.' },
  ])
}
