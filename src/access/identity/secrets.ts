import { createHash, randomBytes } from 'node:crypto'

/** A secret of 256 bits for cookies and links, and the only form of it that is stored. */
export function newSecret(): { secret: string; sha256: Buffer } {
  const secret = randomBytes(32).toString('base64url')
  return { secret, sha256: sha256Of(secret) }
}

/** 256 random bits need no slow hash: nobody can guess them. */
export function sha256Of(secret: string): Buffer {
  return createHash('sha256').update(secret).digest()
}
