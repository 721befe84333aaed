/** `W/"…"` around the base64 of `'recVersion,recId'`, as Finance & Operations makes it. */
export function etagOf(row: Readonly<Record<string, unknown>>): string {
  return `W/"${Buffer.from(`'${row.recversion},${row.recid}'`).toString('base64')}"`
}

/** Whether an If-Match header allows a write to the row. */
export function ifMatchHolds(header: string | undefined, row: Readonly<Record<string, unknown>>): boolean {
  if (header === undefined || header.trim() === '*') return true
  return header.split(/,(?=\s*(?:W\/)?")/).some((one) => one.trim() === etagOf(row))
}
