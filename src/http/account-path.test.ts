import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { accountSegmentOf, addAccountPath, withAccountPath, withoutAccountPath } from './account-path.ts'

const A = '/a/US-001'

test('the account is taken off an address and put back', () => {
  assert.equal(withoutAccountPath('/a/US-001/orders?page=2'), '/orders?page=2')
  assert.equal(withoutAccountPath('/a/US-001'), '/')
  assert.equal(withoutAccountPath('/a/US-001?x=1'), '/?x=1')
  assert.equal(withoutAccountPath('/about'), '/about')
  assert.equal(accountSegmentOf('/a/US%2F001/orders'), 'US/001')
  assert.equal(accountSegmentOf('/a/%zz/orders'), '%zz')
  assert.equal(accountSegmentOf('/abc/orders'), undefined)
  fc.assert(fc.property(fc.webPath(), (path) => void withoutAccountPath(`/a/x${path}`)))
})

test('links, forms and htmx of a page stay with its account; other sites, files and rooms without an account do not', () => {
  const page = `<a href="/orders">o</a><a class='x' href='/'>h</a><form action="/create-order/lines" method="post"><button formaction="/b?x=1&amp;y=2">
<div hx-get="/found" data-hx-post="/p" data-url="/q" hx-push-url="true"></div><img src="/_api/pictures(1)/image">`
  assert.equal(
    addAccountPath(page, A),
    `<a href="${A}/orders">o</a><a class='x' href='${A}/'>h</a><form action="${A}/create-order/lines" method="post"><button formaction="${A}/b?x=1&amp;y=2">
<div hx-get="${A}/found" data-hx-post="${A}/p" data-url="${A}/q" hx-push-url="true"></div><img src="${A}/_api/pictures(1)/image">`,
  )
  for (const same of [
    '<a href="//elsewhere.example/x">',
    '<a href="https://elsewhere.example/x">',
    '<a href="#main">',
    '<a href="?page=2">',
    '<a href="/\\elsewhere">',
    '<a href="/studio">',
    '<a href="/a/US-002/orders">',
    '<form action="/signout">',
    '<link href="/assets/1/x.css">',
  ])
    assert.equal(addAccountPath(same, A), same)
})

test('what only looks like a link stays as it is: text, comments, scripts, text areas, other attributes', () => {
  for (const same of [
    'a href="/orders"',
    '<!-- <a href="/orders"> -->',
    '<script>x = \'<a href="/orders">\'</script>',
    '<textarea><a href="/orders"></textarea>',
    `<p title=' href="/orders"'>`,
    '<input value="/orders">',
    '<p data-live="salesorder:1">',
  ])
    assert.equal(addAccountPath(same, A), same)
  assert.equal(addAccountPath(`<a title='href="/x" >' href="/orders">`, A), `<a title='href="/x" >' href="${A}/orders">`)
})

test('no other address of the outside becomes one of ours, and none of ours is left out', () => {
  fc.assert(
    fc.property(fc.webPath(), (path) => {
      const url = `/o${path}`
      assert.equal(withoutAccountPath(withAccountPath(A, url)), url)
    }),
  )
})

test('a large page is rewritten quickly enough and hostile markup does not make it slow', () => {
  const row = '<tr><td><a href="/orders/1">Order</a></td><td title="a > b">12.00</td></tr>'
  assert.equal(addAccountPath(row.repeat(3_000), A).length, row.length * 3_000 + A.length * 3_000)
  for (const hostile of ['<a '.repeat(20_000), '<!--'.repeat(5_000), `<a ${'"'.repeat(20_001)}`, '<script>'.repeat(2_000)])
    addAccountPath(hostile, A)
})
