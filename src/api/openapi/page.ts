import { type Html, html } from '#lib/html.ts'
import { isJsonObject, type Json, type JsonObject } from '#lib/json.ts'
import type { Dialect } from '../protocol/refusals.ts'
import { PAGE_TEXTS } from './page-texts.ts'

export type DocsPage = {
  document: JsonObject
  dialect: DescribedApi
  language: string
  /** Of the page itself, in front of its links. */
  path: string
  /** Whether requests can be tried here: with a session, against the API for pages. */
  canTry: boolean
}

const METHODS = ['get', 'post', 'put', 'patch', 'delete']

/** Which API a page describes: those of rows, or that of the sync engine. */
export type DescribedApi = Dialect | 'dual-write'

/** An OpenAPI document as a page to read, which needs no script; a script adds trying requests. */
export function docsPage({ document, dialect, language, path, canTry }: DocsPage): Html {
  const texts = PAGE_TEXTS[language] ?? PAGE_TEXTS.en
  const info = objectAt(document, 'info')
  const base = String(objectAt(listAt(document, 'servers')[0] ?? {}).url ?? '')
  const paths = Object.entries(objectAt(document, 'paths'))
  const tags = listAt(document, 'tags').map((tag) => objectAt(tag))
  const untagged = paths.filter(([, item]) => operationsOf(item).every(([, one]) => listAt(one, 'tags').length === 0))
  const link = (to: DescribedApi, label: string) =>
    html`<a href="${path}?api=${to}"${to === dialect ? html` aria-current="page"` : ''}>${label}</a>`
  return html`<!doctype html>
<html lang="${language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${String(info.title ?? '')}</title>
<link rel="stylesheet" href="/api/docs/page.css">
<script src="/api/docs/page.js" defer></script>
</head>
<body>
<a class="skip" href="#main">${texts.skip}</a>
<header>
<p class="site">${String(info.title ?? '')}</p>
<nav aria-label="${texts.apis}">${link('portal', texts.portal)} ${link('data', texts.data)} ${link('dual-write', texts.dualWrite)} <a href="${path}/openapi.json?api=${dialect}">openapi.json</a></nav>
</header>
<div class="columns">
<nav class="tables" aria-label="${texts.tables}"><h2>${texts.tables}</h2>
<ul>${tags.map((tag) => html`<li><a href="#${String(tag.name)}">${String(tag.description)} <code>${String(tag.name)}</code></a></li>`)}</ul></nav>
<main id="main">
<h1>${String(info.title ?? '')}</h1>
<p>${String(info.description ?? '')}</p>
<p>${texts.root}: <code>${base}/</code></p>
${canTry ? tryForm(base, texts) : html`<p class="note">${dialect === 'portal' ? texts.signIn : texts.withToken}</p>`}
${untagged.length === 0 ? '' : html`<section aria-labelledby="general"><h2 id="general">${texts.general}</h2>${untagged.map(([at, item]) => pathItem(document, base, at, item, texts, canTry))}</section>`}
${tags.map((tag) => {
  const name = String(tag.name)
  const own = paths.filter(([, item]) => operationsOf(item).some(([, one]) => listAt(one, 'tags').includes(name)))
  return html`<section aria-labelledby="${name}"><h2 id="${name}">${String(tag.description)} <code>${name}</code></h2>
${own.map(([at, item]) => pathItem(document, base, at, item, texts, canTry))}
${columnsTable(
  document,
  own.map(([, item]) => item),
  texts,
)}</section>`
})}
${tags.length === 0 ? html`<p class="note">${texts.nothing}</p>` : ''}
</main>
</div>
</body>
</html>`
}

type Texts = (typeof PAGE_TEXTS)['en']

function tryForm(base: string, texts: Texts): Html {
  const path = new URL(base).pathname
  return html`<form class="try" data-try hidden>
<label for="try-url">${texts.tryIt}</label>
<div class="row"><span>GET ${path}/</span><input id="try-url" name="url" data-root="${path}/" autocomplete="off" spellcheck="false"><button type="submit">${texts.send}</button></div>
<p role="status" data-status></p>
<pre tabindex="0" aria-label="${texts.answer}" data-answer hidden></pre>
</form>`
}

function pathItem(document: JsonObject, base: string, at: string, item: Json, texts: Texts, canTry: boolean): Html {
  return html`${operationsOf(item).map(
    ([method, operation]) => html`<details>
<summary><span class="method ${method}">${method.toUpperCase()}</span> <code>${at}</code> ${String(operation.summary ?? '')}</summary>
${parametersTable(document, [...listAt(item, 'parameters'), ...listAt(operation, 'parameters')], texts)}
<h3>${texts.example}</h3>
<pre tabindex="0">${exampleOf(document, base, method, at, operation)}</pre>
${canTry && method === 'get' ? html`<button type="button" data-use="${at.replace(/^\//, '').replace('({id})', '')}?$top=5" hidden>${texts.tryThis}</button>` : ''}
<p>${texts.answers}: ${Object.keys(objectAt(operation, 'responses')).join(', ')}</p>
</details>`,
  )}`
}

function parametersTable(document: JsonObject, parameters: readonly Json[], texts: Texts): Html | string {
  if (parameters.length === 0) return ''
  const rows = parameters.map((one) => {
    const parameter = resolve(document, one)
    return html`<tr><th scope="row"><code>${String(parameter.name)}</code></th><td>${String(parameter.in)}</td><td>${String(parameter.description ?? '')}</td></tr>`
  })
  return html`<table><caption>${texts.parameters}</caption><thead><tr><th scope="col">${texts.name}</th><th scope="col">${texts.place}</th><th scope="col">${texts.meaning}</th></tr></thead><tbody>${rows}</tbody></table>`
}

/** The columns of the row that the operations answer. */
function columnsTable(document: JsonObject, items: readonly Json[], texts: Texts): Html | string {
  const get = items
    .flatMap(operationsOf)
    .find(([method, one]) => method === 'get' && String(one.operationId).startsWith('get.'))?.[1]
  const content = objectAt(
    objectAt(objectAt(objectAt(objectAt(get ?? {}, 'responses'), '200'), 'content'), 'application/json'),
    'schema',
  )
  const schema = resolve(document, content)
  const properties = Object.entries(objectAt(schema, 'properties')).filter(([name]) => !name.startsWith('@'))
  if (properties.length === 0) return ''
  const rows = properties.map(([name, value]) => {
    const property = objectAt(value)
    const type = [property.type]
      .flat()
      .filter((one) => one !== 'null')
      .join(' ')
    return html`<tr><th scope="row"><code>${name}</code></th><td>${type}${property.format === undefined ? '' : ` (${String(property.format)})`}</td><td>${String(property.title ?? '')}</td></tr>`
  })
  return html`<details><summary>${texts.columns} (${properties.length})</summary>
<table><caption>${texts.columns}</caption><thead><tr><th scope="col">${texts.name}</th><th scope="col">${texts.type}</th><th scope="col">${texts.meaning}</th></tr></thead><tbody>${rows}</tbody></table></details>`
}

function exampleOf(document: JsonObject, base: string, method: string, at: string, operation: JsonObject): string {
  const url = `${base}${at.replace('{id}', '00000000-0000-0000-0000-000000000001')}`
  const isList = method === 'get' && String(operation.operationId).startsWith('list.')
  const secured = JSON.stringify(document.security).includes('token')
  const lines = [`curl${method === 'get' ? '' : ` -X ${method.toUpperCase()}`} '${url}${isList ? '?$top=5' : ''}'`]
  if (secured) lines.push(`-H "Authorization: Bearer $TOKEN"`)
  else lines.push(`-H "Cookie: comptoir_session=…"`, ...(method === 'get' ? [] : [`-H "__RequestVerificationToken: …"`]))
  if (operation.requestBody !== undefined && at !== '/$batch')
    lines.push(`-H 'Content-Type: application/json'`, `-d '${exampleBody(document, operation)}'`)
  return lines.join(' \\\n  ')
}

function exampleBody(document: JsonObject, operation: JsonObject): string {
  const content = objectAt(objectAt(operation, 'requestBody'), 'content')
  const schema = resolve(document, objectAt(objectAt(content, 'application/json'), 'schema'))
  const first = Object.entries(objectAt(schema, 'properties')).find(
    ([name, value]) => !name.includes('@') && [objectAt(value).type].flat().includes('string'),
  )
  return first === undefined ? '{}' : JSON.stringify({ [first[0]]: '…' })
}

function operationsOf(item: Json): [string, JsonObject][] {
  const object = objectAt(item)
  return METHODS.flatMap((method): [string, JsonObject][] => {
    const one = object[method]
    return one !== undefined && isJsonObject(one) ? [[method, one]] : []
  })
}

/** What a `$ref` of the document points to; the thing itself where it is none. */
function resolve(document: JsonObject, value: Json): JsonObject {
  const object = objectAt(value)
  if (typeof object.$ref !== 'string') return object
  let at: Json = document
  for (const name of object.$ref.replace(/^#\//, '').split('/')) at = objectAt(at)[name] ?? {}
  return objectAt(at)
}

function objectAt(value: Json, name?: string): JsonObject {
  const found = name === undefined ? value : isJsonObject(value) ? (value[name] ?? {}) : {}
  return isJsonObject(found) ? found : {}
}

function listAt(value: Json, name: string): readonly Json[] {
  const found = isJsonObject(value) ? value[name] : undefined
  return Array.isArray(found) ? found : []
}
