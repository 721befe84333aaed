import { Paper, Stack, Text, Title } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import type { MailDetail, MailSummary } from '../../wire.ts'
import { mailQuery, mailsQuery } from '../lib/api.ts'
import { useWords } from '../lib/messages.tsx'
import { Tag } from '../parts/badges.tsx'
import { TextLink } from '../parts/link.tsx'
import { Empty, Loaded, ScreenHead } from '../parts/states.tsx'

/** Mails that Comptoir has written: those it sent, and in demo mode those that stay here for reading. */
export function OutboxScreen({ mail }: { mail: string | undefined }) {
  const { t } = useWords()
  const mails = useQuery(mailsQuery)
  return (
    <>
      <ScreenHead title={t('outbox.title')} lead={t('outbox.lead')} />
      <Loaded query={mails}>
        {(page) =>
          page.rows.length === 0 ? (
            <Empty title={t('outbox.empty.title')} text={t('outbox.empty.text')} />
          ) : (
            <div className="mailbox">
              <MailList rows={page.rows} shown={mail} />
              {mail === undefined ? <Text c="dimmed">{t('outbox.choose')}</Text> : <Mail id={mail} />}
            </div>
          )
        }
      </Loaded>
    </>
  )
}

function MailList({ rows, shown }: { rows: MailSummary[]; shown: string | undefined }) {
  const { ago } = useWords()
  return (
    <Stack component="ul" gap={4} className="plain-list">
      {rows.map((row) => (
        <li key={row.id}>
          <TextLink
            to="/outbox"
            search={{ mail: row.id }}
            className="mail-item"
            underline="never"
            {...(row.id === shown && { 'aria-current': 'true' as const })}
          >
            <Text size="sm" fw={600} truncate>
              {row.subject}
            </Text>
            <Text size="xs" c="dimmed" truncate>
              {row.to} · {ago(row.createdAt)}
            </Text>
          </TextLink>
        </li>
      ))}
    </Stack>
  )
}

function Mail({ id }: { id: string }) {
  const mail = useQuery(mailQuery(id))
  return <Loaded query={mail}>{(data) => <MailPaper mail={data} />}</Loaded>
}

const STATE_COLORS: Readonly<Record<string, string>> = { sent: 'teal', failed: 'red', outbox: 'gray' }

function MailPaper({ mail }: { mail: MailDetail }) {
  const { t, named, dateTime } = useWords()
  return (
    <Paper withBorder p="lg" component="article">
      <Stack gap="sm">
        <Title order={2} size="h4">
          {mail.subject}
        </Title>
        <Text size="sm" c="dimmed">
          {t('outbox.to', { to: mail.to })} · {dateTime(mail.createdAt)}
        </Text>
        <div>
          <Tag color={STATE_COLORS[mail.state] ?? 'blue'}>{named('mailState', mail.state)}</Tag>
        </div>
        {mail.error !== null && (
          <Text size="sm" className="bad">
            {mail.error}
          </Text>
        )}
        <div className="mail-text">{withLinks(mail.text, mail.links)}</div>
      </Stack>
    </Paper>
  )
}

/** The text as it was written, with the links that the server found in it made clickable. */
function withLinks(text: string, links: readonly string[]) {
  const parts: React.ReactNode[] = []
  let rest = text
  for (const link of links) {
    const at = rest.indexOf(link)
    if (at < 0) continue
    parts.push(
      rest.slice(0, at),
      <a key={parts.length} href={link}>
        {link}
      </a>,
    )
    rest = rest.slice(at + link.length)
  }
  return [...parts, rest]
}
