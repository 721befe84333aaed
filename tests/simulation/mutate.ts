/** Loaded before everything else: reads the engine's source with one thing broken (see mutations.ts). */
import { registerHooks } from 'node:module'
import { MUTATIONS } from './mutations.ts'

const mutation = MUTATIONS.find((one) => one.name === process.env.SIM_MUTATION)
if (mutation === undefined) throw new Error(`There is no mutation ${process.env.SIM_MUTATION}`)

registerHooks({
  load(url, context, nextLoad) {
    const loaded = nextLoad(url, context)
    if (!url.endsWith(mutation.file)) return loaded
    const source = String(loaded.source)
    if (!source.includes(mutation.find))
      throw new Error(`${mutation.file} has no "${mutation.find}" any more: mutation ${mutation.name}`)
    return { ...loaded, source: source.replaceAll(mutation.find, mutation.put) }
  },
})
