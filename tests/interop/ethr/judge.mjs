// SPDX-License-Identifier: Apache-2.0
// ethr-did-resolver over what a node once said, for tests/bench/side.py: {"did", "text", "n"};
// text is {"changed", "logs", "blocks"} as the node gave them.  The answer is the process's
// own CPU time for one resolution.
import { Resolver } from 'did-resolver'
import { JsonRpcProvider } from 'ethers'
import { getResolver } from 'ethr-did-resolver'

import { serve } from './serve.mjs'

let said
const word = quantity => '0x' + quantity.slice(2).padStart(64, '0')
const answers = {
  eth_chainId: () => '0x539',
  eth_call: () => word(said.changed),
  eth_getLogs: ([{ fromBlock }]) => said.logs.filter(l => l.blockNumber === fromBlock),
  eth_getBlockByNumber: ([number]) => said.blocks[number],
}

class Recorded extends JsonRpcProvider {
  async _send(payload) {
    return [payload].flat().map(({ id, method, params }) => ({ id, result: answers[method](params) }))
  }
}

const provider = new Recorded('http://127.0.0.1:1', 1337, { staticNetwork: true, cacheTimeout: -1, batchMaxCount: 1 })

await serve({
  async time({ did, text, registry, n }) {
    const resolver = new Resolver(getResolver({ networks: [{ name: 'dev', chainId: 1337, provider, registry }] }))
    const from = process.cpuUsage()
    let r
    for (let i = 0; i < n; i++) {
      said = JSON.parse(text)
      r = await resolver.resolve(did)
      if (!r.didDocument)
        throw new Error(r.didResolutionMetadata.message)
    }
    const { user, system } = process.cpuUsage(from)
    return { us: (user + system) / n, out: JSON.stringify(r.didDocument) }
  },
})
