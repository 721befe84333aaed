import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { AppError } from '#lib/app-error.ts'
import { required } from '#lib/assert.ts'
import type { Database, Tx } from '#postgres/database.ts'
import {
  findSealedSecret,
  lockSealedSecrets,
  notifyConnection,
  putSealedSecret,
  type SealedSecret,
} from './connection-secret.queries.ts'
import { insertActivity } from './maps.queries.ts'

/**
 * The secret of a connection, encrypted in the database (AES-256-GCM) with a key that is in the installation's folder only: neither a
 * backup of the database nor the folder alone gives it away.
 */
export type ConnectionSecrets = {
  /** Undefined where none is kept. Throws AppError `connection.unreadable` where its key is not in the folder. */
  find(connector: string): Promise<string | undefined>
  /** Who has set it and when, never what. */
  describe(connector: string): Promise<{ setAt: string; setBy: string; keyId: string } | undefined>
  set(connector: string, secret: string, actor: string): Promise<void>
  /** A new key; everything is encrypted anew with it, then the old key is forgotten. Answers how many secrets there are. */
  rotateKey(actor: string): Promise<number>
}

type Key = { id: string; key: Buffer }

const FILE = 'connection-keys'
const NONCE_BYTES = 12
const TAG_BYTES = 16

/** `folder` is where the installation has its keys. */
export function openConnectionSecrets(database: Database, folder: string): ConnectionSecrets {
  const file = join(folder, FILE)

  return {
    async find(connector) {
      const found = await database.read((tx) => findSealedSecret(tx, connector))
      return found === undefined ? undefined : unseal(found, readKeys(file))
    },
    async describe(connector) {
      const found = await database.read((tx) => findSealedSecret(tx, connector))
      return found === undefined ? undefined : { setAt: found.setAt, setBy: found.setBy, keyId: found.keyId }
    },
    async set(connector, secret, actor) {
      await database.transaction(async (tx) => {
        // Behind a change of keys that is under way: after it the old key is no more.
        await lockSealedSecrets(tx)
        const key = readKeys(file)[0] ?? addKey(file)
        await put(tx, connector, secret, key, actor)
        await insertActivity(tx, { map: null, actor, action: 'connection set', details: { connector } })
        await notifyConnection(tx)
      })
    },
    async rotateKey(actor) {
      // The old ones stay in the file until the transaction has ended: a crash anywhere leaves every secret readable.
      const key = addKey(file)
      const count = await database.transaction(async (tx) => {
        const secrets = await lockSealedSecrets(tx)
        for (const one of secrets) await put(tx, one.connector, unseal(one, readKeys(file)), key, one.setBy)
        await insertActivity(tx, { map: null, actor, action: 'connection key rotated', details: { secrets: secrets.length } })
        return secrets.length
      })
      writeKeys(file, [key])
      return count
    },
  }
}

async function put(tx: Tx, connector: string, secret: string, key: Key, setBy: string): Promise<void> {
  await putSealedSecret(tx, { connector, keyId: key.id, sealed: seal(secret, key, connector), setBy })
}

/** Bound to the connector's name: a secret cannot be moved to another. */
function seal(text: string, { key }: Key, connector: string): string {
  const nonce = randomBytes(NONCE_BYTES)
  const cipher = createCipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG_BYTES }).setAAD(Buffer.from(connector))
  return Buffer.concat([nonce, cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()]).toString('base64')
}

function unseal({ connector, keyId, sealed }: SealedSecret, keys: readonly Key[]): string {
  const key = keys.find((one) => one.id === keyId)
  if (key === undefined) throw unreadable(connector)
  const bytes = Buffer.from(sealed, 'base64')
  try {
    const decipher = createDecipheriv('aes-256-gcm', key.key, bytes.subarray(0, NONCE_BYTES), { authTagLength: TAG_BYTES })
      .setAAD(Buffer.from(connector))
      .setAuthTag(bytes.subarray(-TAG_BYTES))
    return Buffer.concat([decipher.update(bytes.subarray(NONCE_BYTES, -TAG_BYTES)), decipher.final()]).toString('utf8')
  } catch (cause) {
    throw unreadable(connector, cause)
  }
}

/** The current key first. One a line: its id, a colon, the key in base64. */
function readKeys(file: string): Key[] {
  if (!existsSync(file)) return []
  return readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [id, key] = line.split(':')
      return { id: required(id, 'the id of a key'), key: Buffer.from(required(key, 'a key'), 'base64') }
    })
}

function addKey(file: string): Key {
  const key = { id: randomBytes(4).toString('hex'), key: randomBytes(32) }
  writeKeys(file, [key, ...readKeys(file)])
  return key
}

function writeKeys(file: string, keys: readonly Key[]): void {
  mkdirSync(join(file, '..'), { recursive: true, mode: 0o700 })
  const next = `${file}.next`
  writeFileSync(next, keys.map(({ id, key }) => `${id}:${key.toString('base64')}\n`).join(''), { mode: 0o600 })
  renameSync(next, file)
}

function unreadable(connector: string, cause?: unknown): AppError {
  return new AppError(
    'connection.unreadable',
    `The secret kept for ${connector} cannot be read with the keys of this installation; set it again: comptoir connection set`,
    { cause },
  )
}
