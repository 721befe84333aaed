import { Button, Group, NativeSelect, SimpleGrid, Stack, TextInput } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { type FormEvent, useState } from 'react'
import type { Definitions } from '../../wire-data.ts'
import { useWords } from '../lib/messages.tsx'
import { Dialog } from '../parts/dialog.tsx'
import { Loaded } from '../parts/states.tsx'
import { nameFrom, newTable } from './definition-document.ts'
import { PlanDialog, type Proposal } from './plan-dialog.tsx'
import { definitionsQuery } from './queries.ts'

/** A table of one's own: its names first, its columns once it is there. */
export function NewTable() {
  const { t } = useWords()
  const navigate = useNavigate()
  const definitions = useQuery(definitionsQuery)
  const [opened, setOpened] = useState(false)
  const [proposal, setProposal] = useState<Proposal & { table: string }>()
  const close = () => setProposal(undefined)
  return (
    <>
      <Button onClick={() => setOpened(true)}>{t('define.newTable')}</Button>
      <Dialog opened={opened && proposal === undefined} close={() => setOpened(false)} title={t('define.newTable')}>
        <Loaded query={definitions}>{(found) => <Form definitions={found} propose={setProposal} />}</Loaded>
      </Dialog>
      <PlanDialog
        proposal={proposal}
        close={close}
        done={() => {
          setOpened(false)
          if (proposal !== undefined)
            void navigate({ to: '/data/$table', params: { table: proposal.table }, search: { tab: 'columns' } })
        }}
      />
    </>
  )
}

function Form({ definitions, propose }: { definitions: Definitions; propose: (proposal: Proposal & { table: string }) => void }) {
  const { t } = useWords()
  const [en, setEn] = useState('')
  const [fr, setFr] = useState('')
  const [typed, setTyped] = useState<string>()
  const [nameLabel, setNameLabel] = useState('Name')
  const [scope, setScope] = useState('global')
  const name = typed ?? nameFrom(en, definitions.prefix)
  const submit = (event: FormEvent) => {
    event.preventDefault()
    const prefix = /^[a-z][a-z0-9]*/.exec(name)?.[0] ?? definitions.prefix
    const document = newTable({ name, en: en.trim(), fr: fr.trim(), scope, prefix, nameLabel: nameLabel.trim() })
    propose({ title: t('define.tableAdded', { name }), document, table: name })
  }
  return (
    <form onSubmit={submit}>
      <Stack>
        <SimpleGrid cols={{ base: 1, xs: 2 }}>
          <TextInput
            required
            data-autofocus
            label={t('define.labelEn')}
            value={en}
            onChange={(event) => setEn(event.currentTarget.value)}
          />
          <TextInput label={t('define.labelFr')} value={fr} onChange={(event) => setFr(event.currentTarget.value)} />
          <TextInput
            required
            classNames={{ input: 'mono' }}
            label={t('data.logicalName')}
            value={name}
            onChange={(event) => setTyped(event.currentTarget.value)}
          />
          <TextInput
            required
            label={t('define.nameColumn')}
            value={nameLabel}
            onChange={(event) => setNameLabel(event.currentTarget.value)}
          />
          <NativeSelect
            label={t('define.scope')}
            value={scope}
            onChange={(event) => setScope(event.currentTarget.value)}
            data={[
              { value: 'global', label: t('define.scopeGlobal') },
              { value: 'company', label: t('define.scopeCompany') },
            ]}
          />
        </SimpleGrid>
        <Group justify="flex-end">
          <Button type="submit">{t('define.showPlan')}</Button>
        </Group>
      </Stack>
    </form>
  )
}
