import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { diffAccess } from '#access/access-diff.ts'
import { createPermissions } from '#access/permissions.ts'
import { parsePolicy } from '#access/policy.ts'
import { readSiteFolder } from '#portals/site-folder.ts'
import { editPermission } from './server/security/permission-text.ts'
import { createStudio, type TestAdministrator } from './testing/test-studio.ts'
import type {
  AuditPage,
  ConditionCheck,
  Difference,
  DraftFiles,
  PublishOutcome,
  ReleaseDifference,
  ReleaseList,
  RulesView,
  ServiceAccountInfo,
  TokenMade,
} from './wire-security.ts'

const FILE = 'permissions/salesorder.yaml'
const BUYERS_SEE_ALL = {
  name: 'Orders that colleagues see',
  accessType: 'account' as const,
  relationship: 'customerid',
  privileges: ['read' as const],
  roles: ['Authorized user'],
}
const PRODUCTS_FOR_ALL = {
  name: 'Products for anybody',
  accessType: 'global' as const,
  privileges: ['read' as const],
  roles: ['Anonymous Users'],
  columns: ['name'],
}

test('an edit of one permission changes its own lines alone, and what hangs on it follows its new name', () => {
  const text = `# Who sees which orders.
table: salesorder
permissions:
  # The company itself.
  - name: A
    accessType: global
    privileges: [read]
    roles: [Administrator]
  - name: B # by contact
    accessType: contact
    relationship: contactid
    privileges: [read]
    roles: [Administrator]
`
  const lines = `table: salesorderdetail
permissions:
  - name: Lines
    accessType: parent
    parent: { permission: A, through: salesorderid }
    privileges: [read]
    roles: [Administrator]
`
  const files = new Map([
    ['permissions/a.yaml', text],
    ['permissions/b.yaml', lines],
  ])
  const permission = {
    name: 'All: orders',
    accessType: 'global' as const,
    privileges: ['read' as const],
    roles: ['Administrator'],
  }
  const renamed = editPermission(files, { kind: 'put', table: 'salesorder', file: 'permissions/a.yaml', before: 'A', permission })
  assert.equal(renamed['permissions/a.yaml'], text.replace('name: A\n', 'name: "All: orders"\n'))
  assert.equal(renamed['permissions/b.yaml'], lines.replace('permission: A,', 'permission: "All: orders",'))

  const added = editPermission(files, {
    kind: 'put',
    table: 'salesorder',
    file: null,
    before: null,
    permission: { ...permission, name: 'C' },
  })
  assert.equal(
    added['permissions/a.yaml'],
    `${text}  - name: C\n    accessType: global\n    privileges: [read]\n    roles: [Administrator]\n`,
  )
  const deleted = editPermission(files, { kind: 'delete', file: 'permissions/a.yaml', permission: 'A' })
  assert.equal(deleted['permissions/a.yaml'], text.replace(/ {2}- name: A[^-]*(?= {2}-)/, ''))
  assert.deepEqual(editPermission(files, { kind: 'delete', file: 'permissions/b.yaml', permission: 'Lines' }), {
    'permissions/b.yaml': null,
  })
  const fresh = editPermission(files, { kind: 'put', table: 'product', file: null, before: null, permission })
  assert.deepEqual(Object.keys(fresh), ['permissions/product.yaml'])
  assert.deepEqual(
    parsePolicy(
      new Map([
        ['roles.yaml', 'roles: [{ name: Administrator }]'],
        ['permissions/product.yaml', fresh['permissions/product.yaml'] ?? ''],
      ]),
    ).permissions.length,
    1,
  )
})

test('a draft is compared as the engine compares it, published as a release, and taken back', async () => {
  await using studio = await createStudio()
  const admin = await studio.administrator()
  const { place, permissions } = studio.people
  const view = await admin.post<RulesView>('/security/drafts/views', { files: {} })
  assert.deepEqual(view.problems, [])
  assert.equal(view.roles.find((one) => one.name === 'Authorized user')?.people, 2)
  const draft = await admin.post<DraftFiles>('/security/drafts/edits', {
    files: {},
    edit: { kind: 'put', table: 'salesorder', file: null, before: null, permission: BUYERS_SEE_ALL },
  })
  const told = await admin.post<Difference>('/security/drafts/differences', { files: draft })
  const files = new Map(readSiteFolder(join(import.meta.dirname, '../customer-portal/site'))).set(
    FILE,
    Buffer.from(draft[FILE] ?? ''),
  )
  const after = createPermissions(place.catalog, parsePolicy(files), place.clock)
  const engine = await diffAccess(place, permissions, after)
  assert.deepEqual(told.kind === 'counted' && told.lines, JSON.parse(JSON.stringify(engine.lines)))
  assert.ok(told.kind === 'counted' && told.lines.some((one) => one.says.en.startsWith('2 people gain')), JSON.stringify(told))

  const publish = (base: number) =>
    admin.post<PublishOutcome>('/security/releases', { files: draft, base, message: 'Colleagues see orders', confirm: [] })
  const published = await publish(view.releaseId)
  assert.equal(published.kind, 'published')
  assert.equal((await publish(view.releaseId)).kind, 'outdated')
  const { releases, folder } = await admin.get<ReleaseList>('/security/releases')
  assert.deepEqual(
    [releases[0]?.author, releases[0]?.message, releases[0]?.isShown, folder.state],
    ['admin@comptoir.example', 'Colleagues see orders', true, 'kept'],
  )
  const changes = await admin.get<ReleaseDifference>(`/security/releases/${releases[0]?.id}`)
  assert.deepEqual(
    changes.files.map((one) => one.path),
    [FILE],
  )
  assert.ok(changes.files[0]?.lines?.some((one) => one.kind === 'added' && one.text.includes(BUYERS_SEE_ALL.name)))
  const file = await admin.try('GET', `/security/shown-files?path=${FILE}`)
  assert.equal(file.body, draft[FILE])

  assert.equal((await admin.post<PublishOutcome>(`/security/releases/${view.releaseId}/switches`, {})).kind, 'published')
  assert.equal((await admin.post<RulesView>('/security/drafts/views', { files: {} })).releaseId, view.releaseId)
})

test('what anybody would get is not published until it is confirmed by name, by going back neither', async () => {
  await using studio = await createStudio()
  const admin = await studio.administrator()
  const { releaseId } = await admin.post<RulesView>('/security/drafts/views', { files: {} })
  const edit = { kind: 'put', table: 'product', file: null, before: null, permission: PRODUCTS_FOR_ALL }
  const files = await admin.post<DraftFiles>('/security/drafts/edits', { files: {}, edit })
  const told = await admin.post<Difference>('/security/drafts/differences', { files })
  assert.deepEqual(told.kind === 'counted' && [...new Set(told.anonymous.map((one) => one.confirm))], ['anonymous:product'])
  const publish = (base: number, confirm: string[]) =>
    admin.post<PublishOutcome>('/security/releases', { files, base, message: 'Open', confirm })
  assert.equal((await publish(releaseId, [])).kind, 'needs_confirmation')
  assert.equal((await publish(releaseId, ['anonymous:invoice'])).kind, 'needs_confirmation')
  const open = await publish(releaseId, ['anonymous:product'])
  assert.equal(open.kind, 'published')
  if (open.kind !== 'published') return
  const switchTo = (id: number, confirm: string[]) => admin.post<PublishOutcome>(`/security/releases/${id}/switches`, { confirm })
  assert.equal((await switchTo(releaseId, [])).kind, 'published')
  assert.equal((await switchTo(open.id, [])).kind, 'needs_confirmation')
  assert.equal((await switchTo(open.id, ['anonymous:product'])).kind, 'published')
  const { entries } = await admin.get<AuditPage>('/security/audit')
  assert.deepEqual(
    entries
      .filter((one) => one.action.startsWith('release.') && one.who === 'admin@comptoir.example')
      .map((one) => [one.action, one.details.confirmed]),
    [
      ['release.shown', 'anonymous:product'],
      ['release.shown', undefined],
      ['release.published', 'anonymous:product'],
    ],
  )
})

test('every mistake of a draft has its place: in the file, and in a condition to the character', async () => {
  await using studio = await createStudio()
  const admin = await studio.administrator()
  const text = `table: product
permissions:
  - name: X
    accessType: global
    privileges: [read]
    roles: [Administrator]
    where: statecode eq
`
  const view = (files: DraftFiles) => admin.post<RulesView>('/security/drafts/views', { files })
  const problems = (await view({ 'permissions/product.yaml': text })).problems
  assert.deepEqual(
    problems.map((one) => [one.file, one.line, one.column]),
    [['permissions/product.yaml', 7, 24]],
  )
  const unknown = (await view({ 'permissions/product.yaml': text.replace('statecode eq', 'colour eq 1') })).problems
  assert.deepEqual(
    unknown.map((one) => [one.file, one.line]),
    [['permissions/product.yaml', 3]],
  )
  const shape = (await view({ 'permissions/product.yaml': text.replace('global', 'everything') })).problems
  assert.deepEqual(
    shape.map((one) => [one.line, one.column]),
    [[4, 17]],
  )
  assert.equal(
    (await admin.post<Difference>('/security/drafts/differences', { files: { 'permissions/product.yaml': text } })).kind,
    'invalid',
  )
  assert.equal((await admin.try('POST', '/security/drafts/views', { files: { 'pages/index.liquid': 'x' } })).status, 400)
  const check = (where: string) => admin.post<ConditionCheck>('/security/condition-checks', { table: 'salesorder', where })
  assert.deepEqual(await check('statecode eq 0'), { kind: 'good' })
  const bad = await check('statecode eq 0 and (')
  assert.deepEqual([bad.kind, bad.kind === 'bad' && bad.position], ['bad', 20])
})

test('a token is answered once, works, and is worthless when it is revoked; the record says who did what', async () => {
  await using studio = await createStudio()
  const admin = await studio.administrator()
  const expiresAt = new Date(Date.now() + 86_400_000).toISOString()
  const made = await admin.post<TokenMade>('/security/tokens', {
    name: 'Warehouse',
    role: 'Customer representative',
    accountId: studio.people.accounts.x,
    readOnly: true,
    tables: ['salesorder'],
    expiresAt,
  })
  assert.match(made.token, /^comptoir_/)
  const list = () => admin.get<ServiceAccountInfo[]>('/security/service-accounts')
  const [account] = await list()
  const [token] = account?.tokens ?? []
  assert.deepEqual(
    [account?.name, account?.accountName, token?.state, token?.tables],
    ['Warehouse', 'Fabrikam', 'active', ['salesorder']],
  )
  assert.ok(!JSON.stringify(await list()).includes(made.token))
  await admin.post(`/security/tokens/${token?.id}/revocations`, {})
  assert.equal((await list())[0]?.tokens[0]?.state, 'revoked')
  await admin.post(`/security/service-accounts/${account?.id}/suspensions`, {})
  assert.notEqual((await list())[0]?.disabledAt, null)
  await admin.post(`/contacts/${studio.people.contacts.jane}/roles`, { roles: ['Customer representative'] })
  await admin.post(`/contacts/${studio.people.contacts.jane}/session-ends`, {})
  assert.deepEqual(await lastActions(admin, 6), [
    ['person.signed_out', 'Ada Admin', 'Jane Example'],
    ['role.given', 'Ada Admin', 'Jane Example'],
    ['role.taken', 'Ada Admin', 'Jane Example'],
    ['program.disabled', 'Ada Admin', 'Warehouse'],
    ['token.revoked', 'Ada Admin', 'Warehouse'],
    ['token.made', 'Ada Admin', 'Warehouse'],
  ])
  for (const change of ['update access.audit set actor = null', 'delete from access.audit', 'truncate access.audit'])
    await assert.rejects(studio.people.place.database.pool.query(change), /only added to/, change)
})

async function lastActions(admin: TestAdministrator, count: number): Promise<(string | null)[][]> {
  const { entries } = await admin.get<AuditPage>('/security/audit')
  return entries.slice(0, count).map((one) => [one.action, one.who, one.subject])
}
