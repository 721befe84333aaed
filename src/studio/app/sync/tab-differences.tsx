import { useNavigate } from '@tanstack/react-router'
import { Differences } from './rows/differences.tsx'
import type { TabProps } from './tab-props.ts'

/** How equal this map keeps both sides, for each legal entity; the rows that differ have a screen of their own. */
export function DifferencesTab({ name }: TabProps) {
  const navigate = useNavigate()
  return <Differences map={name} address={{ map: name }} go={(search) => void navigate({ to: '/sync/differences', search })} />
}
