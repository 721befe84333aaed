import { z } from 'zod'
import * as answers from './answers.ts'
import { NO_BODY, type Operation, operation } from './operation.ts'

const PAIRS_MAX = 5_000
const VALUE_MAX = 1_000

const pair = z.strictObject({
  /** '' for no value there. */
  erp: z.string().max(VALUE_MAX),
  /** null for none here. */
  portal: z.union([z.string().max(VALUE_MAX), z.number(), z.boolean()]).nullable(),
})
const pairs = z.array(pair).max(PAIRS_MAX)

/** Lists of values that maps share. */
export const valueOperations: readonly Operation[] = [
  operation({
    id: 'listValueLists',
    method: 'get',
    path: '/value-lists',
    tag: 'definitions',
    summary: 'Every list of values that maps share, with the maps that use it',
    answer: z.array(answers.sharedList),
    run: (engine) => engine.listValueLists(),
  }),
  operation({
    id: 'planValueList',
    method: 'post',
    path: '/value-lists/{list}/plans',
    tag: 'definitions',
    summary: 'What other pairs would change, and what each map would say; null stands for the list of the file',
    body: z.strictObject({ pairs: pairs.nullable() }),
    answer: answers.listPlan,
    run: (engine, { params, body }) => engine.planValueList(params.list ?? '', body.pairs),
  }),
  operation({
    id: 'saveValueList',
    method: 'put',
    path: '/value-lists/{list}',
    tag: 'definitions',
    summary: 'The list holds at once, in every map that uses it; what it changes is carried over to the rows that are there',
    body: z.strictObject({
      pairs,
      message: z.string().trim().min(1).max(500),
      /** The revision that the pairs were made from, empty for a new list: refused where another one holds by now. */
      basedOn: z.string(),
    }),
    answer: answers.listPlan,
    run: (engine, { params, body, actor }) => engine.saveValueList(params.list ?? '', body, actor),
  }),
  operation({
    id: 'resetValueList',
    method: 'delete',
    path: '/value-lists/{list}',
    tag: 'definitions',
    summary: 'Gives up what was saved: the list of the file holds again, or none',
    body: NO_BODY,
    answer: answers.listPlan,
    run: (engine, { params, actor }) => engine.resetValueList(params.list ?? '', actor),
  }),
]
