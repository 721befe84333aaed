import { Badge, Button, Drawer, Group, Stack, Tabs, Text, Title } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { useQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import type { DraftEdit, DraftFiles, RulesView } from '../../wire-security.ts'
import { post } from '../lib/api.ts'
import { useWords } from '../lib/messages.tsx'
import { Confirm, type Question } from '../parts/confirm.tsx'
import { Loaded, tellFailure } from '../parts/states.tsx'
import { type Draft, useDraft } from '../security/draft.ts'
import { Problems } from '../security/effect.tsx'
import { SecurityHead } from '../security/head.tsx'
import { type Editing, emptyPermission, PermissionForm } from '../security/permission-form.tsx'
import { PermissionList } from '../security/permission-list.tsx'
import { Publish } from '../security/publish.tsx'
import { rulesQuery } from '../security/queries.ts'
import { RuleFiles } from '../security/rule-files.tsx'
import { type Placed, placedOf } from '../security/scope-words.ts'
import { Sheet } from '../security/sheet.tsx'

export type RulesAddress = { role?: string; table?: string; tab?: string }
const TYPING_PAUSE_MS = 400

/** Roles, what each may, and the draft that changes it: by form or by file, with what that changes for whom. */
export function RulesScreen({ address }: { address: RulesAddress }) {
  const { draft, setDraft, discard } = useDraft()
  const [settled] = useDebouncedValue(draft.files, TYPING_PAUSE_MS)
  const rules = useQuery(rulesQuery(settled))
  return (
    <Loaded query={rules}>
      {(view) => (
        <Rules
          view={view}
          draft={{ ...draft, base: draft.base ?? view.releaseId }}
          setDraft={setDraft}
          discard={discard}
          address={address}
        />
      )}
    </Loaded>
  )
}

type Props = { view: RulesView; draft: Draft; setDraft: (draft: Draft) => void; discard: () => void; address: RulesAddress }

function Rules({ view, draft, setDraft, discard, address }: Props) {
  const { t } = useWords()
  const navigate = useNavigate()
  const [editing, setEditing] = useState<Editing | undefined>(undefined)
  const role = address.role ?? view.roles[0]?.name ?? ''
  const placed = placedOf(view.files)
  const go = (next: RulesAddress) => void navigate({ to: '/security/rules', search: next, replace: true })
  const changed = Object.keys(draft.files).length
  const setFiles = (files: DraftFiles) => setDraft({ ...draft, files })
  const apply = async (edit: DraftEdit) => {
    try {
      setFiles(await post<DraftFiles>('/security/drafts/edits', { files: draft.files, edit }))
      setEditing(undefined)
    } catch (error) {
      tellFailure(error as Error, t)
    }
  }
  return (
    <>
      <SecurityHead
        title={t('rules.title')}
        lead={t('rules.lead')}
        actions={
          <Button onClick={() => setEditing({ file: null, table: '', before: null, permission: emptyPermission(role) })}>
            {t('rules.add')}
          </Button>
        }
      />
      <DraftLine releaseId={view.releaseId} changed={changed} discard={discard} />
      <Views view={view} draft={draft} placed={placed} address={{ ...address, role }} go={go} setFiles={setFiles} />
      {changed > 0 && (
        <div className="publish">
          <Publish draft={draft} blocked={view.problems.length > 0} setDraft={setDraft} discard={discard} />
        </div>
      )}
      <Side opened={editing !== undefined} close={() => setEditing(undefined)} title={editing?.before ?? t('permission.new')}>
        {editing !== undefined && (
          <PermissionForm
            editing={editing}
            roles={view.roles.map((one) => one.name)}
            placed={placed}
            files={draft.files}
            onApply={(edit) => void apply(edit)}
            close={() => setEditing(undefined)}
          />
        )}
      </Side>
      <Side
        opened={address.table !== undefined && editing === undefined}
        close={() => go({ role })}
        title={t('rules.permissionsOf', { role, table: address.table ?? '' })}
      >
        <PermissionList
          placed={placed.filter((one) => one.table === address.table && one.permission.roles.includes(role))}
          onEdit={(one) =>
            setEditing({ file: one.file, table: one.table, before: one.permission.name, permission: one.permission })
          }
          onAdd={() => setEditing({ file: null, table: address.table ?? '', before: null, permission: emptyPermission(role) })}
          onDelete={(one) => void apply({ kind: 'delete', file: one.file, permission: one.permission.name })}
        />
      </Side>
    </>
  )
}

/** How many files the draft changes, and the way to discard it. */
function DraftLine({ releaseId, changed, discard }: { releaseId: RulesView['releaseId']; changed: number; discard: () => void }) {
  const { t } = useWords()
  const [question, ask] = useState<Question | undefined>(undefined)
  const askDiscard = () =>
    ask({
      title: t('rules.discard'),
      text: t('rules.discardText'),
      deed: t('rules.discard'),
      danger: true,
      act: async () => discard(),
    })
  return (
    <>
      <Group mb="md" gap="sm" role="status">
        <Text size="sm">{changed === 0 ? t('rules.noDraft', { id: releaseId }) : t('rules.draft', { count: changed })}</Text>
        {changed > 0 && (
          <Button size="compact-sm" variant="subtle" c="var(--bad)" onClick={askDiscard}>
            {t('rules.discard')}
          </Button>
        )}
      </Group>
      <Confirm question={question} close={() => ask(undefined)} />
    </>
  )
}

/** What a role may, or the files that say so. */
function Views(props: {
  view: RulesView
  draft: Draft
  placed: readonly Placed[]
  address: RulesAddress & { role: string }
  go: (next: RulesAddress) => void
  setFiles: (files: DraftFiles) => void
}) {
  const { t } = useWords()
  const { view, draft, placed, address, go, setFiles } = props
  const { role } = address
  return (
    <Tabs value={address.tab === 'files' ? 'files' : 'sheet'} onChange={(tab) => go({ role, ...(tab === 'files' && { tab }) })}>
      <Tabs.List mb="md">
        <Tabs.Tab value="sheet">{t('rules.sheet')}</Tabs.Tab>
        <Tabs.Tab value="files">{t('rules.files')}</Tabs.Tab>
      </Tabs.List>
      <Tabs.Panel value="sheet">
        <div className="roles-and-sheet">
          <RoleList view={view} role={role} onPick={(name) => go({ role: name })} />
          <Stack gap="md">
            {view.problems.length > 0 && <Problems problems={view.problems} onOpen={() => go({ role, tab: 'files' })} />}
            <Sheet placed={placed} role={role} onOpen={(table) => go({ role, table })} />
          </Stack>
        </div>
      </Tabs.Panel>
      <Tabs.Panel value="files">
        <RuleFiles view={view} texts={draft.files} onText={(path, text) => setFiles({ ...draft.files, [path]: text })} />
      </Tabs.Panel>
    </Tabs>
  )
}

function RoleList({ view, role, onPick }: { view: RulesView; role: string; onPick: (role: string) => void }) {
  const { t, named, number } = useWords()
  return (
    <ul className="plain-list" aria-label={t('rules.role')}>
      {view.roles.map((one) => (
        <li key={one.name}>
          <Button
            fullWidth
            size="sm"
            px="xs"
            fw={500}
            justify="space-between"
            variant={one.name === role ? 'light' : 'subtle'}
            color={one.name === role ? 'brand' : 'gray'}
            c="var(--mantine-color-text)"
            aria-pressed={one.name === role}
            title={one.description}
            onClick={() => onPick(one.name)}
            rightSection={
              <Badge variant="default" tt="none" fw={500}>
                {one.name === 'Anonymous Users' ? '∞' : number(one.people)}
              </Badge>
            }
          >
            {named('role', one.name)}
          </Button>
        </li>
      ))}
    </ul>
  )
}

function Side(props: { opened: boolean; close: () => void; title: string; children: React.ReactNode }) {
  const { t } = useWords()
  return (
    <Drawer.Root opened={props.opened} onClose={props.close} position="right" size="lg">
      <Drawer.Overlay />
      <Drawer.Content aria-label={props.title}>
        <Drawer.Body>
          <Group justify="space-between" wrap="nowrap" py="md">
            <Title order={2} size="h4" className="wrap-anywhere">
              {props.title}
            </Title>
            <Drawer.CloseButton aria-label={t('action.close')} />
          </Group>
          {props.children}
        </Drawer.Body>
      </Drawer.Content>
    </Drawer.Root>
  )
}
