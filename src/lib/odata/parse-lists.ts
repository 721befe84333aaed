import type { OrderBy, SelectItem } from './ast.ts'
import { type Cursor, countNode, cursorOver, expectEnd, fail, here, skipSpace, take, takeChar, takePath } from './cursor.ts'

/** The options that are lists between commas, and the numbers of rows. Refusals are AppError 'odata.invalid' with the position. */
export function parseOrderBy(text: string, base = 0): OrderBy[] {
  return listOf(cursorOver(text, '$orderby', base), (cursor) => {
    const position = here(cursor)
    const path = takePath(cursor)
    const direction = take(cursor, DIRECTION)
    return { path, descending: direction?.trim() === 'desc', position }
  })
}

export function parseSelect(text: string, base = 0): SelectItem[] {
  return listOf(cursorOver(text, '$select', base), (cursor) => {
    const position = here(cursor)
    return { path: takeChar(cursor, '*') ? ['*'] : takePath(cursor), position }
  })
}

/** A whole number of rows, zero or more. */
export function parseRowCount(name: string, text: string, base = 0): number {
  const value = Number(text)
  if (!/^\d{1,15}$/.test(text)) fail(cursorOver(text, name, base), 'is a whole number, zero or more')
  return value
}

const DIRECTION = /[ \t]+(asc|desc)(?=[\s,]|$)/y

/** One or more items between commas, to the end of the text. */
export function listOf<T>(cursor: Cursor, read: (cursor: Cursor) => T): T[] {
  const items: T[] = []
  do {
    skipSpace(cursor)
    countNode(cursor)
    items.push(read(cursor))
    skipSpace(cursor)
  } while (takeChar(cursor, ','))
  expectEnd(cursor)
  return items
}
