import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { inFrench } from './app/lib/engine-french.ts'
import engineFr from './app/messages/engine.fr.json' with { type: 'json' }

const SOURCES = ['dual-write', 'connectors/dynamics365']

test('every sentence that has a French text is one that the engine still says, with the same values in it', () => {
  const said = SOURCES.map(textOf).join('\n')
  for (const [english, french] of Object.entries(engineFr)) {
    for (const words of english.split(/\{\w+\}/).map((part) => part.replace(/^[\s:;,.]+|[\s:;,.]+$/g, '')))
      assert.ok(isSaid(said, words), `the engine no longer says “${words}” of “${english}”`)
    assert.deepEqual(placesOf(french), placesOf(english), english)
  }
})

test('a sentence of the engine is said in French with all that stands in it; one of the ERP stays what it is', () => {
  assert.equal(
    inFrench('The edit of name, fax waits for a person: The ERP refused: Field must be filled in.'),
    'La modification de name, fax attend une personne : L’ERP a refusé : Field must be filled in.',
  )
  assert.equal(
    inFrench('Created by Nora: name; not captured: none of these columns goes to the ERP'),
    'Créée par Nora : name ; non saisie : aucune de ces colonnes ne va à l’ERP',
  )
  assert.equal(inFrench('Credit limit must not be negative.'), 'Credit limit must not be negative.')
})

/** As one piece of the source, or as two that the engine puts together. */
function isSaid(said: string, words: string): boolean {
  if (said.includes(words)) return true
  const gaps = [...words.matchAll(/ /g)].map((gap) => gap.index)
  return gaps.some((at) => said.includes(words.slice(0, at)) && said.includes(words.slice(at + 1)))
}

function textOf(folder: string): string {
  const place = join(import.meta.dirname, '..', folder)
  const files = readdirSync(place, { recursive: true, encoding: 'utf8' }).filter((name) => /(?<!\.test)\.ts$/.test(name))
  // As it is said: a quote that the source escapes is a quote.
  return files.map((name) => readFileSync(join(place, name), 'utf8').replaceAll("\\'", "'")).join('\n')
}

function placesOf(text: string): string[] {
  return [...text.matchAll(/\{\w+\}/g)].map((match) => match[0]).sort()
}
