import type { EntityDescription } from '#connector/contract.ts'
import { messageOf } from '#lib/app-error.ts'
import { engineRows } from '#tables/predicate.ts'
import { listRows } from '#tables/rows.queries.ts'
import { countDifferences } from './alerts.queries.ts'
import type { Core } from './core.ts'
import type { HealthFinding } from './facets-watch.ts'
import { listBeats } from './series.queries.ts'
import type { MapStatus } from './status.ts'
import type { TableMap } from './table-map.ts'

const DESCRIBE_MS_MAX = 60_000
/** The working process beats each minute. */
const SILENT_MS = 5 * 60_000
const LAG_MS = 5 * 60_000
const COMPANIES_MAX = 1_000

/**
 * What is well and what is not, with what to do: the installation, the way to the ERP, the schema of both sides, each map. Asks the ERP
 * to describe itself; changes nothing. Codes follow dual-write's own checks where they look at the same thing (F2, F30).
 */
export async function checkHealth(core: Core, readStatus: () => Promise<MapStatus[]>): Promise<HealthFinding[]> {
  const findings: HealthFinding[] = []
  await checkInstallation(core, findings)
  const entities = await describe(core, findings)
  const status = await readStatus()
  if (entities !== undefined) {
    checkSchema(core, status, entities, findings)
    await checkCompanies(core, entities, findings)
  }
  checkMaps(core, status, findings)
  const differences = await core.database.read((tx) => countDifferences(tx, null))
  if (differences > 0)
    findings.push(
      warning('different', null, `${differences} rows differ between both sides`, 'Look at the differences and repair them'),
    )
  if (findings.length === 0) findings.push({ code: 'well', severity: 'ok', map: null, message: 'All is well', remedy: null })
  return findings
}

async function checkInstallation(core: Core, findings: HealthFinding[]): Promise<void> {
  const { armed, fingerprint, reason } = await core.environment.readEnvironment()
  if (fingerprint === '')
    findings.push(warning('not_started', null, reason ?? 'Dual-write has never been started here', 'Start Comptoir: npm start'))
  else if (!armed)
    findings.push(
      failure(
        'disarmed',
        null,
        'This installation is a copy or a restored backup and writes nothing to the ERP',
        'Arm it if it is the one that shall write: comptoir environment arm',
      ),
    )
  const beats = await core.database.read(listBeats)
  const silent = beats.filter((beat) => core.clock.nowMs() - Date.parse(beat.at) > SILENT_MS)
  for (const beat of silent)
    findings.push(
      failure(
        'silent',
        null,
        `The way ${beat.direction === 'toErp' ? 'to' : 'from'} the ERP was last found open at ${beat.at}`,
        'See whether a process of Comptoir runs, and whether the ERP answers',
      ),
    )
}

/** Undefined when the ERP does not answer, which is a finding. */
async function describe(core: Core, findings: HealthFinding[]): Promise<Map<string, EntityDescription> | undefined> {
  try {
    const during = AbortSignal.timeout(DESCRIBE_MS_MAX)
    await core.connector.ping(during)
    const entities = await core.connector.describe(during)
    return new Map(entities.map((one) => [one.name, one]))
  } catch (error) {
    findings.push(
      failure(
        'unreachable',
        null,
        `The ERP does not answer: ${messageOf(error)}`,
        'See whether it runs, and its address and credentials',
      ),
    )
    return undefined
  }
}

/** Fields that a map reads or writes and the ERP does not have: additions never stop a map, what is missing does. */
function checkSchema(
  core: Core,
  status: readonly MapStatus[],
  entities: ReadonlyMap<string, EntityDescription>,
  findings: HealthFinding[],
): void {
  const running = new Set(status.filter((one) => one.state !== 'not_running').map((one) => one.name))
  for (const map of core.maps.filter((one) => running.has(one.name))) {
    const entity = entities.get(map.entity)
    if (entity === undefined) {
      findings.push(
        failure('entity_missing', map.name, `The ERP has no entity ${map.entity}`, 'Stop the map, or correct its entity'),
      )
      continue
    }
    const missing = fieldsOf(map).filter((name) => !entity.fields.has(name))
    if (missing.length > 0)
      findings.push(
        failure(
          'fields_missing',
          map.name,
          `${map.entity} does not have ${missing.join(', ')}`,
          'Take these columns out of the map, or extend the entity; then refresh the map',
        ),
      )
  }
}

function fieldsOf(map: TableMap): string[] {
  const written = map.columns.flatMap((one) => (one.toErp && one.field !== undefined ? [one.field] : []))
  return [...new Set([...map.fields, ...written])]
}

/** DWDVEV1003: a legal entity that the ERP no longer has, or that has not arrived. */
async function checkCompanies(
  core: Core,
  entities: ReadonlyMap<string, EntityDescription>,
  findings: HealthFinding[],
): Promise<void> {
  const map = core.maps.find((one) => one.table.name === 'cdm_company' && one.rows === 'own')
  const code = map?.columns.find((one) => one.column?.name === 'cdm_companycode')?.field
  if (map === undefined || code === undefined || !entities.has(map.entity)) return
  try {
    const page = await core.connector.readPage(
      { entity: map.entity, fields: map.fields, company: undefined, rowsMax: core.connector.capabilities.pageRowsMax },
      AbortSignal.timeout(DESCRIBE_MS_MAX),
    )
    const theirs = new Set(page.records.map((record) => String(record.fields[code] ?? '').toLowerCase()))
    const rows = await core.database.read((tx) =>
      listRows(tx, core.catalog, {
        table: core.catalog.get('cdm_company'),
        columns: ['cdm_companycode'],
        predicate: engineRows,
        rowsMax: COMPANIES_MAX,
      }),
    )
    const ours = new Set(rows.map((row) => String(row.cdm_companycode ?? '').toLowerCase()))
    for (const one of theirs)
      if (!ours.has(one))
        findings.push(
          warning('company_new', map.name, `The legal entity ${one} has not arrived yet`, 'Refresh the map of companies'),
        )
    for (const one of ours)
      if (!theirs.has(one) && page.next === undefined)
        findings.push(
          warning(
            'company_gone',
            map.name,
            `The ERP has no legal entity ${one} any more`,
            'Its rows stay until someone removes them',
          ),
        )
  } catch (error) {
    findings.push(
      warning('companies_unread', map.name, `The companies could not be compared: ${messageOf(error)}`, 'Try again later'),
    )
  }
}

function checkMaps(core: Core, status: readonly MapStatus[], findings: HealthFinding[]): void {
  for (const one of status) {
    if (one.parked > 0)
      findings.push(warning('parked', one.name, `${one.parked} changes wait for a person`, 'Look at them and decide'))
    const lagMs = Math.max(one.lagMs.toErp, one.lagMs.toPortal)
    if (one.state === 'running' && lagMs > LAG_MS)
      findings.push(
        warning(
          'lag',
          one.name,
          `The oldest change has waited for ${Math.round(lagMs / 60_000)} minutes`,
          'See what its last error says',
        ),
      )
    const map = core.maps.find((other) => other.name === one.name)
    if (one.state === 'not_running' && map?.start === 'auto')
      findings.push(
        warning('stopped', one.name, 'The map does not run: both sides drift apart', 'Run it, or leave it if that is meant'),
      )
    if (one.state === 'paused')
      findings.push(
        warning('paused', one.name, 'The map is paused: changes of both sides queue', 'Resume it when the reason is gone'),
      )
  }
}

function failure(code: string, map: string | null, message: string, remedy: string): HealthFinding {
  return { code, severity: 'error', map, message, remedy }
}

function warning(code: string, map: string | null, message: string, remedy: string): HealthFinding {
  return { code, severity: 'warning', map, message, remedy }
}
