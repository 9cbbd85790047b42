// SPDX-License-Identifier: Apache-2.0
// web-did-resolver, as it comes; all names are this machine.
import dns from 'node:dns'

import { Resolver } from 'did-resolver'
import { getResolver } from 'web-did-resolver'

import { serve } from './serve.mjs'

dns.lookup = (host, options, done = options) =>
  options.all ? done(null, [{ address: '127.0.0.1', family: 4 }]) : done(null, '127.0.0.1', 4)
const resolver = new Resolver(getResolver())

// at most so many under way at once, as ours
async function all(dids, atOnce) {
  let next = 0, resolved = 0
  await Promise.all(Array.from({ length: atOnce }, async () => {
    while (next < dids.length) {
      const r = await resolver.resolve(dids[next++])
      resolved += r.didDocument ? 1 : 0
    }
  }))
  return resolved
}

await serve({
  async resolve(q) {
    const r = await resolver.resolve(q.did)
    return { document: r.didDocument, error: r.didResolutionMetadata.error }
  },
  async many(q) {
    const dids = Array.from({ length: q.n }, (_, i) => q.prefix + i)
    const cpu = process.cpuUsage(), start = performance.now()
    const resolved = await all(dids, q.atOnce)
    const used = process.cpuUsage(cpu)
    return { resolved, us: (performance.now() - start) * 1000, cpu: used.user + used.system }
  },
})
