import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { cleanFileName, contentDisposition } from './file-name.ts'

test('a name from outside is a name and no path, and hides nothing', () => {
  assert.equal(cleanFileName('C:\\Users\\kim\\Devis n° 7.pdf'), 'Devis n° 7.pdf')
  assert.equal(cleanFileName('../..'), 'file')
  assert.equal(cleanFileName('a\u202Egpj.exe'), 'agpj.exe')
  assert.equal(cleanFileName(`${'x'.repeat(400)}.docx`).endsWith('x.docx'), true)
})

test('whatever the name, the header is one line of ASCII with one name in quotes', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (name) => {
      const clean = cleanFileName(name)
      assert.ok(clean.length > 0 && [...clean].length <= 150 && !/[/\\\0\r\n"]/.test(clean))
      assert.match(
        contentDisposition('attachment', name),
        /^attachment; filename="[ !#-~]*"; filename\*=UTF-8''[\w!#$&+.^`|~%-]+$/,
      )
    }),
  )
})
