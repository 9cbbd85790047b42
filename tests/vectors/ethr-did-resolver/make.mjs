// SPDX-License-Identifier: Apache-2.0
// How chain.json was made: npm i ganache@7.9.2 ethers@6.17.0 ethr-did-registry@1.3.0 ethr-did-resolver@11.1.3; node make.mjs
import ganache from 'ganache'
import { BrowserProvider, ContractFactory, Contract, Wallet, hexlify, toUtf8Bytes, encodeBytes32String, SigningKey, toBeHex } from 'ethers'
import { Resolver } from 'did-resolver'
import { getResolver } from 'ethr-did-resolver'
import fs from 'fs'
const art = JSON.parse(fs.readFileSync('node_modules/ethr-did-registry/artifacts/contracts/EthereumDIDRegistry.sol/EthereumDIDRegistry.json'))
const g = ganache.provider({ logging: { quiet: true }, chain: { chainId: 1337, time: new Date('2026-01-01T00:00:00Z') }, wallet: { seed: 'did:ethr vectors', totalAccounts: 6 }, miner: { instamine: 'eager' } })
const rpc = (m, p = []) => g.request({ method: m, params: p })
const provider = new BrowserProvider(g, { chainId: 1337, name: 'dev' }, { cacheTimeout: -1 })
const accounts = Object.values(g.getInitialAccounts()).map(a => new Wallet(a.secretKey, provider))
const deployed = await new ContractFactory(art.abi, art.bytecode, accounts[5]).deploy(); await deployed.waitForDeployment()
const registry = await deployed.getAddress()
const reg = w => new Contract(registry, art.abi, w)
const b32 = s => { const b = toUtf8Bytes(s); const r = new Uint8Array(32); r.set(b); return hexlify(r) }
const utf8 = s => hexlify(toUtf8Bytes(s))
const pass = async s => { await rpc('evm_increaseTime', [s]); }
const resolver = new Resolver(getResolver({ networks: [{ name: 'dev', chainId: 1337, registry, provider }] }))
const out = []
const Y = 1000000000
async function evidence(identity, extraBlocks = []) {
  const block = await provider.getBlock('latest')
  const r = reg(provider)
  const changed = await r.changed(identity), owner = await r.identityOwner(identity)
  const logs = []; let at = changed
  const topic = '0x' + identity.slice(2).toLowerCase().padStart(64, '0')
  while (at) {
    const got = await rpc('eth_getLogs', [{ address: registry, fromBlock: toBeHex(at), toBlock: toBeHex(at), topics: [null, topic] }])
    logs.unshift(...got)
    const p = r.interface.parseLog(got[0]).args.previousChange
    at = p === at ? 0n : p
  }
  const blocks = {}
  for (const l of logs) blocks[l.blockNumber] = (await rpc('eth_getBlockByNumber', [l.blockNumber, false])).timestamp
  for (const b of extraBlocks) { const h = '0x' + b.toString(16); blocks[h] = (await rpc('eth_getBlockByNumber', [h, false])).timestamp }
  const q = n => '0x' + BigInt(n).toString(16)
  return { chainId: await rpc('eth_chainId'), registry: registry.toLowerCase(), identity: identity.toLowerCase(), blockNumber: q(block.number), blockTimestamp: q(block.timestamp), changed: q(changed), owner: owner.toLowerCase(), logs, blocks }
}
async function snapshot(name, did, identity, withVersions) {
  const head = await provider.getBlockNumber()
  const versions = {}
  const blocks = []
  for (let b = 1; b <= head; b++) blocks.push(b)
  const ev = await evidence(identity, withVersions ? blocks : [])
  const now = Math.floor(Date.now() / 1000)
  const latest = await resolver.resolve(did)
  if (withVersions) for (const b of blocks) { const r = await resolver.resolve(`${did}?versionId=${b}`); versions[b] = { didDocument: r.didDocument, didDocumentMetadata: r.didDocumentMetadata } }
  out.push({ name, did, now, evidence: ev, result: { didDocument: latest.didDocument, didDocumentMetadata: latest.didDocumentMetadata, error: latest.didResolutionMetadata.error }, versions })
  console.log(name, ev.logs.length, latest.didResolutionMetadata, head)
}
const [a, b, c, d, e] = accounts
const A = a.address, didA = `did:ethr:dev:${A}`
const pubB = new SigningKey(b.privateKey).compressedPublicKey, didB = `did:ethr:0x539:${pubB}`
const ok = async p => { const t = await p; await t.wait() }
await snapshot('nothing', didA, A)
await snapshot('nothing, public key', didB, b.address)
const ra = reg(a), rb = reg(b)
await ok(ra.setAttribute(A, b32('did/svc/HubService'), utf8('https://hubs.example'), Y)); await pass(10)
await ok(ra.addDelegate(A, b32('veriKey'), c.address, Y)); await pass(10)
await ok(ra.addDelegate(A, b32('sigAuth'), d.address, Y)); await pass(10)
await ok(ra.addDelegate(A, b32('other'), d.address, Y)); await pass(10)
await ok(ra.setAttribute(A, b32('did/pub/Secp256k1/veriKey/hex'), new SigningKey(c.privateKey).compressedPublicKey, Y)); await pass(10)
await ok(ra.setAttribute(A, b32('did/pub/Ed25519/sigAuth/base64'), '0xc642b35757cc36906fa75fa0338bf33e5210c5bce4769324801fd64276d69d07', Y)); await pass(10)
await ok(ra.setAttribute(A, b32('did/pub/X25519/enc/base58'), '0x118557777ffb078774371a52b00fed75561dcf975e61c47553e664a617661052', Y)); await pass(10)
await snapshot('keys and delegates', didA, A)
await ok(ra.revokeDelegate(A, b32('veriKey'), c.address)); await pass(10)
await ok(ra.revokeAttribute(A, b32('did/pub/Ed25519/sigAuth/base64'), '0xc642b35757cc36906fa75fa0338bf33e5210c5bce4769324801fd64276d69d07')); await pass(10)
await ok(ra.revokeAttribute(A, b32('did/svc/HubService'), utf8('https://hubs.example'))); await pass(10)
await ok(ra.setAttribute(A, b32('did/svc/DIDCommMessaging'), utf8('{"uri":"https://relay.example","accept":["didcomm/v2"]}'), Y)); await pass(10)
await ok(ra.setAttribute(A, b32('did/svc/Short'), utf8('https://short.example'), 1)); await pass(10)
await ok(ra.setAttribute(A, b32('did/svc/NoText'), '0xff00fe', Y)); await pass(10)
await ok(ra.setAttribute(A, b32('hello'), '0x01', Y)); await pass(10)
await ok(ra.setAttribute(A, b32('did/pub/Custom_1/veriKey'), '0x0102', Y)); await pass(10)
await ok(ra.addDelegate(A, b32('veriKey'), c.address, Y)); await pass(10)
await ok(ra.addDelegate(A, b32('veriKey'), e.address, 5)); await pass(10)
await ok(ra.setAttribute(A, b32('did/pub/Secp256k1/veriKey/hex'), new SigningKey(c.privateKey).compressedPublicKey, Y)); await pass(10)
await snapshot('revoked, expired, again', didA, A)
// several events in one block
await rpc('miner_stop'); await pass(10)
const nonce = await a.getNonce()
const txs = [ra.setAttribute(A, b32('did/svc/One'), utf8('https://one.example'), Y, { nonce, gasLimit: 200000 }), ra.addDelegate(A, b32('sigAuth'), e.address, Y, { nonce: nonce + 1, gasLimit: 200000 }), ra.setAttribute(A, b32('did/svc/Two'), utf8('"two"'), Y, { nonce: nonce + 2, gasLimit: 200000 })]
await Promise.all(txs); await rpc('miner_start'); await rpc('evm_mine').catch(() => {}); for (const t of txs) await (await t).wait()
await snapshot('three in one block', didA, A)
await ok(ra.changeOwner(A, c.address)); await pass(10)
await ok(reg(c).setAttribute(A, b32('did/svc/ByC'), utf8('https://c.example'), Y)); await pass(10)
await snapshot('another owner', didA, A, true)
// a meta-transaction: c signs, e pays
await ok(rb.setAttribute(b.address, b32('did/svc/X'), utf8('x'), Y)); await pass(10)
await snapshot('public key with a service', didB, b.address)
await ok(rb.changeOwner(b.address, e.address)); await pass(10)
await snapshot('public key, another owner', didB, b.address, true)
await ok(reg(c).changeOwner(A, '0x' + '0'.repeat(40))); await pass(10)
await snapshot('deactivated', didA, A)
await ok(ra.setAttribute(A, b32('did/svc/Ghost'), utf8('boo'), Y)); await pass(10)
await snapshot('written to after its end', didA, A, true)
fs.writeFileSync('chain.json', '[\n' + out.map(x => JSON.stringify(x)).join(',\n') + '\n]\n')
process.exit(0)
