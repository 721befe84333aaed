import type { Tx } from '#postgres/database.ts'

export type MessageState = 'kept' | 'waiting' | 'sent' | 'failed'

export type Message = {
  messageId: string
  to: string
  subject: string
  text: string
  html: string
  state: MessageState
  attempts: number
  error: string | null
  createdAt: string
  sentAt: string | null
}

export async function insertMessage(
  tx: Tx,
  message: { messageId: string; to: string; subject: string; text: string; html: string; state: 'kept' | 'waiting' },
): Promise<void> {
  await tx`
    insert into mail.message (message_id, recipient, subject, body_text, body_html, state)
    values (${message.messageId}::uuid, ${message.to}, ${message.subject}, ${message.text}, ${message.html}, ${message.state})`
}

/** Newest first; `before` is the id of the last message of the page before. */
export async function listMessages(tx: Tx, page: { before: string | null; rowsMax: number }): Promise<Message[]> {
  return tx<Message>`
    select message_id as "messageId", recipient as "to", subject, body_text as "text", body_html as "html", state, attempts, error,
           created_at as "createdAt", sent_at as "sentAt"
      from mail.message
     where ${page.before}::uuid is null
        or (created_at, message_id) < (select created_at, message_id from mail.message where message_id = ${page.before}::uuid)
     order by created_at desc, message_id desc limit ${page.rowsMax}`
}

export async function findMessage(tx: Tx, messageId: string): Promise<Message | undefined> {
  const [row] = await tx<Message>`
    select message_id as "messageId", recipient as "to", subject, body_text as "text", body_html as "html", state, attempts, error,
           created_at as "createdAt", sent_at as "sentAt"
      from mail.message where message_id = ${messageId}::uuid`
  return row
}

export async function settleSent(tx: Tx, messageId: string): Promise<void> {
  await tx`
    update mail.message set state = 'sent', sent_at = now(), attempts = attempts + 1, error = null, body_text = '', body_html = ''
     where message_id = ${messageId}::uuid`
}

export async function settleNotSent(tx: Tx, messageId: string, outcome: { error: string; final: boolean }): Promise<void> {
  await tx`
    update mail.message set attempts = attempts + 1, error = ${outcome.error}, state = case when ${outcome.final} then 'failed' else 'waiting' end
     where message_id = ${messageId}::uuid`
}

/** A failed or kept message is to be sent after all. Answers whether there was one. */
export async function updateToWaiting(tx: Tx, messageId: string): Promise<boolean> {
  const rows = await tx`
    update mail.message set state = 'waiting', error = null where message_id = ${messageId}::uuid and state in ('failed', 'kept') returning 1 as one`
  return rows.length === 1
}
