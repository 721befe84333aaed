import { z } from 'zod'

/** The shapes of a site's YAML files. The JSON Schemas in schemas/, for editors, are made from them. */

const CODE = z.string().regex(/^[a-z]{2,3}(-[a-z0-9]{2,8})?$/, 'a language code is like en or pt-br')
const NAME = z.string().regex(/^[a-z][a-z0-9-]*$/, 'a name has lower-case letters, digits and -')
const PAGE = z
  .string()
  .regex(/^[a-z0-9[\]/-]*$/, 'a page is named by its path below pages/, without .liquid; "" is the home page')
const TEXT_KEY = z.string().regex(/^[a-zA-Z0-9][a-zA-Z0-9._-]*$/, 'a text is named by its key in snippets/')
const ROLES = z.array(z.string().min(1)).min(1)
/** A column, or a path over lookups: customerid.name */
const COLUMN = z
  .string()
  .regex(/^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*$/, 'a column is named by its logical name or a path such as customerid.name')

export const settingsFile = z.strictObject({
  name: z.string().min(1).describe('The company that runs the portal, as its customers know it'),
  languages: z
    .array(
      z.strictObject({
        code: CODE,
        name: z.string().min(1).describe('In the language itself: Français'),
        locale: z.string().min(2).describe('How numbers and dates are written: fr-FR'),
      }),
    )
    .min(1),
  defaultLanguage: CODE,
  timeZone: z.string().default('UTC').describe('IANA name; moments are shown in it'),
  theme: z
    .array(z.string().regex(/^theme\/.+\.css$/))
    .min(1)
    .describe('Style sheets, in order'),
  markers: z.strictObject({
    home: PAGE,
    signIn: PAGE,
    profile: PAGE,
    invitation: PAGE.describe('With one parameter: invitation/[code]'),
    notFound: PAGE,
    accessDenied: PAGE,
    error: PAGE,
  }),
})

export const pageFrontMatter = z.strictObject({
  title: TEXT_KEY,
  description: TEXT_KEY.optional(),
  template: NAME.default('page'),
  roles: ROLES.optional().describe('Who may open the page and those below it; without, whoever may open the page above'),
  /** Extra class of the main element, for the theme. */
  look: NAME.optional(),
})

export const menuFile = z.strictObject({
  label: TEXT_KEY.describe('What a screen reader calls the menu'),
  links: z.array(
    z.union([
      z.strictObject({ text: TEXT_KEY, page: PAGE, roles: ROLES.optional() }),
      z.strictObject({ text: TEXT_KEY, url: z.url({ protocol: /^(https|mailto|tel)$/ }), roles: ROLES.optional() }),
    ]),
  ),
})

export const listFile = z.strictObject({
  table: z.string(),
  label: TEXT_KEY,
  empty: TEXT_KEY.describe('What is said when there is nothing'),
  columns: z
    .array(
      z.strictObject({
        column: COLUMN,
        label: TEXT_KEY,
        format: z.enum(['text', 'date', 'dateTime', 'money', 'quantity', 'number']).default('text'),
        show: z.enum(['link', 'picture']).default('link').describe('Of a file or image column: its name, or the picture itself'),
        currency: COLUMN.optional().describe('For money: the column with the ISO code'),
        sortable: z.boolean().default(true),
      }),
    )
    .min(1)
    .optional()
    .describe('Without a view they are needed; with one they take the place of its columns'),
  view: NAME.optional().describe('A view of the table, which brings columns, order and filter: views/<table>.<name>.yaml'),
  views: z
    .array(NAME)
    .min(1)
    .max(12)
    .optional()
    .describe('Views that the reader chooses from, in the address as ?view=; the first is shown'),
  /** {contactid} stands for the value of a column. */
  link: z
    .string()
    .regex(/^\/[^\s]*$/)
    .optional()
    .describe('Where a row leads: /orders/{salesorderid}'),
  search: z.boolean().default(true),
  filters: z
    .array(
      z.strictObject({
        column: COLUMN,
        label: TEXT_KEY,
        kind: z.enum(['text', 'choice', 'from', 'until']),
        options: z.record(z.string(), TEXT_KEY).optional().describe('For a choice: value to text'),
      }),
    )
    .default([]),
  sort: z
    .array(z.strictObject({ column: COLUMN, descending: z.boolean().default(false) }))
    .default([])
    .describe('With a view: in place of its order'),
  pageRows: z.int().min(1).max(200).default(20),
  export: z
    .array(z.enum(['csv', 'xlsx']))
    .default([])
    .describe('Files that the list can be downloaded as, with its search, filters and order'),
})

export const formFile = z.strictObject({
  table: z.string(),
  mode: z.enum(['edit', 'read']).default('edit'),
  row: z
    .union([z.literal('own-contact'), z.strictObject({ parameter: z.string() })])
    .describe('Which row: the visitor’s own contact, or the id in a parameter of the page’s path'),
  submit: TEXT_KEY,
  saved: TEXT_KEY.describe('What is said after saving'),
  columns: z
    .array(
      z.strictObject({
        column: COLUMN,
        label: TEXT_KEY,
        hint: TEXT_KEY.optional(),
        required: z.boolean().default(false),
        readOnly: z.boolean().default(false),
        input: z.enum(['text', 'email', 'tel', 'date', 'number', 'multiline', 'select', 'file']).default('text'),
        autocomplete: z.string().optional().describe('The HTML autocomplete word: given-name'),
        pattern: z.string().optional().describe('A regular expression the whole value must match'),
        patternMessage: TEXT_KEY.optional(),
        options: z.record(z.string(), TEXT_KEY).optional().describe('For a select; "languages" lists the site’s languages'),
        source: z.enum(['languages']).optional(),
      }),
    )
    .min(1),
})

export const snippetsFile = z.record(TEXT_KEY, z.string())

export type SiteSettings = z.infer<typeof settingsFile>
export type MenuDefinition = z.infer<typeof menuFile>
export type ListFile = z.infer<typeof listFile>
export type FormDefinition = z.infer<typeof formFile>
