/** The parts of a postal address, whatever their field names are. */
export type Address = { street: string; streetNumber: string; city: string; zipCode: string; state: string; country: string }

/** One address on several lines: number and street, city with state and code in the country's order, country. */
export function formatAddress(address: Address): string {
  const street = joinFilled([address.streetNumber, address.street], ' ')
  const isAmerican = ['USA', 'US', 'CAN', 'CA'].includes(address.country)
  const place = isAmerican
    ? joinFilled([address.city, joinFilled([address.state, address.zipCode], ' ')], ', ')
    : joinFilled([address.zipCode, address.city, address.state], ' ')
  return joinFilled([street, place, address.country], '\n')
}

function joinFilled(parts: readonly string[], separator: string): string {
  return parts.filter((part) => part !== '').join(separator)
}
