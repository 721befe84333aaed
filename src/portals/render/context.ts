import type { Visitor } from '#access/visitor.ts'
import { required } from '#lib/assert.ts'
import type { Clock } from '#lib/clock.ts'
import type { Database, Tx } from '#postgres/database.ts'
import type { Catalog } from '#tables/catalog.ts'
import type { AsOf } from '#tables/row-query.ts'
import type { PageContext } from '../component.ts'
import type { Asset } from '../site/assets.ts'
import type { Site } from '../site.ts'

/** What a request is about, before anything is read for it. */
export type Visit = {
  site: Site
  /** Scripts that belong to no site. */
  engine: ReadonlyMap<string, Asset>
  visitor: Visitor
  language: string
  csrfToken: string
  /** As it was asked for, with the account in front. */
  address: string
  path: string
  query: URLSearchParams
  params: Readonly<Record<string, string>>
  state: Readonly<Record<string, unknown>>
}

export type Ground = { database: Database; catalog: Catalog; clock: Clock }

export function contextOf(ground: Ground, visit: Visit, tx: Tx): PageContext {
  const { site, engine, ...about } = visit
  return {
    ...ground,
    ...about,
    tx,
    asOf: asOfVisit(visit, ground.clock.nowMs()),
    permissions: site.permissions,
    text: (key, values) => site.texts.text(visit.language, key, values),
    asset: (path) => (engine.get(path) ?? site.assets.get(path))?.url ?? '',
    format: required(site.formats.get(visit.language), 'formats of a language of the site'),
  }
}

/** The reader's language among those of the site. */
export function languageOf(site: Site, visitor: Visitor): string {
  const known = site.settings.languages.some((language) => language.code === visitor.language)
  return known ? visitor.language : site.settings.defaultLanguage
}

function asOfVisit(visit: Visit, nowMs: number): AsOf {
  const { visitor } = visit
  return {
    nowMs,
    timeZone: visit.site.settings.timeZone,
    contactId: visitor.kind === 'contact' ? visitor.contactId : null,
    accountId: visitor.kind === 'anonymous' ? null : visitor.accountId,
    language: visit.language,
  }
}
