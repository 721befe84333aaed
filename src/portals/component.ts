import type { Permissions } from '#access/permissions.ts'
import type { Visitor } from '#access/visitor.ts'
import type { HttpServer } from '#http/server.ts'
import type { Clock } from '#lib/clock.ts'
import type { DecimalText } from '#lib/decimal.ts'
import { attributes, type Html } from '#lib/html.ts'
import type { Database, Tx } from '#postgres/database.ts'
import type { Catalog } from '#tables/catalog.ts'
import type { AsOf } from '#tables/row-query.ts'
import type { RowId } from '#tables/rows.queries.ts'

/**
 * A typed, auto-escaping part of a page, placed by customizers with `{% component 'name' argument: value %}`. Arguments arrive as
 * text. It reads inside the page's one read-only transaction; what it may not show it leaves out, what does not exist it refuses with
 * AppError `*.not_found` (the page becomes a 404).
 */
export type Component = (context: PageContext, args: Readonly<Record<string, string>>) => Promise<Html>

/** Everything a component or a form handler may know about the request. */
export type PageContext = {
  visitor: Visitor
  /** Behind the wall: it reads and writes what the visitor may, and only tables' rows and drafts. */
  tx: Tx
  /** For what the program itself must know to serve him (how far an order has come, what a price is made of): `statement`, never in his name. */
  database: Database
  catalog: Catalog
  permissions: Permissions
  clock: Clock
  /** What relative conditions are measured by: the site's clock, the visitor. */
  asOf: AsOf
  /** Path of the request without query: '/orders/0199…'. */
  path: string
  query: URLSearchParams
  /** Values of the page's path: pages/orders/[order].liquid gives params.order. */
  params: Readonly<Record<string, string>>
  /** Code of the language that is shown: 'en'. */
  language: string
  /** A text of the release's snippets (ICU message) in that language, with its values filled in: plain text, to be escaped by html``. */
  text(key: string, values?: Readonly<Record<string, string | number>>): string
  /** The address of a file of the release by its path ('files/icons.svg'), '' when there is none. */
  asset(path: string): string
  format: Formats
  /** For the hidden field `_csrf` of every form that posts. */
  csrfToken: string
  /** What a form handler hands to the page it answers with: values as they were typed, messages by field. Empty on a plain visit. */
  state: Readonly<Record<string, unknown>>
}

/** Numbers and dates as the reader writes them. Nothing (null) is shown as a dash. */
export type Formats = {
  /** `currency` is the ISO code; without one the bare amount with two decimals. */
  money(amount: DecimalText | null, currency: string | null): string
  /** As many decimals as the value needs. */
  quantity(value: DecimalText | null): string
  number(value: number | null): string
  /** '2026-11-23', or an ISO instant (its day in the site's time zone). */
  date(value: string | null): string
  dateTime(iso: string | null): string
}

/**
 * Attributes of an element whose content depends on these rows: `<section id="order" ${liveRegion('salesorder', [id])}>`. When one of
 * them changes, the open page fetches itself again and replaces the element (which needs an id) with its new self.
 */
export function liveRegion(table: string, rowIds: readonly RowId[]): Html {
  return attributes({ 'data-live-region': true, 'data-live': rowIds.length === 0 ? false : `${table}:${rowIds.join(',')}` })
}

/** What a form posts. Every value is text from outside. */
export type FormValues = {
  /** The first value of this name, trimmed; '' when there is none. */
  text(name: string): string
  all(name: string): readonly string[]
  names(): readonly string[]
}

/** How a handler answers. */
export type Answer =
  /** To a path of this site, by 303, so that reloading does not post again. */
  | { kind: 'redirect'; to: string }
  /** A page of the site, by its path in the release ('create-order'), with a state for its components. From 400 on nothing is kept. */
  | {
      kind: 'page'
      page: string
      status: number
      state: Readonly<Record<string, unknown>>
      params?: Readonly<Record<string, string>>
    }
  /** A part of a page, for htmx. */
  | { kind: 'fragment'; html: Html }
  | { kind: 'file'; name: string; mediaType: string; content: string | Buffer }

/** Runs in one transaction of its own: committed with its answer, rolled back when it throws or answers with a status from 400 on. */
export type FormHandler = (context: PageContext, form: FormValues) => Promise<Answer>
export type ReadHandler = (context: PageContext) => Promise<Answer>

/** Where modules above add their own addresses. Paths as Fastify writes them ('/create-order/lines/:line'); params in context.params. */
export type PortalRoutes = {
  /** For a form: the CSRF token is checked before the handler runs. */
  post(path: string, handler: FormHandler): void
  /** For exports and fragments, in a read-only transaction. */
  get(path: string, handler: ReadHandler): void
  /** For pages that the site does not make: what fails there is told on the site's page, in the reader's language. */
  pages: HttpServer
}
