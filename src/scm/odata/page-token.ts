import { failQuery } from './failures.ts'

/** Where a page ended: the ordering values of its last row, and how many rows have been served so far. Opaque to clients. */
export type PageToken = { values: readonly string[]; served: number }

export function formatPageToken(token: PageToken): string {
  return Buffer.from(JSON.stringify([token.served, ...token.values])).toString('base64url')
}

/** Refuses what this service did not make for an order by so many fields. */
export function parsePageToken(text: string, fieldsCount: number): PageToken {
  try {
    const [served, ...values] = JSON.parse(Buffer.from(text, 'base64url').toString()) as unknown[]
    const whole = typeof served === 'number' && Number.isSafeInteger(served) && served >= 0
    if (whole && values.length === fieldsCount && values.every((value) => typeof value === 'string')) {
      return { served, values: values as string[] }
    }
  } catch {
    // Falls through to the refusal: whatever it was, it is not ours.
  }
  return failQuery(`The '$skiptoken' is not one that this service has given for this query.`)
}
