import { AppError, messageOf } from '#lib/app-error.ts'
import type { Log } from '#log/log.ts'
import type { Database, Tx } from '#postgres/database.ts'
import type { Catalog } from './catalog.ts'
import { assembleCatalog } from './custom-documents.ts'
import { lastVersion, listNewestVersions } from './definition-versions.queries.ts'

/**
 * The catalog that a program holds: an immutable one behind an object that stays. It follows each change of definitions, made in this
 * process or in another, at once.
 */
export type LiveCatalog = Catalog & {
  /** Asks this part before definitions change, and tells it after. Answers how to end that. */
  addDependent(dependent: CatalogDependent): () => void
  readonly dependents: ReadonlySet<CatalogDependent>
  /** Reads what holds now; the callers of a change wait for it. */
  follow(): Promise<void>
  close(): Promise<void>
}

/** A part that is built on definitions: the site, the table maps, the second wall. */
export type CatalogDependent = {
  /** What would break if `next` held, in sentences; nothing changes then. */
  problemsWith?(next: Catalog): Promise<readonly string[]> | readonly string[]
  /** In the transaction of the change, after PostgreSQL holds it. */
  settle?(tx: Tx, next: Catalog): Promise<void>
  /** `catalog` answers from the new definitions now. */
  changed?(): Promise<void> | void
}

/** Throws AppError `tables.invalid` when stored definitions do not go with the standard tables of this program. */
export async function openCatalog(options: { database: Database; log: Log }): Promise<LiveCatalog> {
  const { database, log } = options
  const dependents = new Set<CatalogDependent>()
  let { catalog: current, version } = await database.read(readCurrent)

  async function follow(): Promise<void> {
    const found = await database.read(readCurrent)
    // Two reads may overtake each other: the later state stays.
    if (found.version <= version) return
    current = found.catalog
    version = found.version
    log.info({ version }, 'the tables are defined anew')
    for (const dependent of dependents) await dependent.changed?.()
  }
  // Definitions that this process cannot read (made beside a newer program) must not take the running ones away.
  const followQuietly = () =>
    void follow().catch((error: unknown) =>
      log.error({ reason: messageOf(error) }, 'the new definitions of tables cannot be followed; the earlier ones stay'),
    )
  const listening = await database.listen('comptoir_catalog', followQuietly, followQuietly)
  await follow()

  return {
    get tables() {
      return current.tables
    },
    get: (name) => current.get(name),
    findBySet: (setName) => current.findBySet(setName),
    pointingTo: (name) => current.pointingTo(name),
    addDependent(dependent) {
      dependents.add(dependent)
      return () => dependents.delete(dependent)
    },
    dependents,
    follow,
    close: () => listening.close(),
  }
}

/** The standard tables with everything that holds, for a program that does not stay. */
export async function readCurrentCatalog(tx: Tx): Promise<Catalog> {
  return (await readCurrent(tx)).catalog
}

async function readCurrent(tx: Tx): Promise<{ catalog: Catalog; version: number }> {
  const documents = (await listNewestVersions(tx)).flatMap((one) =>
    one.document === null ? [] : [{ place: `${one.table} (version ${one.version})`, content: one.document }],
  )
  const version = await lastVersion(tx)
  try {
    return { catalog: assembleCatalog(documents), version }
  } catch (cause) {
    throw new AppError(
      'tables.invalid',
      'What this installation has defined does not go with the standard tables of this program',
      { cause },
    )
  }
}
