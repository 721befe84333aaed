/**
 * A stand-in for any argument: it has every property (again a stand-in), can be called, iterated (one element) and printed. Code that
 * only passes its arguments on to a query runs to the end with it.
 */
export function anything(): unknown {
  return STAND_IN
}

const ARRAY_METHODS: Readonly<Record<string, (callback: (item: unknown, index: number) => unknown) => unknown>> = {
  map: (callback) => [callback(STAND_IN, 0)],
  flatMap: (callback) => [callback(STAND_IN, 0)].flat(),
  filter: () => [STAND_IN],
  forEach: (callback) => void callback(STAND_IN, 0),
  find: () => STAND_IN,
  some: () => true,
  every: () => true,
}

const STAND_IN: unknown = new Proxy(() => undefined, {
  get(_target, property) {
    if (property === 'then') return undefined
    if (property === Symbol.iterator) {
      return function* () {
        yield STAND_IN
      }
    }
    if (property === Symbol.toPrimitive) return (hint: string) => (hint === 'number' ? 1 : 'x')
    if (property === 'toJSON' || property === 'toString') return () => 'x'
    if (property === 'length' || property === 'size') return 1
    return ARRAY_METHODS[String(property)] ?? STAND_IN
  },
  apply: () => STAND_IN,
})
