import { MultiSelect, Stack } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { meQuery } from '../lib/api.ts'
import { useWords } from '../lib/messages.tsx'
import { Empty, Loaded } from '../parts/states.tsx'
import { SecurityHead } from '../security/head.tsx'
import { AccountPicker } from '../security/pickers.tsx'
import { Previewed } from '../security/previewed.tsx'
import { previewQuery } from '../security/queries.ts'

type PreviewAddress = { roles?: string; account?: string }
const BUILT_IN = ['Authenticated Users', 'Anonymous Users']

/** What somebody with these roles, acting for this account, would see. */
export function PreviewScreen({ address }: { address: PreviewAddress }) {
  const { t, named } = useWords()
  const navigate = useNavigate()
  const me = useQuery(meQuery)
  const preview = useQuery({ ...previewQuery(address), enabled: address.roles !== undefined })
  const go = (next: PreviewAddress) => void navigate({ to: '/security/preview', search: next, replace: true })
  const roles = address.roles === undefined ? [] : address.roles.split(',')
  const account = address.account === undefined ? {} : { account: address.account }
  const chosen = address.roles === undefined ? {} : { roles: address.roles }
  return (
    <>
      <SecurityHead title={t('preview.title')} lead={t('preview.lead')} />
      <div className="question">
        <MultiSelect
          label={t('preview.roles')}
          placeholder={roles.length === 0 ? t('preview.choose') : ''}
          data={[...(me.data?.roles ?? []), ...BUILT_IN].map((role) => ({ value: role, label: named('role', role) }))}
          value={roles}
          onChange={(next) => go({ ...account, ...(next.length > 0 && { roles: next.join(',') }) })}
          searchable
        />
        <AccountPicker
          label={t('preview.account')}
          value={address.account}
          onPick={(id) => go({ ...chosen, ...(id !== undefined && { account: id }) })}
        />
      </div>
      <Stack mt="lg">
        {address.roles === undefined ? (
          <Empty title={t('preview.choose')} text={t('preview.chooseText')} />
        ) : (
          <Loaded query={preview}>{(found) => <Previewed tables={found.tables} />}</Loaded>
        )}
      </Stack>
    </>
  )
}
