import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isAppError } from '#lib/app-error.ts'
import { readConfig } from './config.ts'

const ROOT = '/somewhere'
const ERP = {
  ERP_URL: 'https://contoso.operations.dynamics.com/',
  ERP_TOKEN_URL: 'https://login.microsoftonline.com/contoso/oauth2/token',
  ERP_CLIENT_ID: 'id',
  ERP_CLIENT_SECRET: 'secret',
}

test('without any setting it is the demo: the reference ERP, known passwords, this machine only', () => {
  const config = readConfig({}, ROOT)
  assert.equal(config.demo, true)
  assert.deepEqual([config.host, config.port, config.scm.port], ['localhost', 4000, 4100])
  assert.equal(config.erp.url, 'http://127.0.0.1:4100')
  assert.equal(config.dataDir, '/somewhere/.comptoir')
  assert.deepEqual(problemsOf({ HOST: '0.0.0.0' }), ['HOST'])
  assert.equal(config.historyDays, 730)
  assert.deepEqual(problemsOf({ HISTORY_DAYS: 'for ever' }), ['HISTORY_DAYS'])
  assert.deepEqual(config.tokenLimits, { requestsMax: 6_000, secondsMax: 1_200, atOnceMax: 52 })
  assert.deepEqual(problemsOf({ TOKEN_REQUESTS_MAX: '0', TOKEN_AT_ONCE_MAX: '1.5' }), ['TOKEN_REQUESTS_MAX', 'TOKEN_AT_ONCE_MAX'])
})

test('T1: an ERP address without what it takes to speak to it is no start, and each missing setting is named', () => {
  assert.deepEqual(problemsOf({ ERP_URL: ERP.ERP_URL }), ['ERP_TOKEN_URL', 'ERP_CLIENT_ID'])
  // The secret may be kept by the installation.
  assert.deepEqual(problemsOf({ ...ERP, ERP_CLIENT_SECRET: '' }), [])
  assert.deepEqual(problemsOf({ ...ERP, ERP_URL: 'contoso.operations.dynamics.com' }), ['ERP_URL'])
  const config = readConfig({ ...ERP, HOST: '0.0.0.0' }, ROOT)
  assert.equal(config.demo, false)
  assert.equal(config.erp.url, 'https://contoso.operations.dynamics.com')
})

test('all problems are told at once', () => {
  assert.deepEqual(problemsOf({ PORT: 'x', SCM_PORT: '70000', PUBLIC_URL: 'localhost:4000', LOG_LEVEL: 'loud' }), [
    'PORT',
    'SCM_PORT',
    'LOG_LEVEL',
    'PUBLIC_URL',
  ])
})

/** The settings that the refusal names. */
function problemsOf(env: Record<string, string>): string[] {
  try {
    readConfig(env, ROOT)
    return []
  } catch (error) {
    assert.ok(isAppError(error, 'config.invalid'))
    return error.message
      .split('\n')
      .slice(1)
      .map((line) => /^ {2}([A-Z_]+)/.exec(line)?.[1] ?? line)
  }
}

test('COMPTOIR_ERP chooses the connector; the password of a database is in no address that is shown', () => {
  const env = {
    COMPTOIR_ERP: 'postgres',
    ERP_URL: 'postgresql://us:s3cret@db.example:5432/erp?password=s3cret',
    COMPTOIR_MAPS: 'm',
  }
  const config = readConfig(env, '/')
  assert.deepEqual([config.demo, config.connector, config.erpDatabase?.changes], [false, 'postgres', 'trigger'])
  assert.equal(config.erp.url, 'postgresql://db.example:5432/erp')
  assert.deepEqual(problemsOf({ ...env, COMPTOIR_MAPS: '' }), ['COMPTOIR_MAPS'])
  assert.deepEqual(problemsOf({ ...env, ERP_URL: 'https://db.example' }), ['ERP_URL'])
  assert.deepEqual(problemsOf({ ...env, ERP_CHANGES: 'version' }), ['ERP_VERSION_COLUMN'])
  assert.deepEqual(problemsOf({ COMPTOIR_ERP: 'sap' }).slice(0, 1), ['COMPTOIR_ERP'])
})
