import { createRoute } from '@tanstack/react-router'
import { texts } from '../lib/address.ts'
import { rootRoute } from '../root-route.tsx'
import { AuditScreen } from '../screens/security-audit.tsx'
import { type ExplainAddress, ExplainScreen } from '../screens/security-explain.tsx'
import { type MatrixAddress, MatrixScreen } from '../screens/security-matrix.tsx'
import { PeopleScreen } from '../screens/security-people.tsx'
import { PersonScreen } from '../screens/security-person.tsx'
import { PreviewScreen } from '../screens/security-preview.tsx'
import { ProgramsScreen } from '../screens/security-programs.tsx'
import { ReleasesScreen } from '../screens/security-releases.tsx'
import { type RulesAddress, RulesScreen } from '../screens/security-rules.tsx'

const people = createRoute({
  getParentRoute: () => rootRoute,
  path: '/security',
  validateSearch: (search: Record<string, unknown>) => texts(search, ['search', 'state', 'after']),
  component: () => <PeopleScreen address={people.useSearch()} />,
})
const person = createRoute({
  getParentRoute: () => rootRoute,
  path: '/security/people/$id',
  component: () => <PersonScreen id={person.useParams().id} />,
})
const explain = createRoute({
  getParentRoute: () => rootRoute,
  path: '/security/explain',
  validateSearch: (search: Record<string, unknown>): ExplainAddress =>
    texts(search, ['contact', 'account', 'token', 'table', 'row', 'privilege']),
  component: () => <ExplainScreen address={explain.useSearch()} />,
})
const preview = createRoute({
  getParentRoute: () => rootRoute,
  path: '/security/preview',
  validateSearch: (search: Record<string, unknown>) => texts(search, ['roles', 'account']),
  component: () => <PreviewScreen address={preview.useSearch()} />,
})

const rules = createRoute({
  getParentRoute: () => rootRoute,
  path: '/security/rules',
  validateSearch: (search: Record<string, unknown>): RulesAddress => texts(search, ['role', 'table', 'tab']),
  component: () => <RulesScreen address={rules.useSearch()} />,
})
const releases = createRoute({ getParentRoute: () => rootRoute, path: '/security/releases', component: ReleasesScreen })
const matrix = createRoute({
  getParentRoute: () => rootRoute,
  path: '/security/matrix',
  validateSearch: (search: Record<string, unknown>): MatrixAddress => texts(search, ['role', 'table', 'surface']),
  component: () => <MatrixScreen address={matrix.useSearch()} />,
})
const programs = createRoute({ getParentRoute: () => rootRoute, path: '/security/service-accounts', component: ProgramsScreen })
const audit = createRoute({
  getParentRoute: () => rootRoute,
  path: '/security/audit',
  validateSearch: (search: Record<string, unknown>) => texts(search, ['before']),
  component: () => <AuditScreen before={audit.useSearch().before} />,
})

export const securityRoutes = [people, person, explain, preview, rules, releases, matrix, programs, audit] as const
