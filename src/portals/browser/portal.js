/* Makes pages quicker, never necessary: open pages update themselves, and a form is not sent twice. */

const REFRESH_GAP_MS = 700
let source
let refreshing = false
let again = false
let lastRefreshMs = 0

start()

function start() {
  document.addEventListener('submit', holdSecondSubmit)
  document.addEventListener('visibilitychange', () => (document.hidden ? stop() : resume()))
  window.addEventListener('pagehide', stop)
  window.addEventListener('pageshow', (event) => {
    for (const form of document.forms) delete form.dataset.sent
    if (event.persisted) resume()
  })
  document.addEventListener('htmx:after:swap', () => listen())
  if (!document.hidden) listen()
}

/** A second click on the same button does nothing while the first is under way. */
function holdSecondSubmit(event) {
  const form = event.target
  if (form.method !== 'post' || form.matches('[hx-post], [data-hx-post]')) return
  if (form.dataset.sent !== undefined) {
    event.preventDefault()
    return
  }
  form.dataset.sent = ''
}

function watchedRows() {
  const all = [...document.querySelectorAll('[data-live]')].map((element) => element.dataset.live)
  return [...new Set(all)].sort().join(';')
}

function listen(since = document.body.dataset.liveSince) {
  const rows = watchedRows()
  if (source?.rows === rows && source.events.readyState !== EventSource.CLOSED) return
  stop()
  if (rows === '') return
  const account = /^\/a\/[^/]+(?=\/|$)/.exec(location.pathname)?.[0] ?? ''
  const events = new EventSource(`${account}/live?rows=${encodeURIComponent(rows)}&since=${encodeURIComponent(since ?? '')}`)
  let lost = false
  events.addEventListener('row', refreshSoon)
  events.addEventListener('session-ended', () => {
    stop()
    visitAgain()
  })
  events.addEventListener('error', () => {
    lost = true
  })
  // While the connection was lost anything may have changed.
  events.addEventListener('open', () => {
    if (lost) refreshSoon()
    lost = false
  })
  source = { rows, events }
}

function stop() {
  source?.events.close()
  source = undefined
}

function resume() {
  if (watchedRows() === '') return
  listen()
  refreshSoon()
}

function refreshSoon() {
  if (refreshing) {
    again = true
    return
  }
  refreshing = true
  const waitMs = Math.max(0, lastRefreshMs + REFRESH_GAP_MS - Date.now())
  setTimeout(async () => {
    try {
      await refresh()
    } finally {
      lastRefreshMs = Date.now()
      refreshing = false
      if (again) {
        again = false
        refreshSoon()
      }
    }
  }, waitMs)
}

/** Fetches this page again and puts its live regions in the place of the old ones. */
async function refresh() {
  const answer = await fetch(location.href, { headers: { accept: 'text/html' }, credentials: 'same-origin', cache: 'no-store' })
  if ([401, 403, 404].includes(answer.status) || new URL(answer.url).pathname === '/signin') {
    visitAgain()
    return
  }
  // A page that answered a form has no address of its own: it stays as it is.
  if (!answer.ok || answer.redirected) return
  const page = new DOMParser().parseFromString(await answer.text(), 'text/html')
  let changed = false
  for (const old of document.querySelectorAll('[data-live-region][id]')) {
    const fresh = page.getElementById(old.id)
    if (fresh === null || sameContent(old, fresh)) continue
    // What somebody is typing into stays until he is done.
    if (old.contains(document.activeElement) && document.activeElement.matches('input, select, textarea')) {
      document.activeElement.addEventListener('blur', refreshSoon, { once: true })
      continue
    }
    changed = true
    if (window.htmx === undefined) old.replaceWith(fresh)
    else await window.htmx.swap({ text: fresh.outerHTML, sourceElement: old, target: old, swap: 'outerMorph' })
  }
  if (page.body.dataset.liveSince) document.body.dataset.liveSince = page.body.dataset.liveSince
  if (changed) announce()
  listen()
}

/** As a visit, not as a reload: what was posted is not posted again. */
function visitAgain() {
  location.assign(location.href.split('#')[0])
}

/** Tokens differ on every visit and mean nothing to the reader. */
function sameContent(old, fresh) {
  const text = (element) =>
    element.outerHTML.replace(/name="_csrf" value="[^"]*"/g, '').replace(/ data-htmx-powered="[^"]*"/g, '')
  return text(old) === text(fresh)
}

function announce() {
  const place = document.getElementById('announcements')
  if (place === null) return
  place.textContent = ''
  setTimeout(() => {
    place.textContent = place.dataset.updated ?? ''
  }, 50)
}
