import { dayOf, type Row, text } from '../rows.ts'

/** When an invoice of this day is due: the term's months and days later; at the month's end first, for terms that count from there. */
export function dueDay(invoiceMs: number, terms: Row | undefined): string {
  if (terms === undefined) return dayOf(invoiceMs)
  const date = new Date(Date.parse(dayOf(invoiceMs)))
  const months = Number(terms.NumberOfMonths)
  if (text(terms, 'PaymentMethodType') === 'CurrentMth') date.setUTCMonth(date.getUTCMonth() + months + 1, 0)
  else date.setUTCMonth(date.getUTCMonth() + months)
  date.setUTCDate(date.getUTCDate() + Number(terms.NumberOfDays))
  return dayOf(date.getTime())
}
