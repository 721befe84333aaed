/**
 * Addresses that begin with the account in use: /a/US-001/orders. The server takes that beginning off before it looks for a route, so that
 * no route knows of it; and whatever leaves the server as HTML or as a redirect gets it back, so that no page needs to know of it.
 */
const ACCOUNT_PATH = /^\/a\/([^/?#]{1,200})(?=[/?#]|$)/

/** Rooms without an account, and files: their addresses are the same for everybody. */
const WITHOUT_ACCOUNT = /^\/(?:assets|studio|signin|signout|invitation|password|health|erp-events|api|favicon\.ico|a)(?=[/?#]|$)/

/** What stands for the account in an address as it came ('US-001'), decoded; undefined where there is none. */
export function accountSegmentOf(url: string): string | undefined {
  const segment = ACCOUNT_PATH.exec(url)?.[1]
  return segment === undefined ? undefined : decoded(segment)
}

/** '/a/US-001/orders?page=2' → '/orders?page=2'. */
export function withoutAccountPath(url: string): string {
  const rest = url.replace(ACCOUNT_PATH, '')
  return rest.startsWith('/') ? rest : `/${rest}`
}

/** Whether an address (without account) is one that an account never stands in front of. */
export function isWithoutAccount(url: string): boolean {
  return WITHOUT_ACCOUNT.test(url)
}

/** A path of this site with the account in front, where it takes one: '/orders' → '/a/US-001/orders'. Anything else as it is. */
export function withAccountPath(path: string, url: string): string {
  return url.startsWith('/') && url[1] !== '/' && url[1] !== '\\' && !isWithoutAccount(url) ? `${path}${url}` : url
}

/** Comments and what is not markup are taken whole, to their end or that of the page: no text is read twice. */
const MARKUP =
  /<!--[\s\S]*?(?:-->|$)|<(script|style|textarea|title)\b[^>]*>[\s\S]*?(?:<\/\1\s*>|$)|<[a-z](?:[^"'<>]|"[^"]*"|'[^']*')*>/gi
const ATTRIBUTE = /([^\s"'<>/=]+)(\s*=\s*)(?:"([^"]*)"|'([^']*)')/g
const URL_ATTRIBUTE =
  /^(?:href|action|formaction|src|poster|data-(?:href|url|src|action)|(?:data-)?hx-(?:get|post|put|patch|delete|push-url|replace-url))$/i

/** HTML with `path` in front of every address of this site in it. Text, comments, scripts and other attributes stay as they are. */
export function addAccountPath(html: string, path: string): string {
  return html.replace(MARKUP, (tag, raw: string | undefined) => {
    if (raw !== undefined || tag.startsWith('<!') || !/["']\//.test(tag)) return tag
    return tag.replace(ATTRIBUTE, (all, name: string, is: string, double?: string, single?: string) => {
      const value = double ?? single ?? ''
      if (!value.startsWith('/') || !URL_ATTRIBUTE.test(name)) return all
      const quote = double === undefined ? "'" : '"'
      return `${name}${is}${quote}${withAccountPath(path, value)}${quote}`
    })
  })
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment)
  } catch {
    return segment
  }
}
