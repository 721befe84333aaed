import type { Translate } from '../../lib/messages.tsx'
import { type Entry, wayOf } from './map-text.ts'

export type TransformKind = 'plain' | 'constant' | 'values' | 'expression'

export function kindOf(entry: Entry): TransformKind {
  if (entry.constant !== undefined) return 'constant'
  if (entry.values !== undefined) return 'values'
  return entry.toPortal !== undefined || entry.toErp !== undefined ? 'expression' : 'plain'
}

/** What an entry does to its value, in a few words. */
export function transformWords(entry: Entry, t: Translate): string[] {
  const words: string[] = []
  if (entry.constant !== undefined) words.push(t('transform.constant', { value: String(entry.constant) }))
  if (typeof entry.values === 'string') words.push(t('editor.listNamed', { name: entry.values }))
  else if (entry.values !== undefined) words.push(t('transform.values', { count: Object.keys(entry.values).length }))
  if (entry.toPortal !== undefined) words.push(`← ${entry.toPortal}`)
  if (typeof entry.toErp === 'string') words.push(`→ ${entry.toErp}`)
  else for (const [field, expression] of Object.entries(entry.toErp ?? {})) words.push(`→ ${field}: ${expression}`)
  if (/[.(]/.test(entry.column ?? '')) words.push(t('transform.lookup', { path: entry.column ?? '' }))
  for (const [way, value] of Object.entries(defaultsOf(entry)))
    if (value !== '') words.push(t('editor.defaultWords', { arrow: way === 'toPortal' ? '←' : '→', value }))
  if (entry.case === 'lower') words.push(t('transform.lowerCase'))
  if (entry.else !== undefined) words.push(t('editor.elseWords', { column: entry.else }))
  if (entry.wins !== undefined)
    words.push(
      typeof entry.wins === 'string'
        ? t(`editor.wins.${entry.wins}`)
        : t('editor.winsWhile', { condition: entry.wins.portalWhile }),
    )
  return words
}

/** What each side gets where the other has nothing; a single value is for the portal where the entry goes there. */
export function defaultsOf(entry: Entry): { toPortal: string; toErp: string } {
  const given = entry.default
  if (given === undefined) return { toPortal: '', toErp: '' }
  if (typeof given === 'object') return { toPortal: String(given.toPortal ?? ''), toErp: String(given.toErp ?? '') }
  return wayOf(entry.dir) === 'toErp' ? { toPortal: '', toErp: String(given) } : { toPortal: String(given), toErp: '' }
}

/** As a person writes it: a number or a truth where it looks like one and the other end is no text. */
export function scalarOf(text: string, type: string | undefined): string | number | boolean {
  if (type === 'string' || type === 'memo' || type === 'enum' || type === 'guid') return text
  if (text === 'true' || text === 'false') return text === 'true'
  return /^-?\d+(\.\d+)?$/.test(text) && String(Number(text)) === text ? Number(text) : text
}
