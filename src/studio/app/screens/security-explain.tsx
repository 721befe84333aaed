import { Alert, Group, Paper, SegmentedControl, Stack, Title } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { useEffect } from 'react'
import { useWords } from '../lib/messages.tsx'
import { TextLink } from '../parts/link.tsx'
import { Empty, Loaded } from '../parts/states.tsx'
import { SecurityHead } from '../security/head.tsx'
import { Judgement } from '../security/judgement.tsx'
import { RowPicker, TablePicker } from '../security/pickers.tsx'
import { explanationQuery, personQuery, type RowAddress, type SubjectAddress } from '../security/queries.ts'
import { SubjectPicker } from '../security/subject.tsx'
import { WhoMay } from '../security/who-may.tsx'
import { PRIVILEGES } from '../security/words.ts'

export type ExplainAddress = SubjectAddress & RowAddress

/** Why somebody can or cannot do something with one row, and who can. All of the question stands in the address. */
export function ExplainScreen({ address }: { address: ExplainAddress }) {
  const { t } = useWords()
  const navigate = useNavigate()
  const { contact, account, token, table, row, privilege = 'read' } = address
  const subject: SubjectAddress = {
    ...(contact !== undefined && { contact }),
    ...(account !== undefined && { account }),
    ...(token !== undefined && { token }),
  }
  const place: RowAddress = { ...(table !== undefined && { table }), ...(row !== undefined && { row }), privilege }
  const go = (next: ExplainAddress) => void navigate({ to: '/security/explain', search: next, replace: true })
  useOwnAccount(address, go)
  return (
    <>
      <SecurityHead title={t('explain.title')} lead={t('explain.lead')} />
      <Paper withBorder p="md" mb="lg" component="section" aria-label={t('explain.question')}>
        <div className="question">
          <SubjectPicker subject={subject} onPick={(next) => go({ ...place, ...next })} />
          <Stack gap="xs">
            <TablePicker label={t('explain.table')} value={table} onPick={(name) => go({ ...subject, table: name, privilege })} />
            <RowPicker
              key={`${table ?? ''} ${row ?? ''}`}
              table={table ?? ''}
              value={row}
              onPick={(found) => go({ ...subject, ...found, privilege })}
            />
          </Stack>
        </div>
        <div className="wide-control">
          <SegmentedControl
            mt="md"
            size="xs"
            aria-label={t('explain.privilege')}
            value={privilege}
            onChange={(value) => go({ ...subject, ...place, privilege: value })}
            data={PRIVILEGES.map((one) => ({ value: one, label: t(`privilege.${one}`) }))}
          />
        </div>
      </Paper>
      {table === undefined || row === undefined ? (
        <Empty title={t('explain.empty.title')} text={t('explain.empty.text')} />
      ) : (
        <Answer subject={subject} place={{ table, row, privilege }} />
      )}
    </>
  )
}

/** A person who has just been chosen acts for the own account. */
function useOwnAccount(address: ExplainAddress, go: (next: ExplainAddress) => void) {
  const { contact, account } = address
  const person = useQuery({ ...personQuery(contact ?? ''), enabled: contact !== undefined && account === undefined })
  const own = person.data?.rolesWithoutAccount.length === 0 ? person.data.accounts.find((one) => one.holds) : undefined
  // biome-ignore lint/correctness/useExhaustiveDependencies: once for each person
  useEffect(() => {
    if (contact !== undefined && account === undefined && own !== undefined) go({ ...address, account: own.accountId })
  }, [contact, own?.accountId])
}

function Answer({ subject, place }: { subject: SubjectAddress; place: { table: string; row: string; privilege: string } }) {
  const { t } = useWords()
  const explanation = useQuery(explanationQuery(subject, place))
  return (
    <Stack gap="xl">
      <Loaded query={explanation}>
        {(told) => (
          <Stack gap="md">
            {told.subject.kind === 'contact' && told.subject.state !== 'active' && (
              <Alert color="yellow">{t('explain.cannotSignIn', { name: told.subject.name })}</Alert>
            )}
            <Judgement told={told} privilege={place.privilege} />
          </Stack>
        )}
      </Loaded>
      <section aria-labelledby="who-may">
        <Group justify="space-between" mb="sm">
          <Title order={2} size="h4" id="who-may">
            {t('who.title')}
          </Title>
          <TextLink to="/data/$table" params={{ table: place.table }} search={{ row: place.row }} size="sm">
            {t('explain.openRow')}
          </TextLink>
        </Group>
        <WhoMay key={`${place.row} ${place.privilege}`} place={place} />
      </section>
    </Stack>
  )
}
