import { useQuery } from '@tanstack/react-query'
import { Loaded } from '../parts/states.tsx'
import { schemasQuery } from './editor/editor-queries.ts'
import { MapEditor } from './editor/map-editor.tsx'
import { definitionQuery } from './queries.ts'
import type { TabProps } from './tab-props.ts'

/** The columns of a map beside the fields of the other side, to be looked at and changed. */
export function DefinitionTab({ name, address, go }: TabProps) {
  const definition = useQuery(definitionQuery(name))
  const schemas = useQuery(schemasQuery(name))
  return (
    <Loaded query={definition}>
      {(now) => (
        <Loaded query={schemas}>
          {(ends) => <MapEditor key={name} name={name} active={now} schemas={ends} address={address} go={go} />}
        </Loaded>
      )}
    </Loaded>
  )
}
