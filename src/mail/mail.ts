import type { JobHelpers } from 'graphile-worker'
import nodemailer from 'nodemailer'
import { uuidv7 } from 'uuidv7'
import { AppError, messageOf } from '#lib/app-error.ts'
import { isJsonObject } from '#lib/json.ts'
import type { Log } from '#log/log.ts'
import type { Database, Tx } from '#postgres/database.ts'
import {
  findMessage,
  insertMessage,
  listMessages,
  type Message,
  settleNotSent,
  settleSent,
  updateToWaiting,
} from './messages.queries.ts'
import { addJob } from './queue.queries.ts'
import { type JobQueue, prepareJobQueue, startJobQueue } from './queue.ts'

export type MailOptions = {
  database: Database
  /** smtp://user:password@host:587; without one mails stay in the outbox, to be read there. */
  smtpUrl: string | undefined
  /** 'Comptoir <no-reply@comptoir.example>' */
  from: string
  log: Log
}

/** Mails are stored first, in the transaction that causes them, and sent from there. */
export type Mail = {
  readonly sends: boolean
  /** Makes the queue's tables and, where there is a mail server, begins to send. Before the first `post`. */
  start(): Promise<void>
  stop(): Promise<void>
  /** Answers the message's id. Throws AppError `mail.invalid` for what is not one plain address. */
  post(tx: Tx, message: { to: string; subject: string; text: string; html: string }): Promise<string>
  /** Newest first. */
  listOutbox(tx: Tx, page: { before: string | null; rowsMax: number }): Promise<Message[]>
  findMessage(tx: Tx, messageId: string): Promise<Message | undefined>
  /** Tries a failed or kept mail again. Throws AppError `mail.not_found` or `mail.no_server`. */
  sendAgain(tx: Tx, messageId: string): Promise<void>
}

const TASK = 'send_mail'
/** With the queue's growing delays: about a day. */
const ATTEMPTS_MAX = 15
const ADDRESS = /^[^\s@<>,;"]{1,64}@[^\s@<>,;"]{1,190}$/

export function createMail(options: MailOptions): Mail {
  const { database, log } = options
  const transport = options.smtpUrl === undefined ? undefined : nodemailer.createTransport(options.smtpUrl)
  let queue: JobQueue | undefined

  async function send(payload: unknown, helpers: JobHelpers): Promise<void> {
    const messageId = isJsonObject(payload) ? String(payload.messageId) : ''
    const message = await database.read((tx) => findMessage(tx, messageId))
    if (message === undefined || message.state !== 'waiting' || transport === undefined) return
    try {
      const { to, subject, text, html } = message
      // The same id at every attempt: a server that has seen it can drop the second.
      await transport.sendMail({ from: options.from, to, subject, text, html, messageId: `<${messageId}@comptoir>` })
    } catch (error) {
      const final = helpers.job.attempts >= helpers.job.max_attempts
      await database.transaction((tx) => settleNotSent(tx, messageId, { error: messageOf(error), final }))
      log.warn({ messageId, attempt: helpers.job.attempts, final }, 'a mail was not sent')
      throw error
    }
    await database.transaction((tx) => settleSent(tx, messageId))
  }

  return {
    sends: transport !== undefined,
    async start() {
      if (transport === undefined) return
      await prepareJobQueue({ url: database.url, log })
      queue = await startJobQueue({ url: database.url, tasks: { [TASK]: send }, log })
    },
    async stop() {
      await queue?.stop()
      transport?.close()
    },
    async post(tx, message) {
      if (!ADDRESS.test(message.to))
        throw new AppError('mail.invalid', 'A mail needs one plain address, such as jane@example.com')
      const messageId = uuidv7()
      // A line break in a subject would begin a header of its own.
      const subject = message.subject.replaceAll(/[\r\n]+/g, ' ')
      await insertMessage(tx, { ...message, messageId, subject, state: transport === undefined ? 'kept' : 'waiting' })
      if (transport !== undefined) await addJob(tx, { task: TASK, payload: { messageId }, attemptsMax: ATTEMPTS_MAX })
      return messageId
    },
    listOutbox: listMessages,
    findMessage,
    async sendAgain(tx, messageId) {
      if (transport === undefined) throw new AppError('mail.no_server', 'No mail server is configured (SMTP_URL)')
      if (!(await updateToWaiting(tx, messageId))) throw new AppError('mail.not_found', 'There is no such mail that was not sent')
      await addJob(tx, { task: TASK, payload: { messageId }, attemptsMax: ATTEMPTS_MAX })
    },
  }
}
