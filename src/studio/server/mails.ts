import type { HttpServer } from '#http/server.ts'
import { AppError } from '#lib/app-error.ts'
import type { Message } from '#mail/messages.queries.ts'
import type { MailDetail, MailSummary, Page } from '../wire.ts'
import { parseId } from './lists.ts'
import type { StudioServices } from './services.ts'

const MAILS_MAX = 100

/** /mails: what has been written to people. A mail that was sent keeps no text: only those that stay here can be read. */
export function registerMails(scope: HttpServer, services: StudioServices): void {
  const { database, mail } = services

  scope.get('/mails', async (): Promise<Page<MailSummary>> => {
    const messages = await database.read((tx) => mail.listOutbox(tx, { before: null, rowsMax: MAILS_MAX }))
    return { rows: messages.map(summaryOf), next: null, total: messages.length }
  })

  scope.get<{ Params: { id: string } }>('/mails/:id', async (request): Promise<MailDetail> => {
    const id = parseId(request.params.id)
    const message = await database.read((tx) => mail.findMessage(tx, id))
    if (message === undefined) throw new AppError('studio.not_found', 'There is no such mail')
    const { text, attempts } = message
    return { ...summaryOf(message), text, attempts, links: text.match(/https?:\/\/[^\s<>"]+[^\s<>".,;:!?)]/g) ?? [] }
  })
}

function summaryOf(message: Message): MailSummary {
  const { to, subject, state, createdAt, error } = message
  return { id: message.messageId, to, subject, state, createdAt, error }
}
