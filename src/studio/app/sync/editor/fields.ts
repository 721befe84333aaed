import type { MapSchemas } from '#dual-write/facets-control.ts'
import type { Entry } from './map-text.ts'

/** What every group of fields about an entry is given. */
export type FieldsProps = { entry: Entry; schemas: MapSchemas; change: (entry: Entry) => void }
