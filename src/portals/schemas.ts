import { z } from 'zod'
import { policyFileShapes } from '#access/policy.ts'
import { viewFileShape } from '#tables/view-file.ts'
import { formFile, listFile, menuFile, pageFrontMatter, settingsFile, snippetsFile } from './site/schemas.ts'

/** JSON Schemas of a site's YAML files by name, for editors. The files in schemas/ are these, written out. */
export function siteSchemas(): ReadonlyMap<string, object> {
  const shapes = {
    site: settingsFile,
    page: pageFrontMatter,
    menu: menuFile,
    list: listFile,
    view: viewFileShape,
    form: formFile,
    snippets: snippetsFile,
    roles: policyFileShapes.roles,
    permissions: policyFileShapes.permissions,
  }
  // `input`: what a person writes, where values with a default may be left out.
  return new Map(Object.entries(shapes).map(([name, shape]) => [name, z.toJSONSchema(shape, { io: 'input' })]))
}
