import { Alert, Anchor, Button, Group, Paper, Stack, Text, Title } from '@mantine/core'
import { queryOptions, useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import type { FileChange, PublishOutcome, ReleaseList, ReleaseSummary } from '../../wire-security.ts'
import { post, queryClient, read } from '../lib/api.ts'
import { useWords } from '../lib/messages.tsx'
import { Tag } from '../parts/badges.tsx'
import { Dialog } from '../parts/dialog.tsx'
import { Loaded, tellDone, tellFailure } from '../parts/states.tsx'
import { AnonymousGains, Told } from '../security/effect.tsx'
import { FileChanges } from '../security/file-changes.tsx'
import { SecurityHead } from '../security/head.tsx'
import { confirmNames, TypedNames } from '../security/publish.tsx'
import { releaseQuery, releasesQuery } from '../security/queries.ts'

const folderChangesQuery = queryOptions({
  queryKey: ['security', 'folder-changes'],
  queryFn: () => read<FileChange[]>('/security/folder-changes'),
})

/** What has been published, what each release changed, the way back, and how the site's folder stands to it. */
export function ReleasesScreen() {
  const { t } = useWords()
  const list = useQuery(releasesQuery)
  const [going, setGoing] = useState<ReleaseSummary | undefined>(undefined)
  return (
    <>
      <SecurityHead title={t('releases.title')} lead={t('releases.lead')} />
      <Loaded query={list}>
        {({ releases, folder }) => (
          <Stack gap="md">
            <Folder folder={folder} />
            {releases.map((release) => (
              <Release key={release.id} release={release} onShow={() => setGoing(release)} />
            ))}
          </Stack>
        )}
      </Loaded>
      <Dialog opened={going !== undefined} close={() => setGoing(undefined)} title={t('releases.show')}>
        {going !== undefined && <ShowAgain release={going} close={() => setGoing(undefined)} />}
      </Dialog>
    </>
  )
}

function Folder({ folder }: { folder: ReleaseList['folder'] }) {
  const { t } = useWords()
  const changes = useQuery({ ...folderChangesQuery, enabled: folder.state !== 'same' })
  if (folder.state === 'same')
    return (
      <Text size="sm" c="dimmed" className="wrap-anywhere">
        {t('releases.folderSame', { path: folder.path })}
      </Text>
    )
  return (
    <Alert color="yellow" className="judgement">
      <Text size="sm" className="wrap-anywhere">
        {t(folder.state === 'kept' ? 'releases.folderKept' : 'releases.folderChanged', { path: folder.path })}
      </Text>
      <ul className="plain-list" aria-label={t('releases.folderFiles')}>
        {(changes.data ?? []).map((one) => (
          <li key={one.path}>
            {one.kind === 'deleted' ? (
              <Text size="sm">{t('releases.remove', { path: one.path })}</Text>
            ) : (
              <Anchor size="sm" href={`/studio/api/security/shown-files?path=${encodeURIComponent(one.path)}`} download>
                {t('releases.download', { path: one.path })}
              </Anchor>
            )}
          </li>
        ))}
      </ul>
    </Alert>
  )
}

function Release({ release, onShow }: { release: ReleaseSummary; onShow: () => void }) {
  const { t, dateTime } = useWords()
  const [opened, setOpened] = useState(false)
  return (
    <Paper withBorder p="md" component="article" aria-label={`${release.id}`}>
      <Group justify="space-between" align="flex-start">
        <div className="grow">
          <Group gap="xs">
            <Text fw={600} className="wrap-anywhere">
              {release.id} · {release.message}
            </Text>
            {release.isShown && <Tag color="teal">{t('releases.shown')}</Tag>}
          </Group>
          <Text size="sm" c="dimmed">
            {t('releases.by', { author: release.author, when: dateTime(release.publishedAt) })}
          </Text>
          {release.confirmed.length > 0 && (
            <Text size="sm" className="bad">
              {t('releases.confirmed', { names: release.confirmed.join(', ') })}
            </Text>
          )}
        </div>
        {!release.isShown && (
          <Button size="xs" variant="default" onClick={onShow} aria-label={`${t('releases.show')}: ${release.id}`}>
            {t('releases.show')}
          </Button>
        )}
      </Group>
      <details onToggle={(event) => setOpened(event.currentTarget.open)}>
        <summary>{t('releases.changes')}</summary>
        {opened && <Changes id={release.id} />}
      </details>
    </Paper>
  )
}

function Changes({ id }: { id: number }) {
  const { t } = useWords()
  const difference = useQuery(releaseQuery(String(id)))
  return (
    <Loaded query={difference}>
      {(found) => (
        <Stack gap="sm" mt="sm">
          <Title order={3} size="h5">
            {t('releases.access')}
          </Title>
          <Told difference={found.access} />
          <FileChanges files={found.files} />
        </Stack>
      )}
    </Loaded>
  )
}

/** An earlier release again: the gate asks for the same names. */
function ShowAgain({ release, close }: { release: ReleaseSummary; close: () => void }) {
  const { t } = useWords()
  const [confirmed, setConfirmed] = useState<readonly string[]>([])
  const [outcome, setOutcome] = useState<PublishOutcome | undefined>(undefined)
  const [busy, setBusy] = useState(false)
  const gains = outcome?.kind === 'needs_confirmation' ? outcome.gains : []
  const needed = confirmNames(gains)
  const show = async () => {
    setBusy(true)
    try {
      const told = await post<PublishOutcome>(`/security/releases/${release.id}/switches`, { confirm: confirmed })
      setOutcome(told)
      if (told.kind === 'published') {
        tellDone(t('rules.published', { id: release.id }), t)
        await queryClient.invalidateQueries({ queryKey: ['security'] })
        close()
      }
    } catch (error) {
      tellFailure(error as Error, t)
    }
    setBusy(false)
  }
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault()
        void show()
      }}
    >
      <Stack>
        <Text size="sm">{t('releases.showText', { id: release.id })}</Text>
        {gains.length > 0 && <AnonymousGains gains={gains} />}
        {outcome?.kind === 'invalid' && (
          <Alert color="red" role="alert" className="mail-text">
            {outcome.message}
          </Alert>
        )}
        <TypedNames names={needed} confirmed={confirmed} onConfirm={setConfirmed} />
        <Group justify="flex-end">
          <Button variant="default" onClick={close}>
            {t('action.cancel')}
          </Button>
          <Button type="submit" loading={busy} disabled={!needed.every((one) => confirmed.includes(one))}>
            {t('releases.show')}
          </Button>
        </Group>
      </Stack>
    </form>
  )
}
