import type { Page } from 'playwright-core'
import { collectComplaints, launchBrowser } from '../../../tests/support/browser.ts'
import type { TestStudio } from './test-studio.ts'

export type OpenedStudio = AsyncDisposable & { page: Page; origin: string; complaints: string[] }

type Window = {
  viewport: { width: number; height: number }
  colorScheme?: 'light' | 'dark'
  locale: string
  /** How long the page may keep one waiting; without it the browser's own patience. */
  waitMs?: number
}

/** Studio in a real browser, signed in as the administrator, with what the browser complains about. */
export async function openStudio(studio: TestStudio, { waitMs, ...window }: Window): Promise<OpenedStudio> {
  const origin = await studio.listen()
  const browser = await launchBrowser()
  const context = await browser.newContext({ ...window, acceptDownloads: true })
  const [name = '', value = ''] = (await studio.signIn('admin')).split('=')
  await context.addCookies([{ name, value, url: origin }])
  const page = await context.newPage()
  if (waitMs !== undefined) page.setDefaultTimeout(waitMs)
  const complaints = collectComplaints(page)
  return { page, origin, complaints, [Symbol.asyncDispose]: () => browser.close() }
}
