import type { Finding } from '../facets-control.ts'

/** Takes down what is wrong with a map. `at` is the place in the file: 'columns[3].field'. */
export type Report = (
  code: FindingCode,
  at: string,
  what: { column?: string | undefined; message: string; remedy: string },
) => void

/**
 * What validation finds, and whether a map can hold all the same. DIPV codes are Microsoft's, where the rule is the same; CMP codes are
 * Comptoir's own.
 */
export const FINDING_CODES = {
  DIPV1000: { severity: 'warning', title: 'The ERP could not be asked: nothing was checked against it' },
  DIPV1002: { severity: 'error', title: 'One side belongs to legal entities and the other does not' },
  DIPV1003: { severity: 'error', title: 'The table has no such integration key' },
  DIPV1004: { severity: 'error', title: 'A column of the key goes one way while the map goes both' },
  DIPV1008: { severity: 'warning', title: 'A legal entity that does not exist' },
  DIPV1010: { severity: 'error', title: 'A mandatory column or field gets no value' },
  DIPV1011: { severity: 'error', title: 'A column that nobody can write is mapped' },
  DIPV1012: { severity: 'error', title: 'A filter that cannot be read' },
  DIPV1014: { severity: 'error', title: 'A column of the key is not mapped' },
  DIPV1015: { severity: 'warning', title: 'A lookup by columns that are no key of the row it points to' },
  DIPV1018: { severity: 'error', title: 'The ERP has no such data entity' },
  DIPV1019: { severity: 'error', title: 'A table whose rows have no version' },
  DIPV1020: { severity: 'error', title: 'There is no such table' },
  DIPV1021: { severity: 'error', title: 'An entry without a source' },
  DIPV1022: { severity: 'error', title: 'A source that does not exist' },
  DIPV1023: { severity: 'error', title: 'The same field both ways more than once' },
  DIPV1024: { severity: 'error', title: 'An entry without a destination' },
  DIPV1025: { severity: 'error', title: 'A destination that does not exist' },
  DIPV1026: { severity: 'error', title: 'Two entries with one destination' },
  DIPV1027: { severity: 'warning', title: 'A lookup whose target no map brings' },
  DIPV1028: { severity: 'warning', title: 'A lookup to the ERP whose target the ERP does not get' },
  DIPV1029: { severity: 'error', title: 'A value that is mapped twice' },
  DIPV1030: { severity: 'error', title: 'Types that do not go together' },
  DIPV1031: { severity: 'warning', title: 'A mandatory column whose source may be empty, without a default' },
  CMP2001: { severity: 'error', title: 'No table map' },
  CMP2002: { severity: 'error', title: 'An expression that cannot be used' },
  CMP2003: { severity: 'error', title: 'Both ways without a way back' },
  CMP2004: { severity: 'error', title: 'A way back that does not give the same value' },
  CMP2005: { severity: 'warning', title: 'Numbers lose decimals' },
  CMP2006: { severity: 'warning', title: 'Text may be cut' },
  CMP2007: { severity: 'warning', title: 'Nothing is said of values outside the list' },
  CMP2009: { severity: 'error', title: 'A rule for both sides’ edits that cannot be used' },
  CMP2010: { severity: 'warning', title: 'Another map that does not exist' },
  CMP2011: { severity: 'error', title: 'Deletes that cannot be carried out' },
  CMP2012: { severity: 'error', title: 'A group that does not fit' },
  CMP2013: { severity: 'error', title: 'findBy names what is not mapped' },
  CMP2014: { severity: 'error', title: 'fillFrom names what does not exist' },
  CMP2015: { severity: 'error', title: 'A list of values that does not exist' },
  CMP2016: { severity: 'error', title: 'Words that exclude each other' },
  CMP2017: { severity: 'warning', title: 'Two-way, and not the same on the way back' },
  CMP2018: { severity: 'error', title: 'Values of a row that is given up do not fit' },
} as const satisfies Record<string, { severity: Finding['severity']; title: string }>

export type FindingCode = keyof typeof FINDING_CODES

export function createFindings(): { list: Finding[]; report: Report } {
  const list: Finding[] = []
  return {
    list,
    report: (code, at, { column, message, remedy }) =>
      void list.push({
        code,
        severity: FINDING_CODES[code].severity,
        at,
        line: null,
        column: column ?? null,
        message: `${message}.`,
        remedy: `${remedy}.`,
      }),
  }
}

/** One line for people: 'DIPV1025 columns[3].column: … Do …' */
export function findingText({ code, at, message, remedy }: Finding): string {
  return `${code}${at === '' ? '' : ` ${at}`}: ${message} ${remedy}`
}
