import type { Failure, Reply } from '#http/server.ts'
import { html } from '#lib/html.ts'

/** A page without the site, for when the site itself cannot be rendered. */
export function answerFallback(reply: Reply, failure: Failure): Reply {
  const said =
    failure.status >= 500 ? 'Something went wrong on our side. It has been recorded; please try again.' : failure.message
  const page = html`<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${failure.status}</title></head>
<body><main><h1>This page cannot be shown</h1><p>${said}</p><p><a href="/">Start again</a></p></main></body></html>`
  return reply
    .code(failure.status)
    .header('content-type', 'text/html; charset=utf-8')
    .header('cache-control', 'no-store')
    .send(page.text)
}
