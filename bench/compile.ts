import { createPermissions } from '../src/access/permissions.ts'
import { parsePolicy } from '../src/access/policy.ts'
import type { ContactVisitor } from '../src/access/visitor.ts'
import { toRowQuery } from '../src/api/query/to-row-query.ts'
import { parseFetch } from '../src/lib/fetchxml/parse.ts'
import { parseQueryOptions } from '../src/lib/odata/parse-options.ts'
import { systemClock } from '../src/log/system-clock.ts'
import { readCatalog } from '../src/tables/catalog.ts'
import { toRowQuery as fetchToRowQuery } from '../src/tables/fetch.ts'
import { compileReading } from '../src/tables/query.ts'
import type { RowQuery } from '../src/tables/row-query.ts'
import { line, percentiles } from './measure.ts'

const RUNS = 2_000
const RUNS_UNMEASURED = 1_000

/** From the text of a question to the text of its statement, the visitor's predicates inside; no database takes part. */
export function benchCompile(): void {
  console.log('\nCompile time, from text to SQL, microseconds')
  const catalog = readCatalog()
  const permissions = createPermissions(catalog, parsePolicy(new Map(SITE)), systemClock)
  const orders = catalog.get('salesorder')
  const reach = permissions.reach(VISITOR)
  const asOf = { nowMs: systemClock.nowMs(), timeZone: 'UTC', contactId: VISITOR.contactId, accountId: VISITOR.accountId }

  const list = (): RowQuery => ({
    table: orders,
    columns: ['ordernumber', 'msdyn_salesordernumber', 'submitdate', 'totalamount', 'msdyn_processingstatus', 'customerid.name'],
    predicate: permissions.predicate(VISITOR, 'salesorder', 'read'),
    reach: permissions.reach(VISITOR),
    orderBy: [{ column: 'submitdate', descending: true }],
    rowsMax: 26,
  })
  const odata = (): RowQuery =>
    toRowQuery({
      catalog,
      permissions,
      visitor: VISITOR,
      table: orders,
      options: parseQueryOptions(new URLSearchParams(ODATA)),
      dialect: {
        offered: (table) => new Set(table.columns.keys()),
        pageRowsDefault: 5_000,
        pageRowsMax: 5_000,
        collectionDepthMax: 4,
      },
      asOf,
      named: false,
    }).query
  const fetchXml = (): RowQuery => fetchToRowQuery({ catalog, reach, asOf }, parseFetch(FETCH)).query

  report(
    'list page',
    measure(() => compileReading(catalog, list()).sql.compile()),
  )
  report(
    'OData: $expand, any(), $orderby',
    measure(() => compileReading(catalog, odata()).sql.compile()),
  )
  report(
    'FetchXML: two links, three filters',
    measure(() => compileReading(catalog, fetchXml()).sql.compile()),
  )
}

function measure(work: () => { text: string }): { micros: readonly number[]; characters: number } {
  const { text } = work()
  for (let run = 0; run < RUNS_UNMEASURED; run++) work()
  const micros: number[] = []
  for (let run = 0; run < RUNS; run++) {
    const beforeMs = performance.now()
    work()
    micros.push((performance.now() - beforeMs) * 1_000)
  }
  return { micros, characters: text.length }
}

function report(name: string, { micros, characters }: { micros: readonly number[]; characters: number }): void {
  const { p50, p95 } = percentiles(micros)
  line(name, `p50 ${p50.toFixed(0).padStart(5)} µs`, `p95 ${p95.toFixed(0).padStart(5)} µs`, `${characters} characters of SQL`)
}

const ODATA =
  "$select=ordernumber,submitdate,totalamount,_customerid_value&$filter=totalamount gt 100 and contains(ordernumber,'1') and " +
  "order_details/any(d:d/quantity gt 5 and d/productnumber ne 'P1')&$orderby=submitdate desc,ordernumber&$top=50" +
  '&$expand=customerid_account($select=name),order_details($select=productnumber,quantity;$orderby=sequencenumber;$top=5)'

const FETCH = `<fetch top="50"><entity name="salesorder"><attribute name="ordernumber"/><attribute name="totalamount"/>
  <order attribute="submitdate" descending="true"/>
  <filter><condition attribute="statecode" operator="eq" value="0"/><condition attribute="submitdate" operator="last-x-months" value="6"/></filter>
  <link-entity name="account" from="accountid" to="customerid" alias="a" link-type="outer"><attribute name="name"/></link-entity>
  <link-entity name="salesorderdetail" from="salesorderid" to="salesorderid" alias="d" link-type="inner"><attribute name="productnumber"/>
    <filter><condition attribute="quantity" operator="gt" value="5"/></filter></link-entity></entity></fetch>`

const GRANTS = 'privileges: [read], roles: [R]'
const SITE: [string, string][] = [
  ['roles.yaml', 'roles: [{ name: R }]'],
  [
    'permissions/account.yaml',
    `table: account\npermissions: [{ name: accounts, accessType: hierarchy, ${GRANTS}, columns: [name, accountnumber] }]`,
  ],
  [
    'permissions/orders.yaml',
    `table: salesorder\npermissions: [{ name: orders, accessType: account, relationship: customerid, ${GRANTS} }]`,
  ],
  [
    'permissions/lines.yaml',
    `table: salesorderdetail\npermissions: [{ name: lines, accessType: parent, parent: { permission: orders, through: salesorderid }, ${GRANTS} }]`,
  ],
]

const VISITOR: ContactVisitor = {
  kind: 'contact',
  contactId: '00000000-0000-4000-8000-000000000001',
  accountId: '00000000-0000-4000-8000-000000000002',
  accounts: [],
  accountPath: '',
  companyId: '00000000-0000-4000-8000-000000000003',
  fullName: 'Bench',
  email: 'bench@example.com',
  roles: ['R'],
  language: 'en',
}
