import type { RunningComptoir } from './comptoir.ts'

/** The reference ERP of a running Comptoir, over HTTP as any client. */
export type ErpClient = {
  count(path: string): Promise<number>
  /** The first page. */
  read<T>(path: string): Promise<T[]>
  readAll<T>(path: string): Promise<T[]>
  change(path: string, fields: object): Promise<void>
  setFaults(plan: object): Promise<void>
}

export async function openErp(comptoir: RunningComptoir): Promise<ErpClient> {
  let token: Promise<string> | undefined
  const request = async (path: string, init: RequestInit) => {
    token ??= readToken(comptoir).catch((error: unknown) => {
      token = undefined
      throw error
    })
    const headers = { authorization: `Bearer ${await token}`, 'content-type': 'application/json' }
    return fetch(`${comptoir.erpUrl}/data/${path}`, { ...init, headers })
  }
  const send = async (path: string, init: RequestInit = {}) => {
    let answer = await request(path, init)
    // An ERP that was started again knows no token of before.
    if (answer.status === 401) {
      token = undefined
      answer = await request(path, init)
    }
    if (!answer.ok) throw new Error(`${path} answered ${answer.status}: ${await answer.text()}`)
    return answer
  }
  return {
    count: async (path) => Number(await (await send(path)).text()),
    read: async <T>(path: string) => ((await (await send(path)).json()) as { value: T[] }).value,
    async readAll<T>(path: string) {
      const all: T[] = []
      for (let next: string | undefined = path; next !== undefined; ) {
        const page = (await (await send(next)).json()) as { value: T[]; '@odata.nextLink'?: string }
        all.push(...page.value)
        next = page['@odata.nextLink']?.split('/data/')[1]
      }
      return all
    },
    async change(path, fields) {
      await send(`${path}?cross-company=true`, { method: 'PATCH', body: JSON.stringify(fields) })
    },
    async setFaults(plan) {
      const answer = await fetch(`${comptoir.erpUrl}/faults`, {
        method: 'PUT',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(plan),
      })
      if (!answer.ok) throw new Error(`the fault plan was refused: ${await answer.text()}`)
    },
  }
}

async function readToken(comptoir: RunningComptoir): Promise<string> {
  const form = {
    grant_type: 'client_credentials',
    client_id: 'comptoir',
    client_secret: 'comptoir-demo-secret',
    resource: comptoir.erpUrl,
  }
  const answer = await fetch(`${comptoir.erpUrl}/oauth2/token`, { method: 'POST', body: new URLSearchParams(form) })
  return ((await answer.json()) as { access_token: string }).access_token
}
