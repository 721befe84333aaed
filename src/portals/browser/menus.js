/* Menus that open over the page: Escape and a click elsewhere close them, and a long list in one gets a search. Without this script they
   open and close by their own button, and the list scrolls. */

document.addEventListener('keydown', (event) => {
  if (event.key !== 'Escape') return
  const menu = event.target.closest?.('details.visitor-menu[open]') ?? document.querySelector('details.visitor-menu[open]')
  if (menu === null) return
  menu.open = false
  menu.querySelector('summary')?.focus()
})
document.addEventListener('click', (event) => {
  for (const menu of document.querySelectorAll('details.visitor-menu[open]')) if (!menu.contains(event.target)) menu.open = false
})

for (const search of document.querySelectorAll('[data-narrows]')) {
  const list = document.getElementById(search.dataset.narrows)
  const input = search.querySelector('input')
  if (list === null || input === null) continue
  search.hidden = false
  input.addEventListener('input', () => narrow(search, list, input.value))
  input.addEventListener('keydown', (event) => {
    if (event.key !== 'Enter') return
    event.preventDefault()
    shown(list)[0]?.querySelector('a')?.click()
  })
  // A browser may have kept what was typed.
  narrow(search, list, input.value)
}

function narrow(search, list, text) {
  const words = plain(text).split(/\s+/)
  for (const item of list.children) item.hidden = !words.every((word) => plain(item.textContent).includes(word))
  const nothing = search.querySelector('[data-nothing]')
  if (nothing !== null) nothing.textContent = shown(list).length === 0 ? nothing.dataset.nothing : ''
}

function shown(list) {
  return [...list.children].filter((item) => !item.hidden)
}

/** Without case and accents: who types "societe" means "Société". */
function plain(text) {
  return text.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase().trim()
}
