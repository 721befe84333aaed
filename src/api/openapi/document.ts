import type { JsonObject } from '#lib/json.ts'
import type { Catalog } from '#tables/catalog.ts'
import { labelOf } from '#tables/definition.ts'
import type { ApiTable, ApiTables } from '../metadata/model.ts'
import type { Dialect } from '../protocol/refusals.ts'
import { errorSchema, rowSchema, writeSchema } from './schemas.ts'
import { OPERATION_TEXTS } from './texts.ts'

export type Description = {
  catalog: Catalog
  tables: ApiTables
  dialect: Dialect
  language: string
  root: string
  siteName: string
}

/**
 * An API as an OpenAPI 3.1 document: the tables, columns and operations that the caller may use, and nothing else. What every operation
 * shares (parameters, answers) stands once, in components.
 */
export function openApiDocument(description: Description): JsonObject {
  const { dialect, siteName, root, language, tables } = description
  const texts = OPERATION_TEXTS[language] ?? OPERATION_TEXTS.en
  const all = [...tables.values()]
  return {
    openapi: '3.1.0',
    info: {
      title: `${siteName}: ${texts.titles[dialect]}`,
      version: dialect === 'data' ? '9.2' : '1.0',
      description: texts.descriptions[dialect],
    },
    servers: [{ url: root.replace(/\/$/, '') }],
    security: dialect === 'data' ? [{ token: [] }] : [{ session: [] }],
    tags: all.map(({ table }) => ({ name: table.setName, description: labelOf(table, language) })),
    paths: Object.fromEntries([
      ...all.flatMap((one) => tablePaths(description, one)),
      ...(dialect === 'data' ? dataPaths(texts) : []),
    ]),
    components: {
      securitySchemes:
        dialect === 'data'
          ? { token: { type: 'http', scheme: 'bearer', description: texts.token } }
          : { session: { type: 'apiKey', in: 'cookie', name: 'comptoir_session', description: texts.session } },
      parameters: parameters(texts, dialect),
      responses: responses(texts),
      schemas: {
        Error: errorSchema(dialect),
        ...Object.fromEntries(all.map((one) => [one.table.name, rowSchema(description, one)])),
        ...Object.fromEntries(all.filter(isWritten).map((one) => [`${one.table.name}.write`, writeSchema(description, one)])),
      },
    },
  }
}

type Texts = (typeof OPERATION_TEXTS)['en']

function isWritten(one: ApiTable): boolean {
  return one.privileges.has('create') || one.privileges.has('write')
}

function tablePaths(description: Description, one: ApiTable): [string, JsonObject][] {
  const { table, privileges } = one
  const texts = OPERATION_TEXTS[description.language] ?? OPERATION_TEXTS.en
  const name = labelOf(table, description.language)
  const operation = (id: string, summary: string, more: JsonObject): JsonObject => ({
    operationId: `${id}.${table.setName}`,
    tags: [table.setName],
    summary: `${summary}: ${name}`,
    ...more,
  })
  const set: Record<string, JsonObject> = {}
  const row: Record<string, JsonObject> = {}
  if (privileges.has('read')) {
    set.get = operation('list', texts.list, {
      parameters: ['select', 'filter', 'orderby', 'top', 'count', 'expand', 'apply', 'prefer'].map(parameterRef),
      responses: { 200: listResponse(table.name, texts), ...refusals('400', '401', '403') },
    })
    row.get = operation('get', texts.get, {
      parameters: ['select', 'expand', 'ifNoneMatch', 'prefer'].map(parameterRef),
      responses: { 200: rowResponse(table.name, texts), 304: responseRef('notModified'), ...refusals('401', '403', '404') },
    })
  }
  if (privileges.has('create'))
    set.post = operation('create', texts.create, {
      parameters: [...csrf(description.dialect), parameterRef('prefer')],
      requestBody: writeBody(table.name),
      responses: {
        201: rowResponse(table.name, texts),
        204: responseRef('written'),
        ...refusals('400', '401', '403', '412', '413'),
      },
    })
  if (privileges.has('write'))
    row.patch = operation('update', texts.update, {
      parameters: [...csrf(description.dialect), ...['ifMatch', 'ifNoneMatch', 'prefer'].map(parameterRef)],
      requestBody: writeBody(table.name),
      responses: {
        200: rowResponse(table.name, texts),
        204: responseRef('written'),
        ...refusals('400', '401', '403', '404', '412', '413'),
      },
    })
  if (privileges.has('delete'))
    row.delete = operation('delete', texts.delete, {
      parameters: [...csrf(description.dialect), parameterRef('ifMatch')],
      responses: { 204: responseRef('done'), ...refusals('401', '403', '404', '412') },
    })
  const paths: [string, JsonObject][] = []
  if (Object.keys(set).length > 0) paths.push([`/${table.setName}`, set])
  if (Object.keys(row).length > 0) paths.push([`/${table.setName}({id})`, { parameters: [parameterRef('id')], ...row }])
  return paths
}

function dataPaths(texts: Texts): [string, JsonObject][] {
  const json = (id: string, summary: string): JsonObject => ({
    get: {
      operationId: id,
      summary,
      responses: {
        200: { description: texts.ok, content: { 'application/json': { schema: { type: 'object' } } } },
        ...refusals('401'),
      },
    },
  })
  return [
    ['/WhoAmI', json('WhoAmI', texts.whoAmI)],
    ['/EntityDefinitions', json('EntityDefinitions', texts.definitions)],
    [
      '/$metadata',
      {
        get: {
          operationId: 'metadata',
          summary: texts.metadata,
          responses: {
            200: { description: texts.ok, content: { 'application/xml': { schema: { type: 'string' } } } },
            ...refusals('401'),
          },
        },
      },
    ],
    [
      '/$batch',
      {
        post: {
          operationId: 'batch',
          summary: texts.batch,
          requestBody: { required: true, content: { 'multipart/mixed': { schema: { type: 'string' } } } },
          responses: {
            200: { description: texts.ok, content: { 'multipart/mixed': { schema: { type: 'string' } } } },
            ...refusals('400', '401'),
          },
        },
      },
    ],
  ]
}

function parameterRef(name: string): JsonObject {
  return { $ref: `#/components/parameters/${name}` }
}

function responseRef(name: string): JsonObject {
  return { $ref: `#/components/responses/${name}` }
}

function csrf(dialect: Dialect): JsonObject[] {
  return dialect === 'portal' ? [parameterRef('csrf')] : []
}

function refusals(...statuses: readonly string[]): JsonObject {
  return Object.fromEntries(statuses.map((status) => [status, responseRef('refused')]))
}

function writeBody(table: string): JsonObject {
  return { required: true, content: { 'application/json': { schema: { $ref: `#/components/schemas/${table}.write` } } } }
}

function rowResponse(table: string, texts: Texts): JsonObject {
  return { description: texts.row, content: { 'application/json': { schema: { $ref: `#/components/schemas/${table}` } } } }
}

function listResponse(table: string, texts: Texts): JsonObject {
  const properties = {
    '@odata.context': { type: 'string' },
    '@odata.count': { type: 'integer' },
    '@odata.nextLink': { type: 'string', format: 'uri' },
    value: { type: 'array', items: { $ref: `#/components/schemas/${table}` } },
  }
  const schema = { type: 'object', required: ['value'], properties }
  return { description: texts.rows, content: { 'application/json': { schema } } }
}

function parameters(texts: Texts, dialect: Dialect): JsonObject {
  const query = (name: string, description: string, schema: JsonObject): JsonObject => ({
    name,
    in: 'query',
    description,
    schema,
  })
  const header = (name: string, description: string): JsonObject => ({
    name,
    in: 'header',
    description,
    schema: { type: 'string' },
  })
  const text = { type: 'string' }
  return {
    id: { name: 'id', in: 'path', required: true, description: texts.parameters.id, schema: text },
    select: query('$select', texts.parameters.select, text),
    filter: query('$filter', texts.parameters.filter, text),
    orderby: query('$orderby', texts.parameters.orderby, text),
    top: query('$top', texts.parameters.top, { type: 'integer', minimum: 0 }),
    count: query('$count', texts.parameters.count, { type: 'boolean' }),
    expand: query('$expand', texts.parameters.expand, text),
    apply: query('$apply', texts.parameters.apply, text),
    prefer: header('Prefer', texts.parameters.prefer),
    ifMatch: header('If-Match', texts.parameters.ifMatch),
    ifNoneMatch: header('If-None-Match', texts.parameters.ifNoneMatch),
    ...(dialect === 'portal' ? { csrf: { ...header('__RequestVerificationToken', texts.parameters.csrf), required: true } } : {}),
  }
}

function responses(texts: Texts): JsonObject {
  const entityId = { 'OData-EntityId': { description: texts.entityId, schema: { type: 'string', format: 'uri' } } }
  return {
    written: { description: texts.written, headers: entityId },
    done: { description: texts.done },
    notModified: { description: texts.notModified },
    refused: { description: texts.refused, content: { 'application/json': { schema: { $ref: '#/components/schemas/Error' } } } },
  }
}
