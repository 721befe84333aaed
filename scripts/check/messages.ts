import { readFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { type MessageFormatElement, parse as parseMessage, TYPE } from '@formatjs/icu-messageformat-parser'
import { parse as parseYaml } from 'yaml'
import { listFiles } from './files.ts'

/** Every language that ships. A text that exists in one exists in all, with the same placeholders. */
const LANGUAGES = ['en', 'fr']

/** Files named <language>.yaml or <language>.json side by side are one set of messages. */
export function checkMessages(root: string): string[] {
  const files = listFiles(root, 'src', ['.yaml', '.json']).filter((path) => LANGUAGES.includes(languageOf(path)))
  const sets = new Map<string, Map<string, Map<string, string>>>()
  for (const path of files) {
    const set = sets.get(dirname(path)) ?? new Map<string, Map<string, string>>()
    sets.set(dirname(path), set.set(languageOf(path), flatten(parseYaml(readFileSync(join(root, path), 'utf8')))))
  }
  if (sets.size === 0) return ['no message files were found: this check is broken']
  return [...sets].flatMap(([folder, languages]) => compareLanguages(folder, languages))
}

function compareLanguages(folder: string, languages: ReadonlyMap<string, ReadonlyMap<string, string>>): string[] {
  const problems: string[] = []
  const keys = new Set([...languages.values()].flatMap((texts) => [...texts.keys()]))
  for (const language of LANGUAGES) {
    const texts = languages.get(language)
    if (texts === undefined) problems.push(`${folder} has no ${language}`)
    for (const key of keys) {
      if (texts !== undefined && (texts.get(key) ?? '').trim() === '') problems.push(`${folder}/${language}: ${key} is missing`)
    }
  }
  for (const key of keys) {
    const used = LANGUAGES.map((language) =>
      placeholders(`${folder}/${language} ${key}`, languages.get(language)?.get(key) ?? '', problems),
    )
    if (new Set(used).size > 1) problems.push(`${folder}: ${key} uses different placeholders: ${used.join(' | ')}`)
  }
  return problems
}

function placeholders(where: string, text: string, problems: string[]): string {
  try {
    const names = new Set<string>()
    collect(parseMessage(text, { ignoreTag: true }), names)
    return [...names].sort().join(',')
  } catch (error) {
    problems.push(`${where}: ${String(error)}`)
    return ''
  }
}

function collect(elements: readonly MessageFormatElement[], names: Set<string>): void {
  for (const element of elements) {
    if (element.type === TYPE.literal || element.type === TYPE.pound) continue
    names.add(element.value)
    if (element.type === TYPE.plural || element.type === TYPE.select)
      for (const option of Object.values(element.options)) collect(option.value, names)
  }
}

function languageOf(path: string): string {
  return basename(path).replace(/\.(yaml|json)$/, '')
}

/** Nested texts by their dotted key. */
export function flatten(value: unknown, prefix = ''): Map<string, string> {
  if (typeof value !== 'object' || value === null) return new Map([[prefix, String(value ?? '')]])
  return new Map(Object.entries(value).flatMap(([key, inner]) => [...flatten(inner, prefix === '' ? key : `${prefix}.${key}`)]))
}
