import type { PersonState } from '../../wire-security.ts'
import { useWords } from '../lib/messages.tsx'
import { Tag } from '../parts/badges.tsx'

const COLORS: Readonly<Record<PersonState, string>> = {
  none: 'gray',
  invited: 'blue',
  active: 'teal',
  locked: 'orange',
  suspended: 'red',
}

export function PersonBadge({ state }: { state: PersonState }) {
  const { t } = useWords()
  return <Tag color={COLORS[state]}>{t(`people.${state}`)}</Tag>
}
