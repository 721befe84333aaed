/**
 * JSON in which every number is kept as the text it was written in: '1.50' stays '1.50' and 5637144577000000001 keeps its last digit.
 * No float ever sees a number of the ERP.
 */
export function parseExactJson(text: string): unknown {
  return parse(text, (_key, value, context) => (typeof value === 'number' ? context.source : value))
}

type Reviver = (key: string, value: unknown, context: { source: string }) => unknown

// The reviver's third argument is in the runtime; TypeScript's library does not describe it yet.
const parse = JSON.parse as (text: string, reviver: Reviver) => unknown
