// Trying requests: only reading ones, with the session that this page has anyway.
const form = document.querySelector('[data-try]')
if (form) {
  const input = form.querySelector('input')
  const status = form.querySelector('[data-status]')
  const answer = form.querySelector('[data-answer]')
  form.hidden = false
  form.addEventListener('submit', async (event) => {
    event.preventDefault()
    const address = new URL(input.dataset.root + input.value.replace(/^\/+/, ''), location.origin)
    // The path alone is used: whatever was typed, the request stays with this server and below the API's root.
    if (!address.pathname.startsWith(input.dataset.root)) return
    status.textContent = '…'
    try {
      const response = await fetch(address.pathname + address.search, { headers: { accept: 'application/json' } })
      const text = await response.text()
      status.textContent = `${response.status} ${response.statusText}`
      answer.textContent = pretty(text)
    } catch (error) {
      status.textContent = String(error)
      answer.textContent = ''
    }
    answer.hidden = answer.textContent === ''
  })
  for (const button of document.querySelectorAll('[data-use]')) {
    button.hidden = false
    button.addEventListener('click', () => {
      input.value = button.dataset.use
      form.requestSubmit()
      form.scrollIntoView({ block: 'nearest' })
      input.focus()
    })
  }
}

function pretty(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2)
  } catch {
    return text
  }
}
