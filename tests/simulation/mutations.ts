/** Ways of breaking the engine, each a guarantee taken away. `npm run sim -- --mutations` tells which seed catches each. */
export type Mutation = { name: string; file: string; find: string; put: string }

export const MUTATIONS: readonly Mutation[] = [
  {
    name: 'what was read before somebody else wrote is applied all the same (no fence)',
    file: 'dual-write/apply/own-rows.ts',
    find: 'return options.fence !== undefined && options.fence.get(key) !== revision',
    put: 'return false',
  },
  {
    name: 'a worker that has lost its lease goes on as if it had not',
    file: 'dual-write/sync/settle-applied.ts',
    find: 'const mine = await settleWritten(core, tx, map, free)',
    put: 'await settleWritten(core, tx, map, free)\n  const mine = free',
  },
  {
    name: 'attempts are not counted: nobody looks for what an earlier one has left',
    file: 'dual-write/sync/outbound-plan.ts',
    find: 'return { attempt, id',
    put: 'return { attempt: 1, id',
  },
  {
    name: 'what an earlier attempt has left counts as what the last one said',
    file: 'dual-write/sync/settle-applied.ts',
    find: "return write.operation === 'create' && (change.attempt > 1",
    put: "return write.operation === 'delete' && (change.attempt > 1",
  },
  {
    name: 'a change is settled without its row link',
    file: 'dual-write/sync/settle-applied.ts',
    find: '  await putLinks(',
    put: '  await (async (..._: unknown[]) => undefined)(',
  },
  {
    name: 'what a map writes is captured for that map (echo)',
    file: 'dual-write/apply/own-rows.ts',
    find: '  await setOrigin(tx, map.name, options)',
    put: "  await setOrigin(tx, 'nobody', options)",
  },
  {
    name: 'a notice that arrives during the work on its record is dropped',
    file: 'dual-write/remote-changes.queries.ts',
    find: 'where c.map = v.map and c.remote_key = v.remote_key and c.generation = v.generation',
    put: 'where c.map = v.map and c.remote_key = v.remote_key and v.generation is not null',
  },
  {
    name: 'of two edits the wrong one wins',
    file: 'dual-write/apply/merge.ts',
    find: "if (winner === 'erp') merged.changes[name] = value",
    put: "if (winner !== 'erp') merged.changes[name] = value",
  },
  {
    name: 'the value that lost is not kept',
    file: 'dual-write/apply/merge.ts',
    find: 'conflicts.push({ map: map.name, column: name, winner, rule, kept, lost })',
    put: 'void [kept, lost]',
  },
  {
    name: 'an edit that waits is overwritten by the ERP without a merge',
    file: 'dual-write/apply/merge.ts',
    find: 'if (!pending.has(name) || !isSent) {',
    put: 'if (pending !== undefined) {',
  },
  {
    name: 'an update does not ask whether the record has changed',
    file: 'dual-write/sync/outbound-plan.ts',
    find: '{ ifVersion: link.remoteVersion }',
    put: '{}',
  },
  {
    name: 'a write without an answer counts as done',
    file: 'dual-write/sync/outbound-settle.ts',
    find: "case 'retry': {",
    put: "case 'retry': {\n      await settleChange(tx, map.name, change)",
  },
  {
    name: 'a new order of the ERP is shown before its lines were read',
    file: 'dual-write/sync/inbound.ts',
    find: 'await readFamilies(core, batch.map, fresh, signal)',
    put: 'new Map<string, Awaited<ReturnType<typeof readFamilies>> extends Map<string, infer M> ? M : never>()',
  },
  {
    name: 'records whose notices were lost are not looked for',
    file: 'dual-write/sync/sweep.ts',
    find: 'known.get(record.key) !== record.version',
    put: 'known.size < 0 && known.get(record.key) !== record.version',
  },
  {
    name: 'a new contact is not found again by what the portal wrote',
    file: 'dual-write/apply/find-rows.ts',
    find: 'if (columns.some((one) => one === undefined)) return found',
    put: 'if (columns.length > 1) return found',
  },
  {
    name: 'the lease of a worker that is gone never ends',
    file: 'tables/changes.queries.ts',
    find: 'reason_code = null, waits_for = null,\n             due_at = clock_timestamp()',
    put: "reason_code = null, waits_for = null,\n             due_at = timestamptz 'infinity'",
  },
  {
    name: 'a page of the first copy counts as done before its rows are stored',
    file: 'dual-write/sync/copy-pages.ts',
    find: 'return await core.database.transaction(async (tx) => {\n      if (!COPIED_IN',
    put: 'const early = { ...at, next: page.next ?? null }\n    await core.database.transaction((tx) => advanceRange(tx, early, { rows: 0, created: 0, updated: 0, unchanged: 0, failed: 0 }))\n    return await core.database.transaction(async (tx) => {\n      if (!COPIED_IN',
  },
]
