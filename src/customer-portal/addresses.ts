import type { PageContext } from '#portals/component.ts'
import type { QueryRow } from '#tables/row-query.ts'

/** Where an order goes: one of the account's addresses, or one that the buyer writes. */
export type Address = {
  name: string
  street: string
  city: string
  postalCode: string
  state: string
  /** ISO 3166 code */
  country: string
}

export type AccountAddress = Address & { key: 'address1' | 'address2' }

/** The account's addresses in the country that its orders go to. */
export function addressesOf(account: QueryRow, name: string, country: string): AccountAddress[] {
  return (['address1', 'address2'] as const).flatMap((key) => {
    const part = (column: string) => String(account[`${key}_${column}`] ?? '')
    const own = part('country') === '' ? country : part('country')
    if (part('line1') === '' || own !== country) return []
    return [
      {
        key,
        name,
        street: part('line1'),
        city: part('city'),
        postalCode: part('postalcode'),
        state: part('stateorprovince'),
        country: own,
      },
    ]
  })
}

/** What the ERP calls the address by: who and where, never a placeholder. */
export function describeAddress(address: Address): string {
  return address.city === '' ? address.name : `${address.name}, ${address.city}`
}

/** Line by line, as a label carries it. */
export function addressLines(address: Address, language: string): string[] {
  const place = [address.city, [address.state, address.postalCode].filter(Boolean).join(' ')].filter(Boolean).join(', ')
  return [address.name, ...address.street.split('\n'), place, countryName(address.country, language)].filter(Boolean)
}

const names = new Map<string, Intl.DisplayNames>()

/** 'US' as the reader calls it; a code that nobody knows stays itself. */
export function countryName(code: string, language: string): string {
  if (!/^[A-Z]{2}$/.test(code)) return code
  const known = names.get(language) ?? new Intl.DisplayNames([language], { type: 'region' })
  names.set(language, known)
  return known.of(code) ?? code
}

export type Country = { code: string; name: string }

/** All countries, as the reader's language sorts them. */
export function listCountries(context: Pick<PageContext, 'language'>): Country[] {
  const collator = new Intl.Collator(context.language)
  return COUNTRY_CODES.map((code) => ({ code, name: countryName(code, context.language) })).sort((a, b) =>
    collator.compare(a.name, b.name),
  )
}

export function isCountry(code: string): boolean {
  return COUNTRY_CODES.includes(code)
}

/** ISO 3166-1 alpha-2, officially assigned. */
const COUNTRY_CODES: readonly string[] = (
  'AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ CA CC CD CF CG ' +
  'CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL ' +
  'GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA ' +
  'LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP ' +
  'NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV ' +
  'SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW'
).split(' ')
