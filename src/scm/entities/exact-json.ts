/** A number as it was written, before any float could touch it. */
export class ExactNumber {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
}

/** JSON whose numbers keep their digits. Throws SyntaxError like JSON.parse. */
export function parseExactJson(text: string): unknown {
  return parse(text, (_name, value, context) =>
    typeof value === 'number' ? new ExactNumber(context?.source ?? String(value)) : value,
  )
}

// The third argument of the reviver is newer than the compiler's library.
const parse = JSON.parse as (
  text: string,
  reviver: (name: string, value: unknown, context?: { source?: string }) => unknown,
) => unknown
