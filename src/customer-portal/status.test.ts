import assert from 'node:assert/strict'
import test from 'node:test'
import { type OrderFacts, orderStatus } from './status.ts'

const ACCEPTED: OrderFacts = {
  isInErp: true,
  sync: { kind: 'unlinked' },
  processing: 'active',
  isStopped: false,
  remaining: '10',
}
const WAITING = { kind: 'waiting', since: '2026-11-23T09:00:00Z', attempt: 0, reason: null, confirming: false } as const

const CASES: [string, Partial<OrderFacts>, string][] = [
  ['just submitted', { isInErp: false, sync: WAITING }, 'sending'],
  ['in its first attempt', { isInErp: false, sync: { ...WAITING, attempt: 1 } }, 'sending'],
  ['the ERP does not answer', { isInErp: false, sync: { ...WAITING, attempt: 3, reason: 'down' } }, 'received'],
  ['no map runs', { isInErp: false }, 'received'],
  ['the ERP said no', { isInErp: false, sync: { kind: 'refused', code: 'x', reason: 'Blocked' } }, 'refused'],
  [
    'the ERP has it, its number is on the way',
    { isInErp: false, sync: { kind: 'accepted', remoteKey: 'k', at: '', changes: [] } },
    'accepted',
  ],
  ['in the ERP', {}, 'accepted'],
  ['in the ERP without a status', { processing: undefined }, 'accepted'],
  ['an edit waits for the ERP', { sync: WAITING, processing: 'confirmed' }, 'confirmed'],
  ['confirmed', { processing: 'confirmed' }, 'confirmed'],
  ['picked', { processing: 'picked' }, 'picked'],
  ['part delivered', { processing: 'partiallyDelivered' }, 'partly-shipped'],
  ['all delivered', { processing: 'delivered', remaining: '0' }, 'shipped'],
  ['closed short: the ERP’s word that it is over holds', { processing: 'delivered', remaining: '2' }, 'shipped'],
  ['a part delivered and that part invoiced', { processing: 'partiallyInvoiced' }, 'partly-shipped'],
  ['all delivered, part invoiced', { processing: 'partiallyInvoiced', remaining: '0' }, 'partly-invoiced'],
  ['closed short, part invoiced', { processing: 'deliveredPartiallyInvoiced', remaining: '2' }, 'partly-invoiced'],
  ['invoiced', { processing: 'invoiced', remaining: '0' }, 'invoiced'],
  ['stopped', { isStopped: true, processing: 'confirmed' }, 'on-hold'],
  ['stopped after it was over', { isStopped: true, processing: 'invoiced', remaining: '0' }, 'invoiced'],
  ['cancelled', { processing: 'canceled', remaining: '0' }, 'cancelled'],
  ['cancelled before it reached the ERP', { isInErp: false, processing: 'canceled' }, 'cancelled'],
]

for (const [name, facts, status] of CASES) {
  test(`status: ${name} is ${status}`, () => assert.equal(orderStatus({ ...ACCEPTED, ...facts }), status))
}
