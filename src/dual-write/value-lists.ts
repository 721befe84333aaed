import { createHash } from 'node:crypto'
import { AppError } from '#lib/app-error.ts'
import type { Tx } from '#postgres/database.ts'
import { activate } from './activation.ts'
import { listShapes, type ShapeOfMap } from './backfill.queries.ts'
import type { Core } from './core.ts'
import type { Finding, ListPlan, SharedList, ValueListing, ValuePair } from './facets-control.ts'
import { listsIn, pairDifferences } from './map-differences.ts'
import { carryingBetween, type MapShape, shapeOf } from './map-shape.ts'
import { parseMapText, valueListOf } from './map-sources.ts'
import type { ValueList, ValueLists } from './mapping/map-file.ts'
import { insertActivity } from './maps.queries.ts'
import type { TableMap } from './table-map.ts'
import { validateMap } from './validate-map.ts'
import { deleteValueList, listValueLists, lockValueList, notifyMaps, putValueList, type StoredList } from './versions.queries.ts'
import { refuseErrors } from './versions.ts'

const NAME = /^[a-z][a-z0-9-]{0,62}$/

/** Lists of values that maps share: looked at, changed with what that means for the maps, and given back to the file. */
export function createValueLists(core: Core, follow: () => Promise<void>): ValueListing {
  async function change(name: string, list: ValueList | undefined, how: Deed): Promise<ListPlan> {
    const trial = tryList(core, name, list)
    refuseErrors(trial.uses.flatMap((one) => one.findings))
    const plan = await core.database.transaction(async (tx) => {
      const stored = await lockValueList(tx, name)
      how.check(revisionOf(stored === undefined ? core.active.files.lists[name] : valueListOf(stored.entries)))
      await how.write(tx)
      const shapes = await listShapes(tx)
      for (const use of trial.uses) await activateUse(core, tx, trial, use, shapes)
      const { changes, maps } = planOf(trial, shapes)
      const details = { list: name, changes, message: how.message, maps: maps.map((one) => one.map) }
      // It is part of the story of each map that uses the list.
      const concerned = maps.length === 0 ? [null] : details.maps
      for (const map of concerned) await insertActivity(tx, { map, actor: how.actor, action: how.action, details })
      await notifyMaps(tx)
      return { changes, maps }
    })
    await follow()
    return plan
  }

  return {
    async listValueLists() {
      const stored = new Map((await core.database.read(listValueLists)).map((one) => [one.name, one]))
      const users = usersByList(core)
      return Object.keys(core.active.sources.lists).map((name) => sharedList(core, name, users.get(name) ?? [], stored.get(name)))
    },
    async planValueList(name, pairs) {
      const trial = tryList(core, name, pairs === null ? core.active.files.lists[name] : listOf(name, pairs))
      return planOf(trial, await core.database.read(listShapes))
    },
    async saveValueList(name, { pairs, message, basedOn }, actor) {
      const list = listOf(name, pairs)
      return change(name, list, {
        actor,
        message,
        action: 'value list saved',
        check: (revision) => refuseOvertaken(name, basedOn, revision),
        write: (tx) => putValueList(tx, { name, entries: list, by: actor }),
      })
    },
    async resetValueList(name, actor) {
      const stored = await core.database.read(listValueLists)
      if (stored.every((one) => one.name !== name))
        throw new AppError('dual_write.not_found', `Nobody has saved a list of values ${name}`)
      return change(name, core.active.files.lists[name], {
        actor,
        message: '',
        action: 'value list reset',
        check: () => undefined,
        write: (tx) => deleteValueList(tx, name),
      })
    },
  }
}

type Deed = {
  actor: string
  message: string
  action: string
  /** Of the list that holds as the transaction begins. */
  check(revision: string): void
  write(tx: Tx): Promise<void>
}

/** The lists as they would be, and each map that uses the one in question, as far as it can then be made. */
type Trial = { name: string; lists: ValueLists; changes: string[]; uses: Use[] }
type Use = { before: TableMap; after: TableMap | undefined; text: string; findings: Finding[] }

function tryList(core: Core, name: string, list: ValueList | undefined): Trial {
  const { lists: own } = core.active.sources
  const { [name]: was = {}, ...others } = own
  const lists = list === undefined ? others : { ...own, [name]: list }
  const { catalog, maps } = core
  const uses = (usersByList(core).get(name) ?? []).map((before): Use => {
    const text = core.active.sources.texts.get(before.name)?.text ?? ''
    const known = new Set(validateMap(text, { catalog, lists: own, maps }).map(keyOf))
    const findings = validateMap(text, { catalog, lists, maps }).filter((one) => !known.has(keyOf(one)))
    const isSound = findings.every((one) => one.severity !== 'error')
    return { before, text, findings, after: isSound ? parseMapText(catalog, { text, place: before.name }, lists) : undefined }
  })
  return { name, lists, changes: pairDifferences(was, list ?? {}), uses }
}

/** Maps by the lists that their texts name: each text is read once, however many lists there are. */
function usersByList(core: Core): Map<string, TableMap[]> {
  const users = new Map<string, TableMap[]>()
  for (const map of core.maps)
    for (const list of listsIn(core.active.sources.texts.get(map.name)?.text ?? ''))
      users.set(list, [...(users.get(list) ?? []), map])
  return users
}

function planOf(trial: Trial, shapes: ReadonlyMap<string, ShapeOfMap>): ListPlan {
  const maps = trial.uses.map((use) => {
    const stored = shapes.get(use.before.name)
    const runs = stored?.shape !== undefined && stored.shape !== null && stored.state !== 'not_running'
    const next = shapeAfter(trial, use)
    const carried = runs && next !== undefined && carryingBetween(stored.shape as MapShape, next) !== undefined
    return { map: use.before.name, carried, findings: use.findings }
  })
  return { changes: trial.changes, maps }
}

/** In the transaction that changes the list: no edit falls between the two. */
async function activateUse(core: Core, tx: Tx, trial: Trial, use: Use, shapes: ReadonlyMap<string, ShapeOfMap>): Promise<void> {
  const shape = shapeAfter(trial, use)
  if (use.after === undefined || shape === undefined) return
  if (shape.hash !== core.active.shapeOf(use.before).hash) await activate(tx, use.after, shape, shapes.get(use.before.name))
}

function shapeAfter({ lists }: Trial, { after, text }: Use): MapShape | undefined {
  return after === undefined ? undefined : shapeOf(after, { text, lists })
}

function sharedList(core: Core, name: string, users: readonly TableMap[], stored: StoredList | undefined): SharedList {
  const list = core.active.sources.lists[name] ?? {}
  return {
    name,
    pairs: Object.entries(list).map(([erp, portal]) => ({ erp, portal })),
    revision: revisionOf(list),
    maps: users.map((map) => map.name),
    saved: stored === undefined ? null : { by: stored.by, at: stored.at, isNew: core.active.files.lists[name] === undefined },
  }
}

/** Throws AppError `request.invalid` with what is wrong with the name or the pairs. */
function listOf(name: string, pairs: readonly ValuePair[]): ValueList {
  if (!NAME.test(name))
    throw new AppError(
      'request.invalid',
      `“${name}” is no name for a list of values: begin with a lower-case letter, then lower-case letters, digits and hyphens, 63 at most`,
    )
  const seen = new Set<string>()
  for (const { erp } of pairs) {
    if (seen.has(erp.toLowerCase()))
      throw new AppError(
        'request.invalid',
        `The ERP’s value “${erp}” stands in the list ${name} twice: keep one of the two; upper and lower case are the same`,
      )
    seen.add(erp.toLowerCase())
  }
  return Object.fromEntries(pairs.map(({ erp, portal }) => [erp, portal]))
}

function refuseOvertaken(name: string, basedOn: string, revision: string): void {
  if (basedOn === revision) return
  throw new AppError(
    'dual_write.conflict',
    basedOn === ''
      ? `There is a list of values ${name} already: change that one, or choose another name`
      : `Somebody has changed the list of values ${name} meanwhile: look at it as it is now, then change it again`,
  )
}

/** Empty where there is no list. */
function revisionOf(list: ValueList | undefined): string {
  if (list === undefined) return ''
  return createHash('sha256')
    .update(JSON.stringify(Object.entries(list)))
    .digest('base64url')
    .slice(0, 16)
}

function keyOf({ code, at, message }: Finding): string {
  return `${code} ${at} ${message}`
}
