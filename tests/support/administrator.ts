import type { Browser, BrowserContext, Page } from 'playwright-core'

/** An administrator in Studio, signed in on the page, invites a contact in one role and reads the mail: answers the link in it. */
export async function inviteContact(
  page: Page,
  portalUrl: string,
  contact: { email: string; account: string; role: string },
): Promise<string> {
  await page.goto(`${portalUrl}/studio`)
  await page.getByRole('navigation').getByRole('link', { name: 'Contacts' }).click()
  await page.getByRole('searchbox').fill(contact.email)
  await page
    .getByRole('row', { name: contact.email })
    .filter({ hasText: contact.account })
    .getByRole('link', { name: contact.account })
    .waitFor()
  await page.getByRole('row', { name: contact.email }).getByRole('link').first().click()
  await page.getByText('Everything is there.').waitFor()
  await page.getByRole('button', { name: 'Invite' }).click()
  const dialog = page.getByRole('dialog')
  for (const box of await dialog.getByRole('checkbox').all()) await box.uncheck()
  await dialog.getByRole('checkbox', { name: contact.role, exact: true }).check()
  await dialog.getByRole('button', { name: 'Send the invitation' }).click()
  await dialog.getByRole('link', { name: 'Show the mail' }).click()
  const link = page.getByRole('article').filter({ hasText: contact.email }).getByRole('link')
  return (await link.getAttribute('href')) ?? ''
}

/** The invited opens the link in a browser of his own and chooses a password: signed in from then on. */
export async function redeemInvitation(
  browser: Browser,
  link: string,
  password: string,
): Promise<{ context: BrowserContext; page: Page }> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, locale: 'en-US' })
  const page = await context.newPage()
  await page.goto(link)
  await page.fill('input[name=password]', password)
  await page.fill('input[name=repeat]', password)
  await Promise.all([
    page.waitForURL((url) => !url.pathname.startsWith('/invitation')),
    page.click('#redeem-invitation button[type=submit]'),
  ])
  return { context, page }
}
