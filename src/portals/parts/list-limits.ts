/** Rows of a downloaded list at most: a workbook is made in memory, lines of CSV leave as they are read. */
export const EXPORT_ROWS_MAX = { csv: 50_000, xlsx: 10_000 } as const
