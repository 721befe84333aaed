/** What the Prefer header of a request asks for, as far as it is understood; the rest is passed over, as preferences are. */
export type Preferences = {
  /** Rows of a page. */
  pageRows: number | undefined
  /** Patterns of annotations: '*', 'OData.Community.Display.V1.FormattedValue', 'Microsoft.Dynamics.CRM.*'. */
  annotations: readonly string[]
  returns: 'representation' | 'minimal' | undefined
  trackChanges: boolean
  continueOnError: boolean
}

const PATTERNS_MAX = 20

export function parsePreferences(header: string | readonly string[] | undefined): Preferences {
  const text = [header ?? []].flat().join(',')
  const found: { -readonly [name in keyof Preferences]: Preferences[name] } = {
    pageRows: undefined,
    annotations: [],
    returns: undefined,
    trackChanges: false,
    continueOnError: false,
  }
  for (const [, name = '', quoted, plain] of text.slice(0, 2_000).matchAll(PREFERENCE)) {
    const value = quoted ?? plain ?? ''
    switch (name.toLowerCase().replace(/^odata\./, '')) {
      case 'maxpagesize':
        if (/^[1-9]\d{0,8}$/.test(value)) found.pageRows = Number(value)
        break
      case 'include-annotations':
        found.annotations = value.split(',', PATTERNS_MAX).map((one) => one.trim())
        break
      case 'return':
        if (value === 'representation' || value === 'minimal') found.returns = value
        break
      case 'track-changes':
        found.trackChanges = true
        break
      case 'continue-on-error':
        found.continueOnError = value !== 'false'
        break
    }
  }
  return found
}

// A list between commas; what stands in quotes may hold commas itself.
const PREFERENCE = /([\w.-]+)\s*(?:=\s*(?:"([^"]*)"|([^\s,;"]+)))?\s*(?:;[^,]*)?(?:,|$)/g

/** Whether an annotation is asked for: '-' takes away what another pattern brings. */
export function wantsAnnotation(preferences: Preferences, name: string): boolean {
  const matches = (pattern: string) =>
    pattern === '*' || pattern === name || (pattern.endsWith('.*') && name.startsWith(pattern.slice(0, -1)))
  const wanted = preferences.annotations.filter((one) => !one.startsWith('-'))
  const unwanted = preferences.annotations.filter((one) => one.startsWith('-')).map((one) => one.slice(1))
  return wanted.some(matches) && !unwanted.some(matches)
}

/** What the Preference-Applied header answers. */
export function preferencesApplied(preferences: Preferences, applied: ReadonlySet<keyof Preferences>): string | undefined {
  const words: string[] = []
  if (applied.has('returns') && preferences.returns !== undefined) words.push(`return=${preferences.returns}`)
  if (applied.has('annotations') && preferences.annotations.length > 0)
    words.push(`odata.include-annotations="${preferences.annotations.join(',').replace(/[^\w.*,-]/g, '')}"`)
  if (applied.has('pageRows') && preferences.pageRows !== undefined) words.push(`odata.maxpagesize=${preferences.pageRows}`)
  if (applied.has('trackChanges') && preferences.trackChanges) words.push('odata.track-changes')
  return words.length === 0 ? undefined : words.join(', ')
}
