import { keepPreviousData, queryOptions } from '@tanstack/react-query'
import type { Page } from '../../wire.ts'
import type {
  AuditPage,
  ConditionCheck,
  Difference,
  DraftEdit,
  DraftFiles,
  Explained,
  MatrixRole,
  PersonDetail,
  PersonSummary,
  Preview,
  ReleaseDifference,
  ReleaseList,
  RowChoice,
  RulesView,
  ServiceAccountInfo,
  WhoMayPage,
} from '../../wire-security.ts'
import { post, read } from '../lib/api.ts'

export type PeopleSearch = { search?: string; state?: string; after?: string }
/** For whom something is explained, as it stands in the address; nothing is anybody at all. */
export type SubjectAddress = { contact?: string; account?: string; token?: string; roles?: string }
export type RowAddress = { table?: string; row?: string; privilege?: string }

export const peopleQuery = (search: PeopleSearch) =>
  queryOptions({
    queryKey: ['security', 'people', search],
    queryFn: () => read<Page<PersonSummary>>(`/security/people?${parameters(search)}`),
    placeholderData: keepPreviousData,
  })
export const personQuery = (id: string) =>
  queryOptions({ queryKey: ['security', 'person', id], queryFn: () => read<PersonDetail>(`/security/people/${id}`) })
export const rowChoicesQuery = (table: string, search: string) =>
  queryOptions({
    queryKey: ['security', 'rows', table, search],
    queryFn: () => read<RowChoice[]>(`/security/rows?${parameters({ table })}&search=${encodeURIComponent(search)}`),
    enabled: table !== '',
    placeholderData: keepPreviousData,
  })
export const findPlace = (address: string) =>
  read<{ table: string; row: RowChoice } | { table: null }>(`/security/places?${parameters({ address })}`)
export const explanationQuery = (subject: SubjectAddress, row: RowAddress) =>
  queryOptions({
    queryKey: ['security', 'explanation', subject, row],
    queryFn: () => read<Explained>(`/security/explanations?${parameters({ privilege: 'read', ...subject, ...row })}`),
    enabled: row.table !== undefined && row.row !== undefined,
  })
export const whoMayQuery = (row: RowAddress, offset: number) =>
  queryOptions({
    queryKey: ['security', 'who', row, offset],
    queryFn: () =>
      read<WhoMayPage>(`/security/people-who-may?${parameters({ privilege: 'read', ...row, offset: String(offset) })}`),
    enabled: row.table !== undefined && row.row !== undefined,
  })
export const previewQuery = (subject: SubjectAddress) =>
  queryOptions({
    queryKey: ['security', 'preview', subject],
    queryFn: () => read<Preview>(`/security/previews?${parameters(subject)}`),
    enabled: Object.keys(subject).length > 0,
  })
export const matrixQuery = queryOptions({
  queryKey: ['security', 'matrix'],
  queryFn: () => read<MatrixRole[]>('/security/matrix'),
})
export const serviceAccountsQuery = queryOptions({
  queryKey: ['security', 'service-accounts'],
  queryFn: () => read<ServiceAccountInfo[]>('/security/service-accounts'),
})
export const releasesQuery = queryOptions({
  queryKey: ['security', 'releases'],
  queryFn: () => read<ReleaseList>('/security/releases'),
})
export const releaseQuery = (id: string) =>
  queryOptions({
    queryKey: ['security', 'release', id],
    queryFn: () => read<ReleaseDifference>(`/security/releases/${id}`),
  })
export const auditQuery = (before: string | undefined) =>
  queryOptions({
    queryKey: ['security', 'audit', before ?? ''],
    queryFn: () => read<AuditPage>(`/security/audit?${parameters({ before })}`),
  })

/** Roles and permissions as the draft would have them. */
export const rulesQuery = (files: DraftFiles) =>
  queryOptions({
    queryKey: ['security', 'rules', files],
    queryFn: () => post<RulesView>('/security/drafts/views', { files }),
    placeholderData: keepPreviousData,
  })
/** Counting takes a while: whoever goes on editing gives it up. */
export const differenceQuery = (files: DraftFiles) =>
  queryOptions({
    queryKey: ['security', 'difference', files],
    queryFn: ({ signal }) => post<Difference>('/security/drafts/differences', { files }, signal),
    enabled: Object.keys(files).length > 0,
    retry: false,
  })
/** The same for an edit that is not yet in the draft. */
export const editDifferenceQuery = (files: DraftFiles, edit: DraftEdit | undefined) =>
  queryOptions({
    queryKey: ['security', 'edit-difference', files, edit],
    queryFn: async ({ signal }) => {
      const edited = await post<DraftFiles>('/security/drafts/edits', { files, edit }, signal)
      return post<Difference>('/security/drafts/differences', { files: edited }, signal)
    },
    enabled: edit !== undefined,
    retry: false,
  })
export const conditionQuery = (table: string, where: string) =>
  queryOptions({
    queryKey: ['security', 'condition', table, where],
    queryFn: ({ signal }) => post<ConditionCheck>('/security/condition-checks', { table, where }, signal),
    enabled: where !== '',
  })

function parameters(values: Record<string, string | undefined>): URLSearchParams {
  const given = Object.entries(values).filter((entry): entry is [string, string] => entry[1] !== undefined && entry[1] !== '')
  return new URLSearchParams(given)
}
