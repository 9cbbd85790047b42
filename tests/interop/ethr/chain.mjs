// SPDX-License-Identifier: Apache-2.0
// A chain of its own on 127.0.0.1 with the registry's published byte code, and the
// resolver of npm beside it:
//   node chain.mjs '{"chainId": 1337, "name": "dev", "port": 0, "time": "2026-01-01T00:00:00Z"}'
// A block for each transaction, unless {"op": "hold"} stops that.  Accounts are the same
// each time: their keys are hashes of their numbers.
import { createHash } from 'node:crypto'

import { Resolver } from 'did-resolver'
import { Contract, ContractFactory, JsonRpcProvider, Wallet } from 'ethers'
import { EthereumDIDRegistry, getResolver } from 'ethr-did-resolver'
import ganache from 'ganache'

import { serve } from './serve.mjs'

const ACCOUNTS = 6
const { chainId, name, port, time, hardfork } = JSON.parse(process.argv[2])
const keys = [...Array(ACCOUNTS).keys()].map(i => '0x' + createHash('sha256').update(`account ${i} of a test`).digest('hex'))
const balance = '0x' + (10n ** 21n).toString(16)
const server = ganache.server({
  chain: { chainId, networkId: chainId, hardfork: hardfork ?? 'merge', time: time && new Date(time) },
  wallet: { accounts: keys.map(secretKey => ({ secretKey, balance })) }, logging: { quiet: true },
  miner: { instamine: 'strict' },  // a transaction's hash is answered before its block is made
})
await server.listen(port ?? 0, '127.0.0.1')
const url = `http://127.0.0.1:${server.address().port}`
// cacheTimeout: it would show a chain that is a quarter of a second old
const provider = new JsonRpcProvider(url, chainId, { staticNetwork: true, cacheTimeout: -1 })
const deployer = new Wallet(keys[ACCOUNTS - 1], provider)
const deployed = await (await ContractFactory.fromSolidity(EthereumDIDRegistry, deployer).deploy()).waitForDeployment()
const registry = await deployed.getAddress()
const resolver = new Resolver(getResolver({ networks: [{ name, chainId, rpcUrl: url, registry }] }))
const rpc = (method, params) => server.provider.request({ method, params })

process.stdout.write(JSON.stringify({ url, registry, chainId,
                                      accounts: keys.map(k => ({ address: new Wallet(k).address, key: k.slice(2) })) }) + '\n')

await serve({
  resolve: ({ did }) => resolver.resolve(did),
  // any call of the node, in process
  async rpc({ method, params }) { return { result: await rpc(method, params ?? []) } },
  // transactions wait until {"op": "go"}
  async hold() { await rpc('miner_stop', []) },
  async go() {
    // by hand first: where a transaction was replaced the miner makes two blocks of one number
    await rpc('evm_mine', [])
    await rpc('miner_start', [])
  },
  // so many blocks, each so many seconds after the last
  async mine({ blocks, seconds }) {
    for (let i = 0; i < (blocks ?? 1); i++) {
      await rpc('evm_increaseTime', [seconds ?? 1])
      await rpc('evm_mine', [])
    }
  },
  async events({ identity }) {
    const topics = [null, '0x' + '0'.repeat(24) + identity.slice(2).toLowerCase()]
    return { logs: await rpc('eth_getLogs', [{ fromBlock: '0x0', toBlock: 'latest', address: registry, topics }]) }
  },
  // the registry's functions, by somebody else's code
  async call({ account, method, args }) {
    const contract = new Contract(registry, EthereumDIDRegistry.abi, new Wallet(keys[account], provider))
    const receipt = await (await contract[method](...args)).wait()
    return { block: receipt.blockNumber, status: receipt.status }
  },
})
