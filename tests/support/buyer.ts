import type { Page } from 'playwright-core'

export type WantedLine = { search: string; quantity: string; unit?: string }

/** Places an order through the three steps, as a person. Answers the address of the order's page. */
export async function placeOrder(
  page: Page,
  portalUrl: string,
  order: { requisition: string; date: string; lines: readonly WantedLine[] },
): Promise<string> {
  await fillOrder(page, portalUrl, order)
  await Promise.all([
    page.waitForURL(/\/orders\/[0-9a-f-]{36}/),
    page.click('form[action$="/create-order/submissions"] button[type=submit]'),
  ])
  return page.url()
}

/** The same up to the summary, not submitted. */
export async function fillOrder(
  page: Page,
  portalUrl: string,
  order: { requisition: string; date: string; lines: readonly WantedLine[] },
): Promise<void> {
  await page.goto(`${portalUrl}/create-order`)
  await page.fill('input[type=date]', order.date)
  await page.fill('input[name=requisition]', order.requisition)
  await page.click('form[action$="/create-order/information"] button[type=submit]')
  await page.waitForURL(/step=items/)
  for (const line of order.lines) await addLine(page, line)
  await Promise.all([page.waitForURL(/step=review/), page.click('button[name=next][value=review]')])
}

/** A day so many days from now, as a date field takes it. */
export function dayFromNow(days: number): string {
  return new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10)
}

async function addLine(page: Page, line: WantedLine): Promise<void> {
  await page.fill('#field-q', line.search)
  const form = page.locator('#products-found form', { hasText: line.search }).first()
  await form.locator('input[name^="quantity."]').fill(line.quantity)
  if (line.unit !== undefined) {
    const value = await form.locator('select option', { hasText: new RegExp(`^${line.unit}\\b`) }).getAttribute('value')
    await form.locator('select').selectOption(value)
  }
  await Promise.all([page.waitForLoadState('load'), form.locator('button[type=submit]').click()])
}
