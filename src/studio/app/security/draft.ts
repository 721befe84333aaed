import { useLocalStorage } from '@mantine/hooks'
import type { DraftFiles } from '../../wire-security.ts'

/** What is changed and not yet published, with the release it was begun on. It stays in this browser until it is published or discarded. */
export type Draft = { base: number | null; files: DraftFiles }

const NO_DRAFT: Draft = { base: null, files: {} }

export function useDraft(): { draft: Draft; setDraft: (draft: Draft) => void; discard: () => void } {
  const [draft, setDraft] = useLocalStorage<Draft>({
    key: 'comptoir-studio-rules-draft',
    defaultValue: NO_DRAFT,
    getInitialValueInEffect: false,
  })
  return { draft, setDraft, discard: () => setDraft(NO_DRAFT) }
}
