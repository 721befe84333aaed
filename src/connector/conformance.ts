import { after, before, describe } from 'node:test'
import { required } from '#lib/assert.ts'
import { testChanges } from './conformance/changes.ts'
import { testEvents } from './conformance/events.ts'
import { testGroups } from './conformance/groups.ts'
import { testReading } from './conformance/reading.ts'
import { testSelecting } from './conformance/selecting.ts'
import { testTrouble } from './conformance/trouble.ts'
import { testWriting } from './conformance/writing.ts'
import type { Subject } from './subject.ts'

/**
 * The suite that every connector must pass, to be called from a test file: each promise of the contract as a named test, tried on an
 * ERP whose line can be made to fail. The subject is made once and serves all tests.
 */
export function runConformance(name: string, makeSubject: () => Promise<Subject>): void {
  describe(`the connector ${name} keeps the contract`, () => {
    let made: Subject | undefined
    const subject = () => required(made, 'the subject')
    before(async () => {
      made = await makeSubject()
    })
    after(() => made?.[Symbol.asyncDispose]())
    testReading(subject)
    testSelecting(subject)
    testWriting(subject)
    testGroups(subject)
    testTrouble(subject)
    testEvents(subject)
    testChanges(subject)
  })
}
