import type { HttpServer, Reply, Request } from '#http/server.ts'
import type { Clock } from '#lib/clock.ts'
import type { AccessTokens, Client } from '../access-tokens.ts'
import type { Fault, Faults } from '../faults.ts'
import { failureBody } from './failures.ts'
import { jsonResponse, type ODataRequest, type ODataResponse } from './protocol.ts'
import type { ODataService } from './service.ts'

const BODY_BYTES_MAX = 32 * 1024 * 1024
const METHODS = ['GET', 'POST', 'PATCH', 'PUT', 'DELETE'] as const

/** `/data` and everything below it, and the token endpoint that opens it. */
export function registerOData(
  server: HttpServer,
  parts: { service: ODataService; tokens: AccessTokens; faults: Faults; clock: Clock; ready: () => boolean },
): void {
  const { service, tokens, faults } = parts
  for (const path of ['/oauth2/token', '/:tenant/oauth2/token', '/:tenant/oauth2/v2.0/token']) {
    server.post(path, async (request, reply) => {
      if ((await suffer(faults, parts.clock, request, reply)).outage !== false) return reply
      const { status, body } = tokens.issue((request.body ?? {}) as Record<string, string>)
      return reply.code(status).header('cache-control', 'no-store').send(body)
    })
  }

  void server.register(async (scope) => {
    // Bodies are read by the protocol itself: exact numbers, multipart as it comes.
    scope.removeAllContentTypeParsers()
    scope.addContentTypeParser('*', { parseAs: 'string', bodyLimit: BODY_BYTES_MAX }, (_request, body, done) => done(null, body))
    for (const url of ['/data', '/data/*']) {
      scope.route({ method: [...METHODS], url, bodyLimit: BODY_BYTES_MAX, compress: false, handler: answer })
    }
  })

  async function answer(request: Request, reply: Reply): Promise<unknown> {
    const fault = await suffer(faults, parts.clock, request, reply)
    if (fault.outage !== false) return reply
    const client = tokens.clientOf(request.headers.authorization)
    if (client === undefined) return send(reply, unauthorized())
    if (!parts.ready()) return send(reply, notReady())
    const odata = requestOf(request, client)
    const intercept = (url: string) => throttled(faults.throttle(`/data${url}`))
    const response =
      (odata.url.startsWith('/$batch') ? undefined : intercept(odata.url)) ?? (await service.handle(odata, intercept))
    if (fault.loseAnswer) return cut(reply)
    return send(reply, response)
  }
}

/** Waits, or ends the request, as the fault plan says: with an outage the request is over. */
async function suffer(faults: Faults, clock: Clock, request: Request, reply: Reply): Promise<Fault> {
  const fault = faults.fault(request.method, request.url)
  const { latencyMs, outage } = fault
  if (latencyMs > 0) await clock.sleep(latencyMs)
  if (outage === 'cut') cut(reply)
  if (outage === 'gateway')
    reply.code(502).type('text/html').send('<html><head><title>502 Bad Gateway</title></head><body>502 Bad Gateway</body></html>')
  return fault
}

function cut(reply: Reply): Reply {
  reply.hijack()
  reply.raw.destroy()
  return reply
}

function requestOf(request: Request, client: Client): ODataRequest {
  const headers: Record<string, string> = {}
  for (const [name, value] of Object.entries(request.headers)) {
    if (value !== undefined) headers[name] = Array.isArray(value) ? value.join(', ') : value
  }
  return {
    method: request.method,
    url: (request.raw.url ?? '').replace(/^\/data/, ''),
    headers,
    body: typeof request.body === 'string' ? request.body : '',
    root: `${request.protocol}://${request.host}/data`,
    company: client.company,
  }
}

function send(reply: Reply, response: ODataResponse): Reply {
  reply.code(response.status).headers(response.headers)
  return response.body === '' ? reply.send() : reply.send(response.body)
}

function unauthorized(): ODataResponse {
  const response = jsonResponse(401, failureBody({ status: 401, message: 'Authorization has been denied for this request.' }))
  response.headers['www-authenticate'] = 'Bearer'
  return response
}

function notReady(): ODataResponse {
  const response = jsonResponse(503, failureBody({ status: 503, message: 'The service is starting.' }))
  response.headers['retry-after'] = '1'
  return response
}

function throttled(seconds: number | undefined): ODataResponse | undefined {
  if (seconds === undefined) return undefined
  const message = 'This request could not be processed at this time due to system experiencing high resource utilization.'
  const response = jsonResponse(429, failureBody({ status: 429, message }))
  response.headers['retry-after'] = String(seconds)
  return response
}
