/** Which ERP there is, and how it is reached. */
export type ErpConfig = {
  /** Root of the ERP environment, e.g. https://contoso.operations.dynamics.com: no trailing slash. Never with a password in it. */
  url: string
  tokenUrl: string
  clientId: string
  /** Empty: kept by `comptoir connection set`. */
  clientSecret: string
}

/** The tables of a PostgreSQL database as the ERP. */
export type ErpDatabaseConfig = {
  /** With its password. Empty: kept by `comptoir connection set`. */
  url: string
  changes: 'trigger' | 'version' | 'none'
  companyColumn: string | undefined
  versionColumn: string | undefined
  modifiedColumn: string | undefined
}

export type ErpChoice = {
  /** Demo mode: nothing says otherwise. */
  demo: boolean
  connector: 'dynamics365' | 'postgres'
  erp: ErpConfig
  erpDatabase: ErpDatabaseConfig | undefined
}

type Reading = { text: (name: string) => string | undefined; url: (name: string) => string | undefined; problems: string[] }

/** COMPTOIR_ERP chooses the connector; ERP_… says how it reaches its ERP. */
export function readErp(reading: Reading, scmUrl: string): ErpChoice {
  const { text, url, problems } = reading
  const chosen = text('COMPTOIR_ERP')
  if (chosen === 'postgres') return readDatabase(reading)
  if (chosen !== undefined && chosen !== 'dynamics365') problems.push('COMPTOIR_ERP must be dynamics365 or postgres')
  const erpUrl = url('ERP_URL')
  if (chosen === undefined && erpUrl === undefined) {
    const erp = { url: scmUrl, tokenUrl: `${scmUrl}/oauth2/token`, clientId: 'comptoir', clientSecret: 'comptoir-demo-secret' }
    return { demo: true, connector: 'dynamics365', erp, erpDatabase: undefined }
  }
  const needed = (name: string): string => {
    const value = text(name)
    if (value === undefined) problems.push(`${name} is required with ${erpUrl === undefined ? 'COMPTOIR_ERP' : 'ERP_URL'}`)
    return value ?? ''
  }
  if (erpUrl === undefined) needed('ERP_URL')
  const erp = {
    url: erpUrl ?? '',
    tokenUrl: needed('ERP_TOKEN_URL'),
    clientId: needed('ERP_CLIENT_ID'),
    clientSecret: text('ERP_CLIENT_SECRET') ?? '',
  }
  return { demo: false, connector: 'dynamics365', erp, erpDatabase: undefined }
}

/** An address for people: without the name and the password that may stand in it. */
export function withoutCredentials(address: string): string {
  const url = URL.parse(address)
  if (url === null) return ''
  for (const part of ['username', 'password', 'search'] as const) url[part] = ''
  return url.href
}

/** Whether text is the address of a PostgreSQL database. */
export function isDatabaseUrl(address: string): boolean {
  return /^postgres(ql)?:$/.test(URL.parse(address)?.protocol ?? '')
}

function readDatabase({ text, problems }: Reading): ErpChoice {
  const url = text('ERP_URL') ?? ''
  if (url !== '' && !isDatabaseUrl(url)) problems.push('ERP_URL must begin with postgresql:// where COMPTOIR_ERP is postgres')
  const changes = text('ERP_CHANGES') ?? 'trigger'
  if (changes !== 'trigger' && changes !== 'version' && changes !== 'none')
    problems.push('ERP_CHANGES must be trigger, version or none')
  const versionColumn = text('ERP_VERSION_COLUMN')
  if (changes === 'version' && versionColumn === undefined)
    problems.push('ERP_VERSION_COLUMN is required with ERP_CHANGES=version')
  if (text('COMPTOIR_MAPS') === undefined)
    problems.push('COMPTOIR_MAPS is required with COMPTOIR_ERP=postgres: your tables need maps; maps/postgres-example shows some')
  return {
    demo: false,
    connector: 'postgres',
    erp: { url: withoutCredentials(url), tokenUrl: '', clientId: '', clientSecret: '' },
    erpDatabase: {
      url,
      changes: changes as ErpDatabaseConfig['changes'],
      companyColumn: text('ERP_COMPANY_COLUMN'),
      versionColumn,
      modifiedColumn: text('ERP_MODIFIED_COLUMN'),
    },
  }
}
