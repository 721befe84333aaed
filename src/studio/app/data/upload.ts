import { API_ROOT, ApiFailure, meQuery, queryClient } from '../lib/api.ts'

/** Sends a file and tells how much of it has gone (0 to 1), which `fetch` cannot. Throws ApiFailure with what the server refused. */
export async function upload<T>(path: string, content: Blob, onSent: (part: number) => void): Promise<T> {
  const me = await queryClient.ensureQueryData(meQuery)
  return new Promise<T>((resolve, reject) => {
    const request = new XMLHttpRequest()
    request.open('POST', API_ROOT + path)
    request.setRequestHeader('content-type', 'application/octet-stream')
    request.setRequestHeader('x-csrf-token', me.csrfToken)
    request.responseType = 'json'
    request.upload.addEventListener('progress', (event) => onSent(event.total === 0 ? 1 : event.loaded / event.total))
    request.addEventListener('load', () => {
      const body = request.response as { error?: { code: string; message: string } } | null
      if (request.status >= 200 && request.status < 300) resolve(body as T)
      else reject(new ApiFailure(request.status, body?.error?.code ?? '', body?.error?.message ?? `HTTP ${request.status}`))
    })
    request.addEventListener('error', () => reject(new Error('The connection was lost')))
    request.send(content)
  })
}
