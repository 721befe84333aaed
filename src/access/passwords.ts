import { hash, verify } from '@node-rs/argon2'

/** OWASP's figures for argon2id (the library's default algorithm): 19 MiB, two passes, one lane. */
const COST = { memoryCost: 19_456, timeCost: 2, parallelism: 1 }
const PASSWORD_CHARACTERS_MIN = 10
/** Longer ones would only serve to keep the processor busy. */
const PASSWORD_CHARACTERS_MAX = 200

export type PasswordProblem = 'too_short' | 'too_long' | 'is_email' | 'too_simple'

/** Length over composition rules: what is refused is what guessing starts with. */
export function findPasswordProblem(password: string, email: string): PasswordProblem | undefined {
  if (password.length < PASSWORD_CHARACTERS_MIN) return 'too_short'
  if (password.length > PASSWORD_CHARACTERS_MAX) return 'too_long'
  if (password.trim().toLowerCase() === email.trim().toLowerCase()) return 'is_email'
  if (new Set(password).size < 4) return 'too_simple'
  return undefined
}

/** A PHC string: algorithm, cost, salt and hash in one. */
export function hashPassword(password: string): Promise<string> {
  return hash(password.normalize('NFC'), COST)
}

/** With no hash (nobody of that name) the same work is done for nothing, so that the time tells nobody who exists. */
export async function verifyPassword(passwordHash: string | undefined, password: string): Promise<boolean> {
  const candidate = password.slice(0, PASSWORD_CHARACTERS_MAX + 1).normalize('NFC')
  nobodysHash ??= hashPassword('nobody has this password')
  const matches = await verify(passwordHash ?? (await nobodysHash), candidate)
  return matches && passwordHash !== undefined
}

let nobodysHash: Promise<string> | undefined
