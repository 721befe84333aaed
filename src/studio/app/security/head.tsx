import { Group } from '@mantine/core'
import type { ReactNode } from 'react'
import { useWords } from '../lib/messages.tsx'
import { TextLink } from '../parts/link.tsx'
import { ScreenHead } from '../parts/states.tsx'

const ROOMS = [
  ['/security', 'security.people'],
  ['/security/rules', 'security.rules'],
  ['/security/explain', 'security.explain'],
  ['/security/preview', 'security.preview'],
  ['/security/matrix', 'security.matrix'],
  ['/security/service-accounts', 'security.programs'],
  ['/security/releases', 'security.releases'],
  ['/security/audit', 'security.audit'],
] as const

/** The head of every screen of the security workspace, with the way to the others. */
export function SecurityHead(props: { title: string; lead?: ReactNode; actions?: ReactNode }) {
  const { t } = useWords()
  return (
    <>
      <nav aria-label={t('security.title')} className="rooms">
        <Group gap="md" component="ul" className="plain-list">
          {ROOMS.map(([to, key]) => (
            <li key={to}>
              <TextLink to={to} size="sm" activeOptions={{ exact: to === '/security' }} className="room">
                {t(key)}
              </TextLink>
            </li>
          ))}
        </Group>
      </nav>
      <ScreenHead title={props.title} lead={props.lead} actions={props.actions} />
    </>
  )
}
