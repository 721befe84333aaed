import type { ReactNode } from 'react'
import type { CellValue, ColumnInfo, RowDetail, TableDetail } from '../../wire-data.ts'

/** What the input of a column is given, and what every kind of input has. */
export type FieldProps = {
  table: TableDetail
  column: ColumnInfo
  /** Undefined while the row is new. */
  row: RowDetail | undefined
  /** Names of the rows that lookups point to, where these values stand in them. */
  names: Readonly<Record<string, string>>
  known: Readonly<Record<string, CellValue>>
  values: Readonly<Record<string, CellValue>>
  error: string | undefined
  change: (values: Record<string, CellValue>) => void
}

export type CommonProps = {
  label: string
  description: ReactNode
  error: string | undefined
  withAsterisk: boolean
  name: string
}
