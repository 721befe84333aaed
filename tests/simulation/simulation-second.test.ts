import { expectHistories } from './expect-histories.ts'

// In a file of its own, which runs beside the first.
expectHistories(101, 100)
