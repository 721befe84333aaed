import { Alert, Group, Paper, Stack, Text, Title } from '@mantine/core'
import type { ReactNode } from 'react'
import type { Explained, ExplainedRule } from '../../wire-security.ts'
import { useWords } from '../lib/messages.tsx'
import { Tag } from '../parts/badges.tsx'

/** Can or cannot, the rule that decided, every rule that was considered with its parts, and the same by column. */
export function Judgement({ told, privilege }: { told: Explained; privilege: string }) {
  const { t, language } = useWords()
  const { subject } = told
  const name = subject.kind === 'anonymous' ? t('explain.anonymous') : 'name' in subject ? subject.name : ''
  return (
    <Stack gap="md">
      <Alert
        color={told.allowed ? 'teal' : 'orange'}
        className="judgement"
        title={<Verdict told={told} name={name} privilege={privilege} />}
        role="status"
      >
        <Text size="sm">{told.because[language]}</Text>
        {'roles' in subject && (
          <Text size="sm" mt={6}>
            {t('explain.roles', { roles: subject.roles.join(', ') })}
          </Text>
        )}
      </Alert>
      {told.rowName !== null && <Columns told={told} />}
      <section aria-labelledby="considered">
        <Title order={2} size="h4" id="considered" mb="sm">
          {t('explain.considered', { count: told.rules.length })}
        </Title>
        {told.rules.length === 0 && <Text c="dimmed">{t('explain.noRules')}</Text>}
        <Stack gap="sm">
          {told.rules.map((rule) => (
            <Rule key={rule.permission} rule={rule} />
          ))}
        </Stack>
      </section>
    </Stack>
  )
}

function Verdict({ told, name, privilege }: { told: Explained; name: string; privilege: string }) {
  const { t } = useWords()
  return told.allowed
    ? t('explain.can', { name, privilege, row: told.rowName ?? '' })
    : t('explain.cannot', { name, privilege, row: told.rowName ?? t('explain.noRow') })
}

function Columns({ told }: { told: Explained }) {
  const { t } = useWords()
  const open = told.columns.filter((one) => one.allowed)
  const closed = told.columns.filter((one) => !one.allowed)
  return (
    <Paper withBorder p="md" component="section" aria-labelledby="by-column">
      <Title order={2} size="h4" id="by-column">
        {t('explain.columns')}
      </Title>
      <ColumnList label={t('explain.columnsOpen', { count: open.length })} columns={open} />
      {closed.length > 0 && <ColumnList label={t('explain.columnsClosed', { count: closed.length })} columns={closed} />}
    </Paper>
  )
}

function ColumnList({ label, columns }: { label: string; columns: Explained['columns'] }) {
  if (columns.length === 0) return null
  return (
    <details>
      <summary>{label}</summary>
      <ul className="chips plain-list">
        {columns.map((one) => (
          <li key={one.column} className="mono" title={one.by ?? ''}>
            {one.column}
            {one.by !== null && <span className="when"> {one.by}</span>}
          </li>
        ))}
      </ul>
    </details>
  )
}

function Rule({ rule }: { rule: ExplainedRule }) {
  const { t, language, named } = useWords()
  const color = rule.decides ? (rule.effect === 'deny' ? 'red' : 'teal') : 'gray'
  return (
    <Paper withBorder p="sm">
      <Group gap="sm" mb={4}>
        <Text fw={600} size="sm">
          {rule.permission}
        </Text>
        <Tag color={color}>
          {t(rule.decides ? (rule.effect === 'deny' ? 'explain.denies' : 'explain.grants') : 'explain.doesNot')}
        </Tag>
        <Text size="xs" c="dimmed" className="mono">
          {rule.file}
        </Text>
      </Group>
      <Text size="sm" mb={6}>
        {rule.says[language]}
      </Text>
      <ul className="parts plain-list">
        <Part holds={rule.roles.length > 0}>
          {t('explain.partRole', { roles: (rule.roles.length > 0 ? rule.roles : rule.forRoles).join(', ') })}
        </Part>
        <Part holds={rule.fails === null || rule.fails === 'role'}>
          {rule.fails === null || rule.fails === 'role' ? t('explain.partHolds') : named('fails', rule.fails)}
        </Part>
        <Part holds={rule.scope}>{t('explain.partScope', { scope: named('accessType', rule.accessType) })}</Part>
        {rule.where !== null && <Part holds={rule.where.holds}>{t('explain.partWhere', { where: rule.where.text })}</Part>}
        {rule.parent !== null && (
          <Part holds={rule.parent.decides && rule.parent.deniedBy.length === 0}>
            {t('explain.partParent', { permission: rule.parent.permission })}
            {rule.parent.deniedBy.length > 0 && ` ${t('explain.partDenied', { names: rule.parent.deniedBy.join(', ') })}`}
          </Part>
        )}
        {rule.columns !== null && <li className="when">{t('explain.partColumns', { columns: rule.columns.join(', ') })}</li>}
      </ul>
    </Paper>
  )
}

function Part({ holds, children }: { holds: boolean; children: ReactNode }) {
  const { t } = useWords()
  return (
    <li>
      <span className={holds ? 'good' : 'bad'} role="img" aria-label={t(holds ? 'value.yes' : 'value.no')}>
        {holds ? '✓' : '✗'}
      </span>{' '}
      {children}
    </li>
  )
}
