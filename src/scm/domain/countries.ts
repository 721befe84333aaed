/** Finance & Operations keeps countries by three letters and shows both; callers often give the two letters only. */
export function countryIdOf(isoCode: string): string {
  return ID_BY_ISO.get(isoCode.toUpperCase()) ?? ''
}

export function isoCodeOf(countryId: string): string {
  return ISO_BY_ID.get(countryId.toUpperCase()) ?? ''
}

const PAIRS =
  'US USA,DE DEU,FR FRA,GB GBR,JP JPN,IN IND,ES ESP,NZ NZL,AU AUS,CO COL,ZA ZAF,BE BEL,CA CAN,AT AUT,TR TUR,CN CHN,DK DNK,SE SWE,NO NOR,' +
  'FI FIN,EG EGY,IE IRL,IT ITA,NL NLD,PT PRT,CH CHE,LU LUX,PL POL,CZ CZE,GR GRC,HU HUN,MX MEX,BR BRA,RO ROU'

const COUNTRIES = PAIRS.split(',').map((pair) => pair.split(' ') as [string, string])
const ID_BY_ISO = new Map(COUNTRIES)
const ISO_BY_ID = new Map(COUNTRIES.map(([iso, id]) => [id, iso] as const))
