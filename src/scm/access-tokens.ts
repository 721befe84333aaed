import { createHmac, timingSafeEqual } from 'node:crypto'
import type { Clock } from '#lib/clock.ts'

/** A program that may call the ERP, and the company its user belongs to. */
export type Client = { id: string; secret: string; company: string }

export type AccessTokens = {
  /** The answer of the token endpoint to a client-credentials form. */
  issue(form: Readonly<Record<string, string | undefined>>): { status: number; body: object }
  /** Whose token an Authorization header carries; undefined for none, a forged or an expired one. */
  clientOf(authorization: string | undefined): Client | undefined
}

const LIFETIME_S = 3_600

/** Tokens are signed with the client's own secret, so that they outlive a restart and nothing has to be kept. */
export function createAccessTokens(clients: readonly Client[], clock: Clock): AccessTokens {
  const nowS = () => Math.floor(clock.nowMs() / 1000)

  function issue(form: Readonly<Record<string, string | undefined>>): { status: number; body: object } {
    if (form.grant_type !== 'client_credentials') {
      return refusal(400, 'unsupported_grant_type', 'The grant type must be client_credentials.')
    }
    if (!form.resource && !form.scope) return refusal(400, 'invalid_request', 'The form must name a resource or a scope.')
    const client = clients.find((one) => one.id === form.client_id)
    if (client === undefined) return refusal(401, 'unauthorized_client', 'The application was not found in the directory.')
    if (!sameText(form.client_secret ?? '', client.secret))
      return refusal(401, 'invalid_client', 'Invalid client secret provided.')
    const now = nowS()
    const token = sign(client, now + LIFETIME_S)
    // Version 1 of the endpoint answers numbers as text, version 2 as numbers.
    if (form.scope) {
      return {
        status: 200,
        body: { token_type: 'Bearer', expires_in: LIFETIME_S, ext_expires_in: LIFETIME_S, access_token: token },
      }
    }
    const body = {
      token_type: 'Bearer',
      expires_in: String(LIFETIME_S),
      ext_expires_in: String(LIFETIME_S),
      expires_on: String(now + LIFETIME_S),
      not_before: String(now),
      resource: form.resource,
      access_token: token,
    }
    return { status: 200, body }
  }

  function clientOf(authorization: string | undefined): Client | undefined {
    const [, payload, signature] = /^Bearer ([\w-]+)\.([\w-]+)$/i.exec(authorization ?? '') ?? []
    if (payload === undefined || signature === undefined) return undefined
    const [id, expiresS] = Buffer.from(payload, 'base64url').toString().split('\n')
    const client = clients.find((one) => one.id === id)
    if (client === undefined || !sameText(signature, signatureOf(client, payload))) return undefined
    return Number(expiresS) > nowS() ? client : undefined
  }

  return { issue, clientOf }
}

function sign(client: Client, expiresS: number): string {
  const payload = Buffer.from(`${client.id}\n${expiresS}`).toString('base64url')
  return `${payload}.${signatureOf(client, payload)}`
}

function signatureOf(client: Client, payload: string): string {
  return createHmac('sha256', client.secret).update(payload).digest('base64url')
}

function sameText(a: string, b: string): boolean {
  const digest = (text: string) => createHmac('sha256', 'compare').update(text).digest()
  return timingSafeEqual(digest(a), digest(b))
}

function refusal(status: number, error: string, error_description: string): { status: number; body: object } {
  return { status, body: { error, error_description } }
}
