import { openApiDocument } from '../openapi/document.ts'
import { type ApiAnswer, jsonAnswer } from '../protocol/call.ts'
import { type Caller, tablesOf } from './caller.ts'

/** GET openapi.json: what this caller may use of the API. */
export function openApiAnswer(caller: Caller, siteName: string): ApiAnswer {
  const { catalog, dialect, language, root } = caller
  const document = openApiDocument({ catalog, tables: tablesOf(caller), dialect, language, root, siteName })
  return jsonAnswer(JSON.stringify(document), { headers: { 'content-type': 'application/json; charset=utf-8' } })
}
