import { parse } from 'yaml'
import type { Visitor } from '#access/visitor.ts'
import { pageFrontMatter } from './schemas.ts'

export type Page = {
  /** Path below pages/ without extension: 'orders/[order]'; '' is the home page. */
  name: string
  segments: readonly string[]
  /** Key of its title in the texts. */
  title: string
  description: string | undefined
  template: string
  look: string | undefined
  /** One set of roles for each page down the path that names some: a visitor needs one role of each. */
  audience: readonly (readonly string[])[]
  /** Liquid by language; '' is the one for languages without their own. */
  bodies: ReadonlyMap<string, string>
}

export type PageFile = { name: string; language: string; file: string; text: string }
export type Report = (file: string, reason: string) => void

/** First parts of addresses that are the program's own: a page below one would never be asked for. */
const TAKEN = ['a', '_api', '_layout', 'api', 'assets', 'erp-events', 'health', 'live', 'studio']

const FRONT_MATTER = /^---\r?\n([\s\S]*?)\r?\n---\r?\n?/

/** 'pages/orders/index.liquid' → 'orders'; 'pages/terms.fr.liquid' → 'terms' in French. */
export function pageFileOf(path: string, text: string, languages: readonly string[]): PageFile {
  let name = path.slice('pages/'.length, -'.liquid'.length)
  let language = ''
  const dot = name.lastIndexOf('.')
  if (dot > 0 && languages.includes(name.slice(dot + 1))) {
    language = name.slice(dot + 1)
    name = name.slice(0, dot)
  }
  name = name === 'index' ? '' : name.replace(/\/index$/, '')
  return { name, language, file: path, text }
}

export function parsePages(files: readonly PageFile[], report: Report): Page[] {
  const drafts = new Map<string, Omit<Page, 'audience'> & { roles: readonly string[] | undefined }>()
  for (const file of files.filter((one) => one.language === '')) {
    const front = FRONT_MATTER.exec(file.text)
    const parsed = pageFrontMatter.safeParse(front === null ? {} : readYaml(front[1] ?? '', file.file, report))
    if (!parsed.success) {
      for (const issue of parsed.error.issues) report(file.file, `${issue.path.join('.') || 'front matter'}: ${issue.message}`)
      continue
    }
    const [first = ''] = file.name.split('/')
    if (TAKEN.includes(first)) report(file.file, `the addresses /${first} and below are taken: choose another name`)
    if (drafts.has(file.name)) report(file.file, `the page ${file.name || 'home'} is there twice`)
    const translations = files.filter((one) => one.name === file.name && one.language !== '')
    const { title, template, description, look, roles } = parsed.data
    drafts.set(file.name, {
      name: file.name,
      segments: file.name === '' ? [] : file.name.split('/'),
      title,
      template,
      description,
      look,
      roles,
      bodies: new Map([
        ['', file.text.slice(front?.[0].length ?? 0)],
        ...translations.map((one) => [one.language, one.text.replace(FRONT_MATTER, '')] as const),
      ]),
    })
  }
  for (const file of files)
    if (file.language !== '' && !drafts.has(file.name)) report(file.file, 'translates a page that does not exist')
  return [...drafts.values()].map(({ roles: _, ...page }) => ({ ...page, audience: audienceOf(page.segments, drafts) }))
}

/** The page at a path, with the values of its parameters; named segments win over parameters. */
export function matchPage(
  pages: readonly Page[],
  path: string,
): { page: Page; params: Readonly<Record<string, string>> } | undefined {
  const segments = path
    .split('/')
    .filter((segment) => segment !== '')
    .map(decoded)
  let best: { page: Page; params: Readonly<Record<string, string>> } | undefined
  for (const page of pages) {
    if (page.segments.length !== segments.length) continue
    const params: Record<string, string> = {}
    const matches = page.segments.every((pattern, i) => {
      const value = segments[i] ?? ''
      const parameter = parameterOf(pattern)
      if (parameter === undefined) return pattern === value
      params[parameter] = value
      return true
    })
    if (matches && (best === undefined || Object.keys(params).length < Object.keys(best.params).length)) best = { page, params }
  }
  return best
}

/** Role by role down the path: whoever may not open a page may not open what is below it. */
export function mayOpen(page: Page, visitor: Visitor): boolean {
  return page.audience.every((roles) => roles.some((role) => visitor.roles.includes(role)))
}

function parameterOf(segment: string): string | undefined {
  return /^\[([a-z][a-z0-9]*)\]$/.exec(segment)?.[1]
}

function audienceOf(
  segments: readonly string[],
  pages: ReadonlyMap<string, { roles: readonly string[] | undefined }>,
): (readonly string[])[] {
  const audience: (readonly string[])[] = []
  for (let length = 0; length <= segments.length; length++) {
    const roles = pages.get(segments.slice(0, length).join('/'))?.roles
    if (roles !== undefined) audience.push(roles)
  }
  return audience
}

function readYaml(text: string, file: string, report: Report): unknown {
  try {
    return parse(text) ?? {}
  } catch (error) {
    report(file, `front matter: ${error instanceof Error ? error.message : error}`)
    return {}
  }
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment)
  } catch {
    return segment
  }
}
