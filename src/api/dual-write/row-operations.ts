import { z } from 'zod'
import * as answers from './answers.ts'
import { before, company, direction, key, NO_BODY, type Operation, operation, rowsMax, side } from './operation.ts'

const KEYS_MAX = 10_000
const keys = z.union([z.literal('all'), z.array(key).min(1).max(KEYS_MAX)])
const queuedIds = z.array(key).min(1).max(1_000)
const parkedItem = z.looseObject({
  id: z.string(),
  map: z.string(),
  code: z.string(),
  reason: z.string(),
  parkedAt: z.iso.datetime(),
})

/** Rows: whether they are equal on both sides, what waits for a person, why, and which record they are. */
export const rowOperations: readonly Operation[] = [
  operation({
    id: 'compareMaps',
    method: 'post',
    path: '/comparisons',
    tag: 'equality',
    summary: 'Compares both sides now: all running maps, or those named',
    body: z.strictObject({
      maps: z.array(z.string()).max(500).optional(),
      companies: z.array(company).max(1_000).optional(),
      /** False: hashes of ranges, or versions, and only what they leave in doubt. */
      exact: z.boolean().optional(),
    }),
    answer: answers.comparison,
    run: (engine, { body }) => engine.compareMaps(body),
  }),
  operation({
    id: 'readComparison',
    method: 'get',
    path: '/comparisons/last',
    tag: 'equality',
    summary: 'What the comparison that goes on all the time knows',
    answer: answers.comparison,
    run: (engine) => engine.lastComparison(),
  }),
  operation({
    id: 'listDifferences',
    method: 'get',
    path: '/maps/{map}/differences',
    tag: 'equality',
    summary: 'Rows and columns that differ',
    query: z.strictObject({ company: company.optional(), after: key.optional(), top: rowsMax }),
    answer: z.array(answers.difference),
    run: (engine, { params, query: { top, ...page } }) =>
      engine.listDifferences({ map: params.map ?? '', ...page, rowsMax: top }),
  }),
  operation({
    id: 'repair',
    method: 'post',
    path: '/maps/{map}/repairs',
    tag: 'equality',
    summary: 'Makes rows equal by changing the side `to`',
    body: z.strictObject({ keys, to: side }),
    answer: answers.repaired,
    run: (engine, { params, body, actor }) => engine.repair({ map: params.map ?? '', ...body }, actor),
  }),

  operation({
    id: 'listParked',
    method: 'get',
    path: '/parked-changes',
    tag: 'parked',
    summary: 'Changes that wait for a person, newest first',
    query: z.strictObject({ map: z.string().optional(), cluster: z.string().optional(), top: rowsMax }),
    answer: z.array(parkedItem),
    run: (engine, { query }) => engine.listParked({ map: query.map ?? null, cluster: query.cluster, rowsMax: query.top }),
  }),
  operation({
    id: 'clusterParked',
    method: 'get',
    path: '/parked-changes/clusters',
    tag: 'parked',
    summary: 'Similar failures as one, largest first',
    query: z.strictObject({ map: z.string().optional() }),
    answer: z.array(answers.parkedCluster),
    run: (engine, { query }) => engine.clusterParked(query.map ?? null),
  }),
  operation({
    id: 'retryParked',
    method: 'post',
    path: '/parked-changes/retries',
    tag: 'parked',
    summary: 'Back into the queue: some, all of a map, or a cluster',
    body: z.strictObject({ ids: keys, map: z.string().optional(), cluster: z.string().optional() }),
    answer: z.object({ retried: z.number().int() }),
    run: async (engine, { body, actor }) => ({
      retried: await engine.retryParked({ ids: body.ids, map: body.map ?? null, cluster: body.cluster }, actor),
    }),
  }),
  operation({
    id: 'discardParked',
    method: 'post',
    path: '/parked-changes/discards',
    tag: 'parked',
    summary: 'Gives changes up; what they said stays in the activity log',
    body: z.strictObject({ ids: z.array(key).min(1).max(KEYS_MAX), reason: z.string().trim().min(1).max(500).optional() }),
    answer: z.object({ discarded: z.number().int() }),
    run: async (engine, { body, actor }) => ({
      discarded: await engine.discardParked({ ids: body.ids, map: null, reason: body.reason }, actor),
    }),
  }),
  operation({
    id: 'editParked',
    method: 'post',
    path: '/parked-changes/{id}/edits',
    tag: 'parked',
    summary: 'Corrects the row and puts its change back into the queue',
    body: z.strictObject({ values: z.record(z.string(), z.string().nullable()) }),
    run: (engine, { params, body, actor }) => engine.editParked(params.id ?? '', body.values, actor),
  }),
  operation({
    id: 'listQueued',
    method: 'get',
    path: '/queued-changes',
    tag: 'queued',
    summary: 'Single changes that wait for their turn, oldest first, with what each waits for',
    query: z.strictObject({ map: z.string().optional(), direction: direction.optional(), after: key.optional(), top: rowsMax }),
    answer: answers.queuedPage,
    run: (engine, { query: { top, ...page } }) => engine.listQueued({ ...page, rowsMax: top }),
  }),
  operation({
    id: 'hurryQueued',
    method: 'post',
    path: '/queued-changes/hurries',
    tag: 'queued',
    summary: 'Due at once: those that back off, or wait for another row',
    body: z.strictObject({ ids: queuedIds }),
    answer: z.object({ hurried: z.number().int(), refused: z.array(answers.refusedItem) }),
    run: (engine, { body, actor }) => engine.hurryQueued(body, actor),
  }),
  operation({
    id: 'discardQueued',
    method: 'post',
    path: '/queued-changes/discards',
    tag: 'queued',
    summary: 'Gives single changes up, a creation with all that waits of its row; what they were stays in the activity log',
    body: z.strictObject({ ids: queuedIds, reason: z.string().trim().min(1).max(500).optional() }),
    answer: z.object({ discarded: z.number().int(), refused: z.array(answers.refusedItem) }),
    run: (engine, { body, actor }) => engine.discardQueued(body, actor),
  }),
  operation({
    id: 'listConflicts',
    method: 'get',
    path: '/conflicts',
    tag: 'parked',
    summary: "Values that lost against the other side's, newest first",
    query: z.strictObject({ map: z.string().optional(), rowId: z.uuid().optional(), before, top: rowsMax }),
    answer: z.array(answers.lostValue),
    run: (engine, { query: { top, ...page } }) => engine.listConflicts({ ...page, rowsMax: top }),
  }),
  operation({
    id: 'takeLostValue',
    method: 'post',
    path: '/conflicts/{id}/reversals',
    tag: 'parked',
    summary: 'Writes the value that lost, as an edit of yours',
    body: NO_BODY,
    run: (engine, { params, actor }) => engine.takeLostValue(Number(params.id), actor),
  }),

  operation({
    id: 'explain',
    method: 'get',
    path: '/explanations',
    tag: 'rows',
    summary: 'Why a row did or did not travel: by its id, or by its record key and map',
    query: z.strictObject({
      map: z.string().optional(),
      rowId: z.uuid().optional(),
      remoteKey: key.optional(),
      at: z.iso.datetime().optional(),
    }),
    answer: z.array(answers.explanation),
    run: (engine, { query }) => engine.explain(query),
  }),
  operation({
    id: 'suggestPairs',
    method: 'get',
    path: '/maps/{map}/pairs',
    tag: 'rows',
    summary: 'Rows and records that are probably the same, by matching rules',
    query: z.strictObject({ company: company.optional(), top: rowsMax }),
    answer: z.array(answers.pair),
    run: (engine, { params, query }) =>
      engine.suggestPairs({ map: params.map ?? '', company: query.company, rowsMax: query.top }),
  }),
  operation({
    id: 'adoptPairs',
    method: 'post',
    path: '/maps/{map}/adoptions',
    tag: 'rows',
    summary: 'Links pairs after a review',
    body: z.strictObject({
      pairs: z
        .array(z.strictObject({ rowId: z.uuid(), remoteKey: key, winner: side }))
        .min(1)
        .max(KEYS_MAX),
    }),
    answer: z.object({
      adopted: z.number().int(),
      refused: z.array(z.object({ remoteKey: z.string(), reason: z.string() })),
    }),
    run: (engine, { params, body, actor }) =>
      engine.adoptPairs(
        body.pairs.map((one) => ({ map: params.map ?? '', ...one })),
        actor,
      ),
  }),
  operation({
    id: 'renumber',
    method: 'post',
    path: '/maps/{map}/renumberings',
    tag: 'rows',
    summary: 'The record has another key now; its link follows',
    body: z.strictObject({ from: key, to: key }),
    run: (engine, { params, body, actor }) => engine.renumber({ map: params.map ?? '', ...body }, actor),
  }),
  operation({
    id: 'mergeRecords',
    method: 'post',
    path: '/maps/{map}/merges',
    tag: 'rows',
    summary: 'Two records became one; what pointed to the lost one points to the kept one',
    body: z.strictObject({ lost: key, kept: key }),
    answer: z.object({ moved: z.number().int() }),
    run: (engine, { params, body, actor }) => engine.mergeRecords({ map: params.map ?? '', ...body }, actor),
  }),
]
