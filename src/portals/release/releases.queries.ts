import type { Tx } from '#postgres/database.ts'

export type ReleaseId = number
export type ReleaseRow = {
  id: ReleaseId
  parentId: ReleaseId | null
  author: string
  message: string
  /** Of the whole: paths and contents. */
  sha256: string
  publishedAt: string
  /** What anonymous visitors get by it, as it was confirmed by name. */
  confirmed: string[]
}

export async function insertFiles(tx: Tx, files: readonly { sha256: string; content: Buffer }[]): Promise<void> {
  await tx`
    insert into portals.file (sha256, content)
    select * from unnest(${files.map((file) => file.sha256)}::text[], ${files.map((file) => file.content)}::bytea[])
    on conflict (sha256) do nothing`
}

export async function insertRelease(
  tx: Tx,
  release: { parentId: ReleaseId | null; author: string; message: string; sha256: string },
  files: readonly { path: string; sha256: string }[],
): Promise<ReleaseId> {
  const [row] = await tx<{ id: ReleaseId }>`
    with added as (
      insert into portals.release (parent_id, author, message, sha256)
      values (${release.parentId}::bigint, ${release.author}, ${release.message}, ${release.sha256})
      returning release_id
    ), listed as (
      insert into portals.release_file (release_id, path, sha256)
      select added.release_id, f.path, f.sha256
        from added, unnest(${files.map((file) => file.path)}::text[], ${files.map((file) => file.sha256)}::text[]) as f(path, sha256)
    )
    select release_id as id from added`
  return row?.id ?? 0
}

export async function insertConfirmations(tx: Tx, id: ReleaseId, names: readonly string[], confirmedBy: string): Promise<void> {
  await tx`
    insert into portals.release_confirmation (release_id, name, confirmed_by)
    select ${id}::bigint, name, ${confirmedBy} from unnest(${names}::text[]) name`
}

/** Publishing is one at a time, so that a release's parent is the one it replaced. */
export async function lockReleases(tx: Tx): Promise<void> {
  await tx`select pg_advisory_xact_lock(hashtext('comptoir.releases'))`
}

export async function switchCurrent(tx: Tx, id: ReleaseId): Promise<void> {
  await tx`
    insert into portals.current_release (release_id) values (${id})
    on conflict (one) do update set release_id = excluded.release_id, switched_at = now()`
}

export async function findCurrent(tx: Tx): Promise<ReleaseRow | undefined> {
  const [row] = await tx<ReleaseRow>`
    select r.release_id as id, r.parent_id as "parentId", r.author, r.message, r.sha256, r.published_at as "publishedAt",
           array(select distinct x.name from portals.release_confirmation x where x.release_id = r.release_id order by 1) as confirmed
      from portals.current_release c
      join portals.release r using (release_id)`
  return row
}

export function listNewest(tx: Tx, rowsMax: number): Promise<ReleaseRow[]> {
  return tx<ReleaseRow>`
    select r.release_id as id, r.parent_id as "parentId", r.author, r.message, r.sha256, r.published_at as "publishedAt",
           array(select distinct x.name from portals.release_confirmation x where x.release_id = r.release_id order by 1) as confirmed
      from portals.release r
     order by r.release_id desc
     limit ${rowsMax}`
}

export function readReleaseFiles(tx: Tx, id: ReleaseId): Promise<{ path: string; content: Buffer }[]> {
  return tx<{ path: string; content: Buffer }>`
    select rf.path, f.content
      from portals.release_file rf
      join portals.file f using (sha256)
     where rf.release_id = ${id}
     order by rf.path`
}

/** A file as any release has had it under this path: pages of an earlier release still ask for it by its hash. */
export async function findFileByHash(tx: Tx, path: string, hashStart: string): Promise<Buffer | undefined> {
  const [row] = await tx<{ content: Buffer }>`
    select f.content
      from portals.release_file rf
      join portals.file f using (sha256)
     where rf.path = ${path} and starts_with(rf.sha256, ${hashStart})
     limit 1`
  return row?.content
}

/** Of the site's folder when it was last published from. */
export async function findFolderHash(tx: Tx): Promise<string | undefined> {
  const [row] = await tx<{ sha256: string }>`select sha256 from portals.site_folder`
  return row?.sha256
}

export async function putFolderHash(tx: Tx, sha256: string): Promise<void> {
  await tx`
    insert into portals.site_folder (sha256) values (${sha256})
    on conflict (one) do update set sha256 = excluded.sha256, published_at = now()`
}
