import { createTheme, type MantineColorsTuple } from '@mantine/core'

/** The colour of the counter: a deep, calm green-blue. White on shades 7 and darker passes 4.5:1. */
const brand: MantineColorsTuple = [
  '#eaf6f6',
  '#d3e9ea',
  '#a5d3d5',
  '#73bbbf',
  '#4ba7ac',
  '#329ba0',
  '#1f8388',
  '#176e73',
  '#155e63',
  '#0c4a4e',
]

export const theme = createTheme({
  primaryColor: 'brand',
  primaryShade: { light: 8, dark: 7 },
  autoContrast: true,
  defaultRadius: 'md',
  fontFamily: 'ui-sans-serif, system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif',
  headings: { fontWeight: '650' },
  colors: { brand },
  cursorType: 'pointer',
})
