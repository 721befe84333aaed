import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { retryDelayMs } from './backoff.ts'
import { add, compare, decimalPlaces, divide, equal, multiply, parseDecimal, round, subtract } from './decimal.ts'
import { attributes, html, trustedHtml } from './html.ts'

test('html escapes every value in text and attributes, and nothing twice', () => {
  const name = `<script>alert("x")</script> & 'y'`
  assert.equal(
    String(html`<b title="${name}">${name}</b>`),
    String(
      html`<b title="&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt; &amp; &#39;y&#39;">&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt; &amp; &#39;y&#39;</b>`,
    ),
  )
  assert.equal(String(html`${html`<i>${'a<b'}</i>`}`), '<i>a&lt;b</i>')
  assert.equal(String(html`${[html`<li>1</li>`, '<2>']}${null}${undefined}${false}${0}`), '<li>1</li>&lt;2&gt;0')
  assert.equal(
    String(html`<a${attributes({ href: '/?a=1&b="2"', hidden: true, title: null, disabled: false })}>x</a>`),
    '<a href="/?a=1&amp;b=&quot;2&quot;" hidden>x</a>',
  )
  assert.equal(String(html`${trustedHtml('<hr>')}`), '<hr>')
})

test('no text can leave an element or an attribute', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const inner = String(html`${text}`)
      assert.ok(!/[<>"']/.test(inner))
      assert.ok(!/&(?!amp;|lt;|gt;|quot;|#39;)/.test(inner))
    }),
  )
})

const decimal = fc
  .tuple(fc.bigInt({ min: -(10n ** 15n), max: 10n ** 15n }), fc.integer({ min: 0, max: 6 }))
  .map(([units, scale]) => divide(String(units), String(10 ** scale)))

test('decimals add, subtract and multiply without losing a digit', () => {
  assert.equal(add('0.1', '0.2'), '0.3')
  assert.equal(multiply('2024.994', '3'), '6074.982')
  fc.assert(
    fc.property(decimal, decimal, decimal, (a, b, c) => {
      assert.equal(subtract(add(a, b), b), a)
      assert.equal(multiply(a, add(b, c)), add(multiply(a, b), multiply(a, c)))
      assert.equal(compare(a, b), -compare(b, a) + 0)
    }),
  )
})

test('rounding is half away from zero and keeps its places', () => {
  assert.deepEqual(
    ['2.5', '-2.5', '1.005', '0.994', '1'].map((value) => round(value, 0)),
    ['3', '-3', '1', '1', '1'],
  )
  assert.equal(round('1.005', 2), '1.01')
  assert.equal(round('7', 2), '7.00')
})

test('only plain decimal numbers parse', () => {
  assert.equal(parseDecimal(' 1.50 '), '1.5')
  assert.equal(parseDecimal('-0'), '0')
  assert.equal(parseDecimal('.5'), '0.5')
  for (const text of ['', ' ', '1e3', '0x10', 'NaN', 'Infinity', '1,5', '1.2.3', '--1', '1 2', '١'])
    assert.equal(parseDecimal(text), undefined, text)
  assert.equal(decimalPlaces('1.50'), 1)
  assert.ok(equal('1.50', '1.5'))
})

test('back-off grows, is jittered, and has an end', () => {
  assert.equal(retryDelayMs(1, 0), 250)
  assert.equal(retryDelayMs(1, 0.999), 500)
  assert.ok(retryDelayMs(4, 0) > retryDelayMs(2, 0.999))
  assert.ok(retryDelayMs(1_000, 0.999) <= 300_000)
})
