import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { IntlMessageFormat } from 'intl-messageformat'
import appEn from './app/messages/en.json' with { type: 'json' }
import appFr from './app/messages/fr.json' with { type: 'json' }

type Messages = Readonly<Record<string, string>>
const [en, fr]: [Messages, Messages] = [appEn, appFr]

test('every text of Studio is there in English and in French, with the same values in it', () => {
  assert.deepEqual(Object.keys(fr), Object.keys(en))
  for (const [key, text] of Object.entries(en)) {
    assert.notEqual(fr[key], '', key)
    assert.deepEqual(valuesIn(fr[key] ?? '', 'fr'), valuesIn(text, 'en'), key)
  }
})

test('every text that a screen asks for by name exists', () => {
  const folder = join(import.meta.dirname, 'app')
  const sources = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.tsx'))
  const asked = sources.flatMap((name) =>
    [...readFileSync(join(folder, name), 'utf8').matchAll(/\bt\(\s*'([^']+)'/g)].map((match) => match[1] ?? ''),
  )
  assert.ok(asked.length > 100, 'the screens were found')
  assert.deepEqual(
    asked.filter((key) => !(key in appEn)),
    [],
  )
})

/** Names of the placeholders of a message, sorted. */
function valuesIn(text: string, language: string): string[] {
  const names = new Set<string>()
  const visit = (parts: ReturnType<IntlMessageFormat['getAst']>) => {
    for (const part of parts) {
      if (part.type !== 0 && part.type !== 7 && 'value' in part) names.add(part.value)
      if ('options' in part && part.options !== null)
        for (const option of Object.values(part.options)) visit((option as { value: typeof parts }).value)
    }
  }
  visit(new IntlMessageFormat(text, language).getAst())
  return [...names].sort()
}
