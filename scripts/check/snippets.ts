import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse as parseYaml } from 'yaml'
import { listFiles } from './files.ts'
import { flatten } from './messages.ts'

const SITE = 'src/customer-portal/site'

/** context.text('a.b'), texts.text(language, 'a.b') */
const ASKED = /\.(?:text|has)\((?:[\w.]+,\s*)?'([\w-]+(?:\.[\w-]+)+)'/g
/** const label = (key: string) => context.text(`order.fact.${key}`) */
const SHORT = /const (\w+) = \(key: string\) => context\.text\(`([\w.-]+)\$\{key\}`\)/g
/** `order.fact.${key}`: any text that begins so may be meant. */
const COMPUTED = /`([\w-]+(?:\.[\w-]+)*\.)\$\{/g
/** The rest of a computed key is spelled somewhere: 'placed', "placed" or placed: */
const WORD = /['"`]([\w.-]+)['"`]|\b([\w-]+):/g

type Source = { path: string; text: string }

/**
 * The texts of the site that the code asks for exist, and every text is asked for by somebody: by name in code, template or YAML, or
 * by a computed name whose beginning stands in the code and whose rest is spelled somewhere. What the site's own files ask for is
 * checked when a release is made.
 */
export function checkSnippets(root: string): string[] {
  const keys = new Set(flatten(parseYaml(readFileSync(join(root, SITE, 'snippets/en.yaml'), 'utf8'))).keys())
  const sources = ['src/customer-portal', 'src/portals', 'src/access', 'src/http', 'src/postgres']
    .flatMap((folder) => listFiles(root, folder, ['.ts', '.liquid', '.yaml', '.js']))
    .filter((path) => !path.includes('/snippets/') && !path.endsWith('.test.ts') && !path.includes('/testing/'))
    .map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') }))
  const code = sources.filter((one) => one.path.endsWith('.ts'))
  return [...findMissing(keys, code), ...findUnused(keys, sources, code)]
}

function findMissing(keys: ReadonlySet<string>, code: readonly Source[]): string[] {
  const problems: string[] = []
  let asked = 0
  for (const { path, text } of code) {
    for (const [, key = ''] of text.matchAll(ASKED)) {
      asked++
      if (!keys.has(key)) problems.push(`${path} asks for the text ${key}, which the site does not have`)
    }
    for (const [name, prefixes] of shortForms(text)) {
      for (const [, rest = ''] of text.matchAll(new RegExp(`(?<![.\\w])${name}\\('([\\w.-]+)'\\)`, 'g'))) {
        if (!prefixes.some((prefix) => keys.has(prefix + rest)))
          problems.push(`${path} asks for the text ${prefixes.join('|')}${rest}, which the site does not have`)
      }
    }
  }
  if (asked < 50) problems.push(`only ${asked} texts were found asked for: this check is broken`)
  return problems
}

function shortForms(text: string): Map<string, string[]> {
  const forms = new Map<string, string[]>()
  for (const [, name = '', prefix = ''] of text.matchAll(SHORT)) forms.set(name, [...(forms.get(name) ?? []), prefix])
  return forms
}

function findUnused(keys: ReadonlySet<string>, sources: readonly Source[], code: readonly Source[]): string[] {
  const spelled = new Set(sources.flatMap(({ text }) => [...text.matchAll(/[\w-]+(?:\.[\w-]+)+/g)].map(([key]) => key)))
  const beginnings = [...new Set(code.flatMap(({ text }) => [...text.matchAll(COMPUTED)].map((match) => match[1] ?? '')))]
  const words = new Set(code.flatMap(({ text }) => [...text.matchAll(WORD)].map((match) => match[1] ?? match[2] ?? '')))
  const isComputed = (key: string) =>
    beginnings.some((beginning) => {
      if (!key.startsWith(beginning)) return false
      const rest = key.slice(beginning.length)
      return words.has(rest) || words.has(rest.split('.')[0] ?? '')
    })
  return [...keys].filter((key) => !spelled.has(key) && !isComputed(key)).map((key) => `${SITE}/snippets: nobody asks for ${key}`)
}
