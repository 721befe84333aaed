/* Keys for lists: `/` goes to the search, `j` and `k` move over the rows, Enter opens the one in focus. Who is disturbed by keys that
   act by themselves (speech input types letters) turns them off in the hint below the list, on this device (WCAG 2.1.4). */

const STORED = 'comptoir.keys'
let chosen

document.addEventListener('keydown', (event) => {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target) || !areOn()) return
  if (event.key === '/') act(event, searchField())
  if (event.key === 'j') act(event, neighbour(1))
  if (event.key === 'k') act(event, neighbour(-1))
})
document.addEventListener('click', (event) => {
  const button = event.target.closest?.('[data-keys-switch]')
  if (button === null || button === undefined) return
  remember(areOn() ? 'off' : 'on')
  showHints()
})
showHints()

function act(event, element) {
  if (element === undefined || element === null) return
  event.preventDefault()
  element.focus()
  element.select?.()
  element.closest('tr')?.scrollIntoView({ block: 'nearest' })
}

/** The link of each row of the list is what focus moves over, so that Enter opens it without any help. */
function neighbour(step) {
  const links = [...document.querySelectorAll('[data-keys-list] tbody tr')].flatMap((row) => row.querySelector('a') ?? [])
  const current = links.indexOf(document.activeElement)
  return current === -1 ? links[step > 0 ? 0 : links.length - 1] : links[current + step]
}

function searchField() {
  return document.querySelector('[data-search]')
}

function isTyping(element) {
  return element instanceof HTMLElement && (element.isContentEditable || element.matches('input, select, textarea'))
}

/** Without a store (it can be forbidden) the keys are on and the switch lasts as long as the page. */
function areOn() {
  try {
    chosen ??= localStorage.getItem(STORED) ?? 'on'
  } catch {
    chosen ??= 'on'
  }
  return chosen !== 'off'
}

function remember(choice) {
  chosen = choice
  try {
    localStorage.setItem(STORED, choice)
  } catch {
    // The choice lasts as long as the page.
  }
}

/** The hint is hidden until this script can keep what it says. */
function showHints() {
  for (const hint of document.querySelectorAll('[data-keys-hint]')) {
    hint.hidden = false
    const button = hint.querySelector('[data-keys-switch]')
    if (button !== null) button.textContent = areOn() ? button.dataset.textOff : button.dataset.textOn
  }
}
