import { QueryClient, queryOptions } from '@tanstack/react-query'
import type {
  AccountDetail,
  AccountSummary,
  ApiError,
  ContactDetail,
  ContactSummary,
  MailDetail,
  MailSummary,
  MapDetail,
  Me,
  Overview,
  Page,
  Picture,
} from '../../wire.ts'

export const API_ROOT = '/studio/api'

/** What the server refused, in its own words. */
export class ApiFailure extends Error {
  readonly status: number
  readonly code: string

  constructor(status: number, code: string, message: string) {
    super(message)
    this.name = 'ApiFailure'
    this.status = status
    this.code = code
  }
}

export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 10_000,
      // The server has said no: asking again would not help.
      retry: (count, error) => count < 2 && !(error instanceof ApiFailure && error.status < 500),
    },
  },
})

export const meQuery = queryOptions({ queryKey: ['me'], queryFn: () => read<Me>('/me'), staleTime: Number.POSITIVE_INFINITY })
export const overviewQuery = queryOptions({
  queryKey: ['overview'],
  queryFn: () => read<Overview>('/overview'),
  refetchInterval: 15_000,
})
/** Kept fresh by the live stream (see live.ts). */
export const mapsQuery = queryOptions({ queryKey: ['maps'], queryFn: () => read<Picture>('/maps'), staleTime: 60_000 })
export const mapQuery = (name: string) =>
  queryOptions({ queryKey: ['map', name], queryFn: () => read<MapDetail>(`/maps/${encodeURIComponent(name)}`) })

export type ListSearch = { search: string; after: string | null; account?: string | undefined }
export const accountsQuery = (list: ListSearch) =>
  queryOptions({
    queryKey: ['accounts', list],
    queryFn: () => read<Page<AccountSummary>>(`/accounts?${listParameters(list)}`),
    placeholderData: (before: Page<AccountSummary> | undefined) => before,
  })
export const accountQuery = (id: string) =>
  queryOptions({ queryKey: ['account', id], queryFn: () => read<AccountDetail>(`/accounts/${id}`) })
export const contactsQuery = (list: ListSearch) =>
  queryOptions({
    queryKey: ['contacts', list],
    queryFn: () => read<Page<ContactSummary>>(`/contacts?${listParameters(list)}`),
    placeholderData: (before: Page<ContactSummary> | undefined) => before,
  })
export const contactQuery = (id: string) =>
  queryOptions({ queryKey: ['contact', id], queryFn: () => read<ContactDetail>(`/contacts/${id}`) })
export const mailsQuery = queryOptions({
  queryKey: ['mails'],
  queryFn: () => read<Page<MailSummary>>('/mails'),
  refetchInterval: 10_000,
})
export const mailQuery = (id: string) => queryOptions({ queryKey: ['mail', id], queryFn: () => read<MailDetail>(`/mails/${id}`) })

/** Creates something: a pause, a retry, an invitation. Answers what the server says about it. */
export async function post<T = unknown>(path: string, body: object = {}, signal?: AbortSignal): Promise<T> {
  const me = await queryClient.ensureQueryData(meQuery)
  return answer<T>(
    await fetch(API_ROOT + path, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-csrf-token': me.csrfToken },
      body: JSON.stringify(body),
      ...(signal !== undefined && { signal }),
    }),
  )
}

/** Reads JSON of the API. Throws ApiFailure with what the server refused. */
export async function read<T>(path: string): Promise<T> {
  return answer<T>(await fetch(API_ROOT + path, { headers: { accept: 'application/json' } }))
}

export async function answer<T>(response: Response): Promise<T> {
  // The session has ended meanwhile: the way back leads to this very page.
  if (response.status === 401) location.assign(`/signin?return=${encodeURIComponent(location.pathname + location.search)}`)
  const body: unknown = await response.json().catch(() => undefined)
  if (response.ok) return body as T
  const error = (body as ApiError | undefined)?.error
  throw new ApiFailure(response.status, error?.code ?? 'request.failed', error?.message ?? `HTTP ${response.status}`)
}

function listParameters(list: ListSearch): URLSearchParams {
  const parameters = new URLSearchParams()
  if (list.search !== '') parameters.set('search', list.search)
  if (list.after !== null) parameters.set('after', list.after)
  if (list.account !== undefined) parameters.set('account', list.account)
  return parameters
}
