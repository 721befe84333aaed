import type { RunningComptoir } from '../tests/support/comptoir.ts'
import { withPortalDatabase } from './portal-database.ts'
import { announce, besideBare, signIn } from './side-by-side.ts'

const COLUMNS = 'ordernumber,msdyn_salesordernumber,submitdate,totalamount,msdyn_processingstatus,_customerid_value'
const PLAIN = `$select=${COLUMNS}&$filter=totalamount gt 100 and statecode eq 0&$orderby=submitdate desc&$top=50`
const EXPANDED = `${PLAIN}&$expand=customerid_account($select=name),order_details($select=productnumber,quantity,priceperunit;$top=5)`

/** Server processor time per OData request, next to a bare server that sends the same SQL and writes the same bytes. */
export async function benchOdata(comptoir: RunningComptoir): Promise<void> {
  announce('OData, 50 orders')
  const made = await comptoir.command('tokens', 'create', '--name', 'bench', '--role', 'Administrator', '--read-only')
  const token = { authorization: `Bearer ${made.trim()}` }
  const session = { cookie: await signIn(comptoir.portalUrl, 'nora@fabrikam.example') }
  await withPortalDatabase(comptoir, async (database) => {
    const asked = [
      { name: '/api/data, token', path: `/api/data/v9.2/salesorders?${PLAIN}`, headers: token },
      { name: '/api/data, token, $expand', path: `/api/data/v9.2/salesorders?${EXPANDED}`, headers: token },
      { name: '/_api, session', path: `/_api/salesorders?${PLAIN}`, headers: session },
    ]
    for (const one of asked) await besideBare(comptoir, database, { ...one, path: one.path.replaceAll(' ', '%20') })
  })
}
