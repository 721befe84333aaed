import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'

/**
 * A token that only a page of ours could have put into a form: bound to the visitor's own cookie (`holder`) by our secret, so that
 * neither another site nor another visitor's token will do. Different each time, since compressed pages carry it.
 */
export function makeCsrfToken(secret: string, holder: string): string {
  const salt = randomBytes(12).toString('base64url')
  return `${salt}.${signature(secret, salt, holder)}`
}

export function isCsrfToken(secret: string, holder: string, token: string): boolean {
  const [salt = '', given = ''] = token.split('.')
  const expected = Buffer.from(signature(secret, salt, holder))
  const actual = Buffer.from(given)
  return salt !== '' && expected.length === actual.length && timingSafeEqual(expected, actual)
}

function signature(secret: string, salt: string, holder: string): string {
  return createHmac('sha256', secret).update(`csrf\0${salt}\0${holder}`).digest('base64url')
}
