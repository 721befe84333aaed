import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'node:test'
import { registerPages } from '../src/studio/server/pages.ts'
import { createShop, plain } from './support/shop.ts'

test('who is no administrator finds a page of the site where Studio is, in his language, and the way back', async () => {
  await using shop = await createShop()
  const app = await mkdtemp(join(tmpdir(), 'comptoir-studio-page-'))
  await mkdir(join(app, 'assets'))
  await writeFile(join(app, 'index.html'), '<title>Studio</title>')
  registerPages(shop.routes.pages, Promise.resolve(app))

  const jane = await shop.as('jane@shop.test')
  for (const path of ['/studio', '/studio/accounts', '/studio/assets/no-such-file.js']) {
    const page = await jane.get(path)
    assert.equal(page.status, 404, path)
    assert.match(String(page.headers['content-type']), /^text\/html/)
    assert.match(plain(page.text), /Page not found.*There is nothing at this address/)
    assert.match(page.text, /<a[^>]* href="\/orders"/)
  }
  await jane.post('/language', { language: 'fr', return: '/' })
  const french = await jane.get('/studio')
  assert.equal(french.status, 404)
  assert.match(plain(french.text), /Page introuvable/)

  assert.equal((await shop.anonymous().get('/studio')).location, '/signin?return=%2Fstudio')
  const admin = await (await shop.as('admin@shop.test')).get('/studio')
  assert.equal(admin.status, 200)
  assert.match(admin.text, /<title>Studio<\/title>/)
  await rm(app, { recursive: true })
})
