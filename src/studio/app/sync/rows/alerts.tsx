import { Button, Group, Paper, Stack, Switch, Table, Tabs, Text, VisuallyHidden } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import type { AlertRule, HealthFinding } from '#dual-write/facets-watch.ts'
import { useMapTitles } from '../../lib/maps.ts'
import { useWords } from '../../lib/messages.tsx'
import { useSaid } from '../../lib/said.ts'
import { Tag } from '../../parts/badges.tsx'
import { Confirm, type Question } from '../../parts/confirm.tsx'
import { TextLink } from '../../parts/link.tsx'
import { Empty, Loaded } from '../../parts/states.tsx'
import { askEngine } from '../engine-api.ts'
import { SyncHead } from '../head.tsx'
import { FindingLink } from '../overview/findings.tsx'
import { ALERTS_MAX, alertRulesQuery, alertsQuery, healthQuery } from '../queries.ts'
import { AlertRuleDialog } from './alert-rule.tsx'
import { deed } from './deeds.ts'

export type AlertsAddress = { tab?: string; before?: string }
const TABS = ['rules', 'fired', 'health'] as const

/** Who is told of what, what was told, and what is not well at present. */
export function AlertsScreen({ address }: { address: AlertsAddress }) {
  const { t } = useWords()
  const navigate = useNavigate()
  const open = TABS.find((one) => one === address.tab) ?? 'rules'
  const go = (search: AlertsAddress) => void navigate({ to: '/sync/alerts', search })
  return (
    <>
      <SyncHead title={t('alert.title')} lead={t('alert.lead')} />
      <Tabs value={open} onChange={(tab) => go(tab === null || tab === 'rules' ? {} : { tab })} keepMounted={false}>
        <Tabs.List mb="md">
          {TABS.map((one) => (
            <Tabs.Tab key={one} value={one}>
              {t(`alert.tab.${one}`)}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        <Tabs.Panel value="rules">
          <Rules />
        </Tabs.Panel>
        <Tabs.Panel value="fired">
          <Fired before={address.before} turn={(before) => go({ tab: 'fired', ...(before !== '' && { before }) })} />
        </Tabs.Panel>
        <Tabs.Panel value="health">
          <Health />
        </Tabs.Panel>
      </Tabs>
    </>
  )
}

function Rules() {
  const { t } = useWords()
  const rules = useQuery(alertRulesQuery)
  const [edited, edit] = useState<AlertRule | 'new'>()
  const [question, ask] = useState<Question>()
  const remove = (rule: AlertRule) =>
    ask({
      title: t('alert.removeTitle', { title: rule.title }),
      text: t('alert.removeText'),
      deed: t('alert.remove'),
      danger: true,
      act: () =>
        deed(
          t,
          () => askEngine('DELETE', `/alert-rules/${rule.id}`),
          () => t('alert.removed'),
        ),
    })
  return (
    <Stack>
      <Group justify="flex-end">
        <Button onClick={() => edit('new')}>{t('alert.new')}</Button>
      </Group>
      <Loaded query={rules}>
        {(found) =>
          found.length === 0 ? (
            <Empty title={t('alert.none')} text={t('alert.noneText')} />
          ) : (
            <RuleTable rules={found} edit={edit} remove={remove} />
          )
        }
      </Loaded>
      <AlertRuleDialog rule={edited} close={() => edit(undefined)} />
      <Confirm question={question} close={() => ask(undefined)} />
    </Stack>
  )
}

function RuleTable(props: { rules: AlertRule[]; edit: (rule: AlertRule) => void; remove: (rule: AlertRule) => void }) {
  const { t } = useWords()
  return (
    <Table.ScrollContainer minWidth={720} scrollAreaProps={{ viewportProps: { tabIndex: 0 } }}>
      <Table verticalSpacing="xs" aria-label={t('alert.tab.rules')}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>{t('alert.name')}</Table.Th>
            <Table.Th>{t('alert.when')}</Table.Th>
            <Table.Th>{t('alert.then')}</Table.Th>
            <Table.Th>{t('alert.enabled')}</Table.Th>
            <Table.Th>
              <VisuallyHidden>{t('alert.change')}</VisuallyHidden>
            </Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {props.rules.map((rule) => (
            <RuleRow key={rule.id} rule={rule} edit={() => props.edit(rule)} remove={() => props.remove(rule)} />
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  )
}

function RuleRow({ rule, edit, remove }: { rule: AlertRule; edit: () => void; remove: () => void }) {
  const words = useWords()
  const { t } = words
  const title = useMapTitles()
  const { id, ...content } = rule
  const enable = (enabled: boolean) =>
    deed(
      t,
      () => askEngine('PUT', `/alert-rules/${id}`, { ...content, enabled }),
      () => t('alert.saved'),
    )
  const then = [
    ...rule.action.mail,
    ...(rule.action.webhook === null ? [] : [rule.action.webhook]),
    ...(rule.action.pause ? [t('alert.pauses')] : []),
  ]
  const count = rule.kind === 'lag' ? words.duration(rule.count) : words.number(rule.count)
  return (
    <Table.Tr>
      <Table.Td fw={600}>{rule.title}</Table.Td>
      <Table.Td>
        {t(`alert.sentence.${rule.kind}`, { count, minutes: rule.windowMinutes })}
        <Text size="xs" c="dimmed">
          {rule.map === null ? t('parked.allMaps') : title(rule.map)}
        </Text>
      </Table.Td>
      <Table.Td className="wrap-anywhere">{then.join(', ')}</Table.Td>
      <Table.Td>
        <Switch
          checked={rule.enabled}
          onChange={(event) => void enable(event.currentTarget.checked)}
          aria-label={t('alert.enabledOf', { title: rule.title })}
        />
      </Table.Td>
      <Table.Td>
        <Group gap={6} wrap="nowrap">
          <Button size="compact-sm" variant="default" onClick={edit} aria-label={t('alert.changeOf', { title: rule.title })}>
            {t('alert.change')}
          </Button>
          <Button
            size="compact-sm"
            variant="subtle"
            c="var(--bad)"
            onClick={remove}
            aria-label={t('alert.removeOf', { title: rule.title })}
          >
            {t('alert.remove')}
          </Button>
        </Group>
      </Table.Td>
    </Table.Tr>
  )
}

function Fired({ before, turn }: { before: string | undefined; turn: (before: string) => void }) {
  const { t, ago, dateTime } = useWords()
  const said = useSaid()
  const title = useMapTitles()
  const alerts = useQuery(alertsQuery(before === undefined ? undefined : Number(before)))
  return (
    <Loaded query={alerts}>
      {(found) =>
        found.length === 0 ? (
          <Empty title={t('alert.quiet')} text={t('alert.quietText')} />
        ) : (
          <Stack>
            <Stack component="ul" gap="sm" className="plain-list">
              {found.map((one) => (
                <Paper component="li" withBorder p="md" key={one.id}>
                  <Text fw={600}>{one.title}</Text>
                  <Text size="sm" className="wrap-anywhere">
                    {said(one.text)}
                  </Text>
                  <Text size="xs" c="dimmed" title={dateTime(one.at)}>
                    {ago(one.at)} · {one.map === null ? t('parked.allMaps') : title(one.map)} ·{' '}
                    {one.delivered.length === 0 ? t('alert.toldNobody') : t('alert.told', { who: one.delivered.join(', ') })}
                  </Text>
                </Paper>
              ))}
            </Stack>
            <Group gap="xs">
              {before !== undefined && (
                <Button variant="default" size="xs" onClick={() => turn('')}>
                  {t('list.first')}
                </Button>
              )}
              {found.length === ALERTS_MAX && (
                <Button variant="default" size="xs" onClick={() => turn(String(found.at(-1)?.id))}>
                  {t('list.next')}
                </Button>
              )}
            </Group>
          </Stack>
        )
      }
    </Loaded>
  )
}

const SEVERITY_COLORS = { error: 'red', warning: 'yellow', ok: 'teal' } as const

function Health() {
  const { t } = useWords()
  const health = useQuery({ ...healthQuery, staleTime: 0 })
  return (
    <Stack>
      <Group justify="flex-end">
        <Button variant="default" loading={health.isFetching} onClick={() => void health.refetch()}>
          {t('health.again')}
        </Button>
      </Group>
      <Loaded query={health}>
        {(findings) => (
          <Stack component="ul" gap="sm" className="plain-list">
            {findings.map((one) => (
              <FindingCard key={`${one.code} ${one.map} ${one.message}`} finding={one} />
            ))}
          </Stack>
        )}
      </Loaded>
    </Stack>
  )
}

function FindingCard({ finding }: { finding: HealthFinding }) {
  const { t } = useWords()
  const said = useSaid()
  const title = useMapTitles()
  return (
    <Paper component="li" withBorder p="md">
      <Group gap="sm">
        <Tag color={SEVERITY_COLORS[finding.severity]}>{t(`health.${finding.severity}`)}</Tag>
        {finding.map !== null && (
          <TextLink to="/dual-write/$name" params={{ name: finding.map }} size="sm">
            {title(finding.map)}
          </TextLink>
        )}
        <span className="mono when">{finding.code}</span>
      </Group>
      <Text mt={6} className="wrap-anywhere">
        {said(finding.message)} <FindingLink finding={finding} />
      </Text>
      {finding.remedy !== null && (
        <Text size="sm" c="dimmed" className="wrap-anywhere">
          {t('health.remedy', { remedy: said(finding.remedy) })}
        </Text>
      )}
    </Paper>
  )
}
