import type { MapStatus } from '../../../wire.ts'

/** What each verb's dialog is given. */
export type VerbDialogProps = { map: MapStatus; opened: boolean; close: () => void }
