/** Characters with which a spreadsheet begins to reckon: a text that begins so is a text all the same. */
const FORMULA = /^[=+\-@\t\r]/
const QUOTED = /[",\r\n]/

/** Saves rows as a CSV file that spreadsheets read as UTF-8. */
export function saveCsv(name: string, rows: readonly (readonly (string | null)[])[]): void {
  const text = `\ufeff${rows.map((row) => row.map(cell).join(',')).join('\r\n')}\r\n`
  const url = URL.createObjectURL(new Blob([text], { type: 'text/csv;charset=utf-8' }))
  const link = document.createElement('a')
  link.href = url
  link.download = `${name}.csv`
  link.click()
  // The browser has begun to read by the next turn.
  setTimeout(() => URL.revokeObjectURL(url))
}

/** A number with a sign is no formula. */
function cell(value: string | null): string {
  const text = value ?? ''
  const safe = FORMULA.test(text) && Number.isNaN(Number(text)) ? `'${text}` : text
  return QUOTED.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}
