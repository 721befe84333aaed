import { AppError, messageOf } from '#lib/app-error.ts'
import type { Tx } from '#postgres/database.ts'
import { activate, detailsOf } from './activation.ts'
import { listShapes } from './backfill.queries.ts'
import { listCompanies } from './compare/rows-of-keys.ts'
import type { Core } from './core.ts'
import type { Finding, Versions } from './facets-control.ts'
import { findMap } from './lifecycle.ts'
import { differencesBetween } from './map-differences.ts'
import { shapeOf } from './map-shape.ts'
import { nameIn, parseMapText, versionIn } from './map-sources.ts'
import { findingText } from './mapping/findings.ts'
import type { ValueLists } from './mapping/map-file.ts'
import { insertActivity, lockMapState, putMap } from './maps.queries.ts'
import { previewMap } from './preview.ts'
import { validateMap } from './validate-map.ts'
import { findText, insertVersion, listVersions, notifyMaps, setActiveVersion } from './versions.queries.ts'

const DESCRIBE_MS_MAX = 30_000

type Texts = Omit<Versions, 'readSchemas' | 'exportMaps' | 'planImport' | 'importMaps'>

/** Versions of maps beside their files. `follow` takes the maps anew in this process; the others are told. */
export function createVersions(core: Core, follow: () => Promise<void>, signal: AbortSignal): Texts {
  async function save(text: string, actor: string, message: string, basedOn?: string) {
    if (basedOn !== undefined) refuseOvertaken(core, nameIn(text, 'The map'), basedOn)
    const findings = await checkText(core, text, core.active.sources.lists, signal)
    refuseErrors(findings)
    const { name, version } = parseMapText(core.catalog, { text, place: 'The map' }, core.active.sources.lists)
    await core.database.transaction(async (tx) => {
      await storeText(core, tx, { text, actor, message })
      await activateText(core, tx, { text, version, actor, action: 'version saved', message })
    })
    await follow()
    return { name, version, findings }
  }

  return {
    async readMap(name, wanted) {
      const { version } = findMap(core, name)
      const source = core.active.sources.texts.get(name)
      const isActive = wanted === undefined || wanted === version
      if (!isActive) return { text: await textOf(core, name, wanted), version: wanted, source: 'stored' }
      return { text: source?.text ?? '', version, source: source?.source ?? 'stored' }
    },
    async listVersions(name) {
      findMap(core, name)
      return core.database.read((tx) => listVersions(tx, name))
    },
    checkMap: (text) => checkText(core, text, core.active.sources.lists, signal),
    async previewMap(text, rowsMax) {
      const { lists } = core.active.sources
      return previewMap(core, { text, lists, rowsMax }, await checkText(core, text, lists, signal), signal)
    },
    describeDifferences: async (before, after) => differencesBetween(before, after),
    saveMap: save,
    async activateVersion(name, version, actor) {
      const map = findMap(core, name)
      if (map.version === version) return
      const text = await textOf(core, name, version)
      refuseErrors(validateMap(text, { catalog: core.catalog, lists: core.active.sources.lists, maps: core.maps }))
      await core.database.transaction((tx) =>
        activateText(core, tx, { text, version, actor, action: 'version activated', message: '' }),
      )
      await follow()
    },
  }
}

async function textOf(core: Core, name: string, version: string): Promise<string> {
  const stored = await core.database.read((tx) => findText(tx, name, version))
  const text = stored?.text ?? fileOf(core, name, version)
  if (text === undefined) throw new AppError('dual_write.not_found', `The map ${name} has no version ${version}`)
  return text
}

/** Two who save at the same moment under the same number meet in `storeText`; this is for him who has begun earlier. */
function refuseOvertaken(core: Core, name: string, basedOn: string): void {
  const now = core.maps.find((map) => map.name === name)?.version
  if (now === undefined || now === basedOn) return
  throw new AppError(
    'dual_write.conflict',
    `The map ${name} has version ${now} meanwhile, and this text was made from ${basedOn}: look at what differs, then save again`,
    { details: { version: now } },
  )
}

/** Judged against the tables, the other maps, and what the other side says of itself. */
export async function checkText(core: Core, text: string, lists: ValueLists, signal: AbortSignal): Promise<Finding[]> {
  const entities = await core.connector
    .describe(AbortSignal.any([signal, AbortSignal.timeout(DESCRIBE_MS_MAX)]))
    .catch((error: unknown) => ({ unreachable: messageOf(error) }))
  const companies = (await core.database.read((tx) => listCompanies(core, tx))).map((one) => one.code)
  return validateMap(text, {
    catalog: core.catalog,
    lists,
    maps: core.maps,
    // Before the first copy none is known.
    companies: companies.length === 0 ? undefined : companies,
    // Not every side says which fields its entities have.
    entities: Array.isArray(entities) && entities.every((one) => one.fields.size === 0) ? undefined : entities,
  })
}

/** Throws AppError `dual_write.invalid_map` with every error, one a line. */
export function refuseErrors(findings: readonly Finding[]): void {
  const errors = findings.filter((one) => one.severity === 'error')
  if (errors.length === 0) return
  throw new AppError('dual_write.invalid_map', errors.map(findingText).join('\n'), { details: { findings: errors } })
}

type Stored = { text: string; actor: string; message: string; lists?: ValueLists }

/** Keeps a text under its number. Throws AppError `dual_write.conflict` where the number is taken by another text. */
export async function storeText(core: Core, tx: Tx, given: Stored): Promise<void> {
  const { text, actor, message, lists = core.active.sources.lists } = given
  const map = parseMapText(core.catalog, { text, place: 'The map' }, lists)
  const { name, version, publisher } = map
  await putMap(tx, { ...map, table: map.table.name })
  const isNew = await insertVersion(tx, { name, version, text, publisher, message, by: actor })
  const there = fileOf(core, name, version) ?? (isNew ? text : (await findText(tx, name, version))?.text)
  if (there === text) return
  throw new AppError(
    'dual_write.conflict',
    `The map ${name} has a version ${version} with another text already: give yours a higher number (version: …)`,
  )
}

/** From the end of the transaction on this text holds, in every process; what it changes is carried over to the rows that are there. */
export async function activateText(core: Core, tx: Tx, given: Stored & { version: string; action: string }): Promise<void> {
  const { text, version, actor, action, message, lists = core.active.sources.lists } = given
  const name = nameIn(text, 'The map')
  const map = parseMapText(core.catalog, { text, place: `${name} ${version}` }, lists)
  const before = (await listShapes(tx)).get(name)
  const isAnother = before?.shape && (before.shape.table !== map.table.name || before.shape.entity !== map.entity)
  if (isAnother && before.state !== 'not_running')
    throw new AppError('dual_write.conflict', `The map ${name} would carry another table or entity: stop it before`)
  const carrying = await activate(tx, map, shapeOf(map, { text, lists }), before)
  await lockMapState(tx, name)
  await setActiveVersion(tx, name, fileOf(core, name, version) === text ? null : version)
  const was = core.active.sources.texts.get(name)?.text
  const changes = was === undefined ? [] : differencesBetween(was, text)
  await insertActivity(tx, { map: name, actor, action, details: { ...detailsOf(map, carrying), message, changes } })
  await notifyMaps(tx)
}

/** The text of the file, where it has this version. */
function fileOf(core: Core, name: string, version: string): string | undefined {
  const file = core.active.files.texts.get(name)
  return file !== undefined && versionIn(file.text) === version ? file.text : undefined
}
