import type { Notify } from '#dual-write/alerting.ts'
import { AppError } from '#lib/app-error.ts'
import { html } from '#lib/html.ts'
import type { Mail } from '#mail/mail.ts'

/** How alerts leave the house: by mail, through the outbox, and as JSON to an address that an administrator has given. */
export function alertWays(mail: Mail): Notify {
  return {
    async mail(tx, { to, subject, text }) {
      await mail.post(tx, { to, subject, text, html: html`<p>${text}</p>`.text })
    },
    async post(url, body, signal) {
      // A redirect would carry the alert to somewhere that nobody has named.
      const response = await fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
        redirect: 'error',
        signal,
      })
      await response.body?.cancel()
      if (!response.ok) throw new AppError('dual_write.webhook_refused', `It answered ${response.status}`)
    },
  }
}
