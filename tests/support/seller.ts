import type { Page } from 'playwright-core'

/** The seller in the ERP's back office, as a person: one order's page. */
export async function openErpOrder(page: Page, erpUrl: string, company: string, number: string): Promise<void> {
  await page.goto(`${erpUrl}/orders/${company}/${number}`)
}

/** Presses a button of the open order and waits for the page that answers. */
export async function press(page: Page, button: string): Promise<void> {
  await Promise.all([page.waitForLoadState('load'), page.click(`button:text-is("${button}")`)])
  const error = page.locator('.notice-bad, [role=alert]')
  if ((await error.count()) > 0) throw new Error(`The ERP refused "${button}": ${await error.first().innerText()}`)
}

/** Ships one quantity of the order's first line that still has some to deliver. */
export async function shipPart(page: Page, quantity: string): Promise<void> {
  await page.locator('input[name^="quantity."]').first().fill(quantity)
  await press(page, 'Ship these quantities')
}
