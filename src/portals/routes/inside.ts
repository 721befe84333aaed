import type { Reply, Request } from '#http/server.ts'
import { required } from '#lib/assert.ts'
import type { Releases } from '../releases.ts'
import type { Ground, Visit } from '../render/context.ts'
import type { Page } from '../site/pages.ts'

/** The inside of the portal, for its own routes. */
export type Portal = {
  ground: Ground
  releases: Releases
  visitOf(request: Request, reply: Reply, params?: Readonly<Record<string, string>>): Visit
  /** Renders a page of the current release whatever its audience: for answers to forms and failures. */
  send(reply: Reply, visit: Visit, page: Page, status: number): Promise<Reply>
  /** The page at the visit's path, if the visitor may open it; else the answer that says why not. */
  open(reply: Reply, visit: Visit): Promise<Reply>
}

export function pageNamed(visit: Visit, name: string): Page {
  return required(
    visit.site.pages.find((page) => page.name === name),
    `the page ${name} of a checked site`,
  )
}
