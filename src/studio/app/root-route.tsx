import { createRootRoute } from '@tanstack/react-router'
import { Layout, NotFound } from './layout.tsx'

/** What every screen stands in. */
export const rootRoute = createRootRoute({ component: Layout, notFoundComponent: NotFound })
