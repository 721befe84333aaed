/** Placeholder types while the parser is written. */
export type TableMap = { readonly name: string; readonly title: string; readonly version: string }
