import { useMemo } from 'react'
import { inFrench } from './engine-french.ts'
import { useWords } from './messages.tsx'

const MOMENT = /\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z/g
const REMEMBERED_MAX = 2_000

/**
 * What the engine says, in the reader's language: it tells its reasons in English sentences, as its log and the command line do, and
 * keeps some of them. A sentence that has no French text, as those of an ERP, stays what it is.
 */
export function useSaid(): (sentence: string) => string {
  const { language, dateTime } = useWords()
  return useMemo(() => {
    const remembered = new Map<string, string>()
    const momentsIn = (text: string) => text.replace(MOMENT, dateTime)
    return (sentence) => {
      if (language === 'en') return momentsIn(sentence)
      const known = remembered.get(sentence)
      if (known !== undefined) return known
      const said = momentsIn(inFrench(sentence))
      if (remembered.size >= REMEMBERED_MAX) remembered.clear()
      remembered.set(sentence, said)
      return said
    }
  }, [language, dateTime])
}
