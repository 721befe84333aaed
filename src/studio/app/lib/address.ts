/** The texts of an address that are wanted; the router reads what looks like a number as one. */
export function texts<Name extends string>(search: Record<string, unknown>, names: readonly Name[]): { [name in Name]?: string } {
  const given = names.flatMap((name) => {
    const value = search[name]
    return value === undefined || value === null || value === '' ? [] : [[name, String(value)] as const]
  })
  return Object.fromEntries(given) as { [name in Name]?: string }
}
