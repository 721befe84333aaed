import { messageOf } from '#lib/app-error.ts'
import type { TableDefinition } from '#tables/definition.ts'
import { type BatchPart, type BatchRequest, formatBatch, type PartAnswer, parseBatch } from '../protocol/batch-syntax.ts'
import { type ApiAnswer, type ApiCall, splitQuery } from '../protocol/call.ts'
import { parsePreferences } from '../protocol/preferences.ts'
import { ApiRefusal, printable } from '../protocol/refusals.ts'
import type { Caller } from './caller.ts'
import { pathBelow } from './input.ts'
import { perform, refusalAnswer, refusalFor } from './perform.ts'
import { performWrites, prepareWrite, type Write, WriteRefused } from './write.ts'

/**
 * POST $batch. The batch itself succeeds; each part tells its own status. A change set is done whole or not at all, and answers what was
 * refused with one part. Without `Prefer: odata.continue-on-error` nothing is done after the first part that was refused.
 */
export async function performBatch(caller: Caller, call: ApiCall): Promise<ApiAnswer> {
  const body = typeof call.body === 'string' ? call.body : ''
  const parts = parseBatch(call.headers['content-type'] ?? '', body)
  const { continueOnError } = parsePreferences(call.headers.prefer)
  const answers: (PartAnswer | readonly PartAnswer[])[] = []
  for (const part of parts) {
    const answer = await performPart(caller, part)
    answers.push(answer)
    if (!Array.isArray(answer) && (answer as PartAnswer).status >= 400 && !continueOnError) break
  }
  const { contentType, body: text } = formatBatch(answers)
  return { status: 200, headers: { 'content-type': contentType }, body: text }
}

async function performPart(caller: Caller, part: BatchPart): Promise<PartAnswer | readonly PartAnswer[]> {
  if (part.kind === 'changeSet') return performChangeSet(caller, part.requests)
  const { request } = part
  try {
    return partAnswer(await perform(caller, callOf(caller, request)), request)
  } catch (error) {
    return refused(caller, error, request)
  }
}

async function performChangeSet(caller: Caller, requests: readonly BatchRequest[]): Promise<PartAnswer | readonly PartAnswer[]> {
  const references = new Map<string, TableDefinition>()
  const writes: Write[] = []
  for (const request of requests) {
    try {
      if (request.method === 'GET') throw new ApiRefusal('invalid', 'A change set only writes: put GET requests beside it')
      const { contentId } = request
      if (contentId !== undefined && !/^[\w.-]{1,64}$/.test(contentId))
        throw new ApiRefusal(
          'invalid',
          `The Content-ID '${printable(contentId)}' is not made of letters, digits, '.', '-' and '_'`,
        )
      if (contentId !== undefined && references.has(contentId))
        throw new ApiRefusal('invalid', `Two requests of the change set have the Content-ID ${contentId}`)
      const write = prepareWrite(caller, callOf(caller, request), references, contentId)
      if (contentId !== undefined) references.set(contentId, write.table)
      writes.push(write)
    } catch (error) {
      return refused(caller, error, request)
    }
  }
  try {
    const answers = await performWrites(caller, writes)
    return answers.map((answer, index) => partAnswer(answer, requests[index]))
  } catch (error) {
    return refused(caller, error, error instanceof WriteRefused ? requests[error.index] : undefined)
  }
}

/** A part's request as one of the service's own: absolute and relative addresses become paths below the root. */
function callOf(caller: Caller, request: BatchRequest): ApiCall {
  const { path, query } = splitQuery(pathBelow(caller.root, request.url))
  if (path === '$batch') throw new ApiRefusal('invalid', 'A batch holds no further batch')
  return { method: request.method, path, query, headers: request.headers, body: request.body }
}

function partAnswer(answer: ApiAnswer, request: BatchRequest | undefined): PartAnswer {
  const body = typeof answer.body === 'string' ? answer.body : ''
  return { status: answer.status, headers: { ...answer.headers, 'odata-version': '4.0' }, body, contentId: request?.contentId }
}

function refused(caller: Caller, error: unknown, request: BatchRequest | undefined): PartAnswer {
  const refusal = refusalFor(error)
  if (refusal === undefined) {
    const stack = error instanceof Error ? error.stack : undefined
    caller.log.error({ method: request?.method, reason: messageOf(error), stack }, 'a part of an API batch failed')
  }
  const told = refusal ?? new ApiRefusal('failed', 'Something went wrong on our side. It has been recorded; please try again.')
  return partAnswer(refusalAnswer(caller, told), request)
}
