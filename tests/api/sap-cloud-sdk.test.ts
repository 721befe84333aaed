import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join, relative } from 'node:path'
import test from 'node:test'
import { generate } from '@sap-cloud-sdk/generator'
import { type ApiWorld, createApiWorld, TOKENS } from './world.ts'

// A client whose code is generated from our $metadata: what the document says wrongly does not compile or does not work.

const TABLES = ['account', 'contact', 'cdm_company', 'transactioncurrency', 'salesorder', 'salesorderdetail']

test('code that the SAP Cloud SDK generates from $metadata reads, writes and sends batches', async () => {
  await using world = await createApiWorld(TABLES)
  await using generated = await generateClient(world)
  const { accountsApi, contactsApi, salesordersApi, salesorderdetailsApi } = generated.service
  const { ids } = world
  const destination = { url: world.origin, headers: { authorization: `Bearer ${TOKENS.everything}` } }

  const accounts = await accountsApi
    .requestBuilder()
    .getAll()
    .select(accountsApi.schema.ACCOUNTID, accountsApi.schema.NAME, accountsApi.schema.CREDITLIMIT)
    .filter(accountsApi.schema.NAME.equals('Fabrikam'))
    .execute(destination)
  assert.deepEqual(
    accounts.map((one: Generated) => [one.accountid, one.name, String(one.creditlimit)]),
    [[ids.x, 'Fabrikam', '50000.5']],
  )

  const orders = await salesordersApi
    .requestBuilder()
    .getAll()
    .select(
      salesordersApi.schema.ORDERNUMBER,
      salesordersApi.schema.SUBMITDATE,
      salesordersApi.schema.ORDER_DETAILS.select(salesorderdetailsApi.schema.PRODUCTNUMBER),
      salesordersApi.schema.MSDYN_CONTACTPERSON,
    )
    .expand(salesordersApi.schema.ORDER_DETAILS, salesordersApi.schema.MSDYN_CONTACTPERSON)
    .orderBy(generated.asc(salesordersApi.schema.ORDERNUMBER))
    .top(5)
    .execute(destination)
  assert.equal(orders[0]?.orderDetails.length, 3)
  assert.equal(orders[0]?.msdynContactperson?.fullname, 'Nora Example')
  assert.equal(orders[0]?.submitdate?.toISOString(), '2026-11-20T10:00:00.000Z')
  const lines = await salesordersApi
    .requestBuilder()
    .getAll()
    .filter(salesordersApi.schema.ORDER_DETAILS.filter(generated.any(salesorderdetailsApi.schema.PRODUCTNUMBER.equals('P-2'))))
    .count()
    .execute(destination)
  assert.equal(lines, 1)

  const one = contactsApi
    .entityBuilder()
    .lastname('Generated')
    .firstname('Code')
    .parentcustomeridValue(ids.x)
    .msdynCompanyValue(ids.usmf)
    .build()
  const created = await contactsApi
    .requestBuilder()
    .create(one)
    .addCustomHeaders({ prefer: 'return=representation' })
    .execute(destination)
  assert.equal(created.fullname, 'Code Generated')
  created.jobtitle = 'Buyer'
  await contactsApi.requestBuilder().update(created).execute(destination)
  const read = await contactsApi.requestBuilder().getByKey(created.contactid).execute(destination)
  assert.equal(read.jobtitle, 'Buyer')
  // The version that it remembers from before is gone: somebody else has changed the row.
  await world.call('PATCH', `contacts(${read.contactid})`, { body: { jobtitle: 'Other' } })
  read.jobtitle = 'Lost'
  await assert.rejects(contactsApi.requestBuilder().update(read).execute(destination), (error: { rootCause?: unknown }) =>
    /412/.test(String(error.rootCause)),
  )

  const responses = await generated
    .batch(
      contactsApi.requestBuilder().getByKey(read.contactid),
      generated.changeset(contactsApi.requestBuilder().delete(read.contactid)),
      contactsApi.requestBuilder().getAll(),
    )
    .execute(destination)
  assert.deepEqual(
    responses.map((response: Generated) => response.isSuccess()),
    [true, true, true],
  )
  assert.equal((await world.call('GET', `contacts(${read.contactid})`)).status, 404)

  const who = await generated.whoAmI({}).execute(destination)
  assert.equal(who.userId, '00000000-0000-4000-8000-00000000abcd')
})

// biome-ignore lint/suspicious/noExplicitAny: the generated code has types of its own, which exist only while the test runs
type Generated = any

/** Generated where it finds the SDK's own packages, and removed with the test. */
async function generateClient(world: ApiWorld) {
  const cache = join(import.meta.dirname, '../../node_modules/.cache')
  await mkdir(cache, { recursive: true })
  const folder = await mkdtemp(join(cache, 'comptoir-sap-'))
  try {
    return await generateInto(world, folder)
  } catch (error) {
    await rm(folder, { recursive: true, force: true })
    throw error
  }
}

async function generateInto(world: ApiWorld, folder: string) {
  const input = join(folder, 'comptoir.edmx')
  const metadata = await world.call('GET', '$metadata')
  assert.equal(metadata.status, 200, metadata.text)
  await writeFile(input, metadata.text)
  await writeFile(join(folder, 'package.json'), '{ "type": "commonjs" }')
  const options = {
    [relative(process.cwd(), input)]: { directoryName: 'comptoir', packageName: 'comptoir', basePath: '/api/data/v9.2' },
  }
  await writeFile(join(folder, 'options.json'), JSON.stringify(options))
  const compilerOptions = { target: 'es2022', module: 'node16', moduleResolution: 'node16', skipLibCheck: true, types: [] }
  await writeFile(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions }))
  await generate({
    tsconfig: join(folder, 'tsconfig.json'),
    input,
    outputDir: join(folder, 'out'),
    transpile: true,
    skipValidation: true,
    optionsPerService: join(folder, 'options.json'),
    overwrite: true,
  })
  const code: Generated = createRequire(import.meta.url)(join(folder, 'out/comptoir'))
  const sdk: Generated = createRequire(import.meta.url)('@sap-cloud-sdk/odata-v4')
  return {
    service: code.comptoir() as Generated,
    whoAmI: code.whoAmI as Generated,
    batch: code.batch as Generated,
    changeset: code.changeset as Generated,
    any: sdk.any as Generated,
    asc: sdk.asc as Generated,
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  }
}
