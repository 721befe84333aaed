import { createRoute, createRouter } from '@tanstack/react-router'
import { ScreenFailure } from './parts/screen-failure.tsx'
import { rootRoute as root } from './root-route.tsx'
import { AccountScreen } from './screens/account.tsx'
import { AccountsScreen } from './screens/accounts.tsx'
import { ContactScreen } from './screens/contact.tsx'
import { ContactsScreen } from './screens/contacts.tsx'
import { OutboxScreen } from './screens/outbox.tsx'
import { OverviewScreen } from './screens/overview.tsx'
import { type TableAddress, TableScreen, tabOf } from './screens/table.tsx'
import { TablesScreen } from './screens/tables.tsx'
import { securityRoutes } from './security/routes.tsx'
import { syncRoutes } from './sync/routes.tsx'

/** What a list shows is in its address: it can be kept, sent and reloaded. */
type ListState = { search?: string; after?: string; account?: string }
const listState = (search: Record<string, unknown>): ListState => ({
  ...(typeof search.search === 'string' && search.search !== '' && { search: search.search }),
  ...(typeof search.after === 'string' && { after: search.after }),
  ...(typeof search.account === 'string' && { account: search.account }),
})

const tableAddress = (search: Record<string, unknown>): TableAddress => {
  const texts = ['columns', 'filter', 'orderby', 'search', 'row'].flatMap((name) => {
    const value = search[name]
    // The router reads what looks like a number as one.
    return value === undefined || value === '' ? [] : [[name, String(value)] as const]
  })
  return { ...Object.fromEntries(texts), ...(search.tab !== undefined && { tab: tabOf(search.tab) }) }
}

const overview = createRoute({ getParentRoute: () => root, path: '/', component: OverviewScreen })
const accounts = createRoute({
  getParentRoute: () => root,
  path: '/accounts',
  validateSearch: listState,
  component: () => <AccountsScreen {...accounts.useSearch()} />,
})
const account = createRoute({
  getParentRoute: () => root,
  path: '/accounts/$id',
  component: () => <AccountScreen id={account.useParams().id} />,
})
const contacts = createRoute({
  getParentRoute: () => root,
  path: '/contacts',
  validateSearch: listState,
  component: () => <ContactsScreen {...contacts.useSearch()} />,
})
const contact = createRoute({
  getParentRoute: () => root,
  path: '/contacts/$id',
  component: () => <ContactScreen id={contact.useParams().id} />,
})
const outbox = createRoute({
  getParentRoute: () => root,
  path: '/outbox',
  validateSearch: (search: Record<string, unknown>): { mail?: string } => ({
    ...(typeof search.mail === 'string' && { mail: search.mail }),
  }),
  component: () => <OutboxScreen mail={outbox.useSearch().mail} />,
})

const tables = createRoute({
  getParentRoute: () => root,
  path: '/data',
  validateSearch: (search: Record<string, unknown>): { search?: string; view?: 'picture' } => ({
    ...(typeof search.search === 'string' && search.search !== '' && { search: search.search }),
    ...(search.view === 'picture' && { view: 'picture' }),
  }),
  component: () => <TablesScreen {...tables.useSearch()} />,
})
const table = createRoute({
  getParentRoute: () => root,
  path: '/data/$table',
  validateSearch: tableAddress,
  component: () => <TableScreen name={table.useParams().table} address={table.useSearch()} />,
})

export const router = createRouter({
  routeTree: root.addChildren([
    overview,
    accounts,
    account,
    tables,
    table,
    contacts,
    contact,
    outbox,
    ...securityRoutes,
    ...syncRoutes,
  ]),
  basepath: '/studio',
  scrollRestoration: false,
  defaultPreload: false,
  defaultErrorComponent: ScreenFailure,
})

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router
  }
}
