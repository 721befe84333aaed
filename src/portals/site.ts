import { parse } from 'yaml'
import type { z } from 'zod'
import { createPermissions, type Permissions } from '#access/permissions.ts'
import { type Policy, parsePolicy } from '#access/policy.ts'
import { AppError, isAppError } from '#lib/app-error.ts'
import type { Clock } from '#lib/clock.ts'
import type { Catalog } from '#tables/catalog.ts'
import { checkFetch } from '#tables/fetch.ts'
import type { View } from '#tables/view.ts'
import { readViewFiles } from '#tables/view-file.ts'
import type { Formats } from './component.ts'
import { createFormats } from './formats.ts'
import { type Asset, assetOf, isAssetPath } from './site/assets.ts'
import { checkReferences } from './site/check.ts'
import { type ListDefinition, resolveLists } from './site/list-views.ts'
import { type Page, pageFileOf, parsePages, type Report } from './site/pages.ts'
import {
  type FormDefinition,
  formFile,
  listFile,
  type MenuDefinition,
  menuFile,
  type SiteSettings,
  settingsFile,
  snippetsFile,
} from './site/schemas.ts'
import { createTemplates, type Templates } from './site/templates.ts'
import { compareTexts, createTexts, type Texts } from './site/texts.ts'
import { listsPlacedBy } from './site/uses.ts'
import type { SiteFiles } from './site-folder.ts'

/** A site as pages are made from it: every file parsed and checked. Immutable. */
export type Site = {
  settings: SiteSettings
  pages: readonly Page[]
  templates: Templates
  texts: Texts
  formats: ReadonlyMap<string, Formats>
  menus: ReadonlyMap<string, MenuDefinition>
  lists: ReadonlyMap<string, ListDefinition>
  /** Of its files, by path. */
  views: readonly View[]
  forms: ReadonlyMap<string, FormDefinition>
  assets: ReadonlyMap<string, Asset>
  policy: Policy
  permissions: Permissions
  /** The lists that stand on a page, by the page's name. */
  listsOn: ReadonlyMap<string, ReadonlySet<string>>
  /** Components that its Liquid names, for the check that they exist. */
  componentsUsed: ReadonlySet<string>
  /** What should be mended but stops nothing: texts that a language lacks. */
  warnings: readonly string[]
}

/** Parses a site's files. Throws AppError `site.invalid` that lists every problem with its file. */
export function parseSite(files: SiteFiles, catalog: Catalog, clock: Pick<Clock, 'nowMs'>): Site {
  const problems: string[] = []
  const report: Report = (file, reason) => problems.push(`${file}: ${reason}`)
  const text = (path: string) => files.get(path)?.toString('utf8') ?? ''
  const below = (folder: string, extension: string) =>
    [...files.keys()].filter((path) => path.startsWith(`${folder}/`) && path.endsWith(extension)).sort()
  const settings = readYaml(settingsFile, 'site.yaml', text('site.yaml'), report)
  if (settings === undefined) throw invalid(problems)

  const codes = settings.languages.map((language) => language.code)
  if (!codes.includes(settings.defaultLanguage)) report('site.yaml', 'defaultLanguage is not one of the languages')
  const pageFiles = below('pages', '.liquid').map((path) => pageFileOf(path, text(path), codes))
  const pages = parsePages(pageFiles, report)
  const sources = new Map(below('templates', '.liquid').map((path) => [path, text(path)]))
  for (const page of pages) for (const [language, body] of page.bodies) sources.set(bodyName(page, language), body)
  const templates = createTemplates(sources, report)

  const snippets = new Map(
    codes.map((code) => [code, readSnippets(`snippets/${code}.yaml`, text(`snippets/${code}.yaml`), report)]),
  )
  const texts = createTexts(snippets, settings.languages, settings.defaultLanguage, (code, key, reason) =>
    report(`snippets/${code}.yaml`, `${key}: ${reason}`),
  )
  const named = <T extends z.ZodType>(folder: string, schema: T): Map<string, z.infer<T>> => {
    const found = new Map<string, z.infer<T>>()
    for (const path of below(folder, '.yaml')) {
      const value = readYaml(schema, path, text(path), report)
      if (value !== undefined) found.set(path.slice(folder.length + 1, -'.yaml'.length), value)
    }
    return found
  }
  const parts = { menus: named('menus', menuFile), lists: named('lists', listFile), forms: named('forms', formFile) }
  const views = readViewFiles(files, catalog, codes, report)
  const lists = resolveLists(parts.lists, views, catalog, report)
  const access = readPermissions(files, catalog, clock, report)
  const assets = new Map(
    [...files].filter(([path]) => isAssetPath(path)).map(([path, content]) => [path, assetOf(path, content)]),
  )
  checkFetches(templates, catalog, report)
  const componentsUsed = checkReferences({ settings, pages, sources, texts, assets, catalog, ...parts }, report)
  if (problems.length > 0 || access === undefined) throw invalid(problems)
  return {
    settings,
    pages,
    templates,
    texts,
    ...parts,
    lists,
    views,
    assets,
    ...access,
    componentsUsed,
    listsOn: new Map(pages.map((page) => [page.name, listsOn(page, sources)])),
    formats: new Map(settings.languages.map((one) => [one.code, createFormats(one.locale, settings.timeZone)])),
    warnings: compareTexts(snippets, settings.defaultLanguage),
  }
}

/** The name under which the templates hold a page's Liquid in a language. */
export function bodyName(page: Page, language: string): string {
  return `pages/${page.name || 'index'}${page.bodies.has(language) && language !== '' ? `.${language}` : ''}.liquid`
}

/** Every table and column of the site's queries exists. */
function checkFetches(templates: Templates, catalog: Catalog, report: Report): void {
  for (const { file, fetch } of templates.fetches) {
    try {
      checkFetch(catalog, fetch)
    } catch (error) {
      if (!isAppError(error)) throw error
      report(file, error.message)
    }
  }
}

function listsOn(page: Page, sources: ReadonlyMap<string, string>): ReadonlySet<string> {
  const files = [
    'templates/layout.liquid',
    `templates/${page.template}.liquid`,
    ...[...page.bodies.keys()].map((code) => bodyName(page, code)),
  ]
  return new Set(files.flatMap((file) => [...listsPlacedBy(sources, file)]))
}

function readPermissions(
  files: SiteFiles,
  catalog: Catalog,
  clock: Pick<Clock, 'nowMs'>,
  report: Report,
): { policy: Policy; permissions: Permissions } | undefined {
  try {
    const policy = parsePolicy(files)
    return { policy, permissions: createPermissions(catalog, policy, clock) }
  } catch (error) {
    if (!isAppError(error)) throw error
    report('roles.yaml and permissions/', error.message)
    return undefined
  }
}

function readYaml<T extends z.ZodType>(schema: T, file: string, text: string, report: Report): z.infer<T> | undefined {
  let content: unknown
  try {
    content = parse(text)
  } catch (error) {
    report(file, error instanceof Error ? error.message : String(error))
    return undefined
  }
  const parsed = schema.safeParse(content ?? {})
  if (parsed.success) return parsed.data
  for (const issue of parsed.error.issues) report(file, `${issue.path.join('.') || 'the file'}: ${issue.message}`)
  return undefined
}

/** Texts may be nested by section or written with dotted keys: both mean the same. */
function readSnippets(file: string, text: string, report: Report): Map<string, string> {
  const flat: Record<string, unknown> = {}
  const flatten = (value: unknown, prefix: string) => {
    if (typeof value !== 'object' || value === null) flat[prefix] = value
    else for (const [key, inner] of Object.entries(value)) flatten(inner, prefix === '' ? key : `${prefix}.${key}`)
  }
  try {
    flatten(parse(text) ?? {}, '')
  } catch (error) {
    report(file, error instanceof Error ? error.message : String(error))
  }
  const parsed = snippetsFile.safeParse(flat)
  if (parsed.success) return new Map(Object.entries(parsed.data))
  for (const issue of parsed.error.issues) report(file, `${issue.path.join('.')}: ${issue.message}`)
  return new Map()
}

function invalid(problems: readonly string[]): AppError {
  return new AppError('site.invalid', `The site cannot be published:\n  ${problems.join('\n  ')}`, { details: { problems } })
}
