/** One OData request, whether it came alone or inside a batch. */
export type ODataRequest = {
  method: string
  /** Everything after `/data`, as sent: "/SalesOrderLines(dataAreaId='usmf',InventoryLotId='x')?cross-company=true". */
  url: string
  /** Names in lower case. */
  headers: Readonly<Record<string, string>>
  body: string
  /** Absolute address of the service, for links: 'http://127.0.0.1:4100/data'. */
  root: string
  /** The company of the client's user. */
  company: string
}

export type ODataResponse = { status: number; headers: Record<string, string>; body: string }

export type MetadataLevel = 'none' | 'minimal' | 'full'

/** `odata.metadata=…` of Accept (or $format). */
export function metadataLevel(request: ODataRequest): MetadataLevel {
  const level = /odata\.metadata=(none|minimal|full)/i.exec(request.headers.accept ?? '')?.[1]?.toLowerCase()
  return (level as MetadataLevel | undefined) ?? 'minimal'
}

export function jsonResponse(status: number, body: string, level: MetadataLevel = 'minimal'): ODataResponse {
  return {
    status,
    headers: { 'content-type': `application/json; odata.metadata=${level}; charset=utf-8`, 'odata-version': '4.0' },
    body,
  }
}

export function emptyResponse(status: number, headers: Record<string, string> = {}): ODataResponse {
  return { status, headers: { 'odata-version': '4.0', ...headers }, body: '' }
}
