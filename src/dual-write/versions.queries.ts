import type { Json } from '#lib/json.ts'
import type { Tx } from '#postgres/database.ts'
import type { MapVersion } from './facets-control.ts'
import type { ValueList } from './mapping/map-file.ts'

type StoredText = { name: string; version: string; text: string }

/** The versions and lists that hold in place of files: in one statement, since an import changes both at once. */
export async function readStored(tx: Tx): Promise<{ texts: StoredText[]; lists: { name: string; entries: Json }[] }> {
  const [row] = await tx<{ texts: StoredText[]; lists: { name: string; entries: Json }[] }>`
    select (select coalesce(json_agg(json_build_object('name', v.name, 'version', v.version, 'text', v.text)), '[]')
              from dual_write.map m join dual_write.map_version v on v.name = m.name and v.version = m.active_version) as texts,
           (select coalesce(json_agg(json_build_object('name', l.name, 'entries', l.entries)), '[]')
              from dual_write.value_list l) as lists`
  return row ?? { texts: [], lists: [] }
}

/** The version of the map that holds in place of its file. */
export async function findActiveText(tx: Tx, name: string): Promise<string | undefined> {
  const [row] = await tx<{ text: string }>`
    select v.text from dual_write.map m join dual_write.map_version v on v.name = m.name and v.version = m.active_version
     where m.name = ${name}`
  return row?.text
}

export async function findText(
  tx: Tx,
  name: string,
  version: string,
): Promise<{ text: string; source: 'file' | 'stored' } | undefined> {
  const [row] = await tx<{ text: string; source: 'file' | 'stored' }>`
    select text, source from dual_write.map_version where name = ${name} and version = ${version}`
  return row
}

export type NewVersion = { name: string; version: string; text: string; publisher: string; message: string; by: string }

/** False when the version is there already. */
export async function insertVersion(tx: Tx, version: NewVersion): Promise<boolean> {
  const rows = await tx`
    insert into dual_write.map_version (name, version, text, publisher, source, message, by_whom)
    values (${version.name}, ${version.version}, ${version.text}, ${version.publisher}, 'stored', ${version.message}, ${version.by})
    on conflict (name, version) do nothing returning 1 as one`
  return rows.length > 0
}

/** The files as they now stand. What a person has stored under the same number stays. */
export async function noteFiles(tx: Tx, files: readonly Omit<NewVersion, 'message' | 'by'>[]): Promise<void> {
  const each = (column: 'name' | 'version' | 'text' | 'publisher') => files.map((file) => file[column])
  await tx`
    insert into dual_write.map_version (name, version, text, publisher, source, message, by_whom)
    select name, version, text, publisher, 'file', '', 'file'
      from unnest(${each('name')}::text[], ${each('version')}::text[], ${each('text')}::text[], ${each('publisher')}::text[])
        as file (name, version, text, publisher)
    on conflict (name, version) do update set text = excluded.text, publisher = excluded.publisher, at = clock_timestamp()
     where dual_write.map_version.source = 'file' and dual_write.map_version.text <> excluded.text`
}

/** Newest first. */
export function listVersions(tx: Tx, name: string): Promise<MapVersion[]> {
  return tx<MapVersion>`
    select v.version, v.publisher, v.at, v.by_whom as by, v.message, v.version = m.version as active
      from dual_write.map_version v join dual_write.map m on m.name = v.name
     where v.name = ${name} order by string_to_array(v.version, '.')::int[] desc`
}

/** Null: from now on the file's. */
export async function setActiveVersion(tx: Tx, name: string, version: string | null): Promise<void> {
  await tx`update dual_write.map set active_version = ${version} where name = ${name}`
}

/** Every process takes the maps anew. */
export async function notifyMaps(tx: Tx): Promise<void> {
  await tx`select pg_notify('comptoir_changes', 'dual_write.maps')`
}

/** `entries`: pairs, because jsonb keeps no order of names and the first of two that mean the same goes back. */
export type StoredList = { name: string; entries: Json; by: string; at: string }

export function listValueLists(tx: Tx): Promise<StoredList[]> {
  return tx<StoredList>`select name, entries, by_whom as by, at from dual_write.value_list order by name`
}

/** Holds the list until the transaction ends. */
export async function lockValueList(tx: Tx, name: string): Promise<StoredList | undefined> {
  const [row] = await tx<StoredList>`
    select name, entries, by_whom as by, at from dual_write.value_list where name = ${name} for update`
  return row
}

export async function putValueList(tx: Tx, list: { name: string; entries: ValueList; by: string }): Promise<void> {
  await tx`
    insert into dual_write.value_list (name, entries, by_whom)
    values (${list.name}, ${JSON.stringify(Object.entries(list.entries))}::jsonb, ${list.by})
    on conflict (name) do update set entries = excluded.entries, by_whom = excluded.by_whom, at = clock_timestamp()`
}

export async function deleteValueList(tx: Tx, name: string): Promise<void> {
  await tx`delete from dual_write.value_list where name = ${name}`
}

/** Fields of an entity with their types in words, as the other side last described them. */
export type EntitySeen = Readonly<Record<string, string>>

export async function findEntitySeen(tx: Tx, name: string): Promise<EntitySeen | null> {
  const [row] = await tx<{ seen: EntitySeen | null }>`select entity_seen as seen from dual_write.map where name = ${name}`
  return row?.seen ?? null
}

/** `misses`: what the map misses of it, in sentences. */
export async function setEntitySeen(tx: Tx, name: string, seen: EntitySeen | null, misses: readonly string[]): Promise<void> {
  await tx`
    update dual_write.map set entity_seen = ${seen === null ? null : JSON.stringify(seen)}::jsonb, misses = ${misses}::text[]
     where name = ${name}`
}
