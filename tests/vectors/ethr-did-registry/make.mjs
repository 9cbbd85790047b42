// SPDX-License-Identifier: Apache-2.0
// How calls.json was made: npm i ethers@6.17.0 ethr-did-registry@1.3.0; node make.mjs
// calldata and meta-transaction hashes by ethers and the registry's ABI
import { Interface, keccak256, concat, toUtf8Bytes, encodeBytes32String, zeroPadValue, toBeHex, SigningKey, Transaction, id, hexlify, Wallet } from 'ethers'
import { createRequire } from 'module'
import fs from 'fs'
const require = createRequire(import.meta.url)
const art = JSON.parse(fs.readFileSync('node_modules/ethr-did-registry/artifacts/contracts/EthereumDIDRegistry.sol/EthereumDIDRegistry.json'))
const iface = new Interface(art.abi)
const registry = '0xdCa7EF03e98e0DC2B855bE647C39ABe984fcF21B'
const key = '0x0f8592102198f565b00937d2da3cd00475866ebdb18053243355dd6aa0222ab4'
const sk = new SigningKey(key)
const identity = new Wallet(key).address
const other = '0x12345678c498d9e26865f34fcaa57dbb935b0d74'
const zero = '0x0000000000000000000000000000000000000000'
const out = []
const b32 = s => { const b = toUtf8Bytes(s); const r = new Uint8Array(32); r.set(b); return hexlify(r) }
function add(fn, c, nonce) {
  const name = c.name !== undefined ? b32(c.name) : undefined
  const args = [identity], packed = [toUtf8Bytes(fn)]
  if (name) { args.push(name); packed.push(name) }
  if (c.party) { args.push(c.party); packed.push(c.party) }
  if (c.value !== undefined) { args.push(c.value); packed.push(c.value) }
  if (c.validity !== undefined) { args.push(c.validity); packed.push(zeroPadValue(toBeHex(c.validity), 32)) }
  const hash = keccak256(concat(['0x1900', registry, zeroPadValue(toBeHex(nonce), 32), identity, ...packed]))
  const sig = sk.sign(hash)
  out.push({ function: fn, identity, ...c, data: iface.encodeFunctionData(fn, args), nonce, hash,
    signature: { r: sig.r, s: sig.s, yParity: sig.yParity },
    signedData: iface.encodeFunctionData(fn + 'Signed', [identity, sig.v, sig.r, sig.s, ...args.slice(1)]) })
}
add('changeOwner', { party: other }, 0)
add('changeOwner', { party: zero }, 7)
add('addDelegate', { name: 'veriKey', party: other, validity: 86400 }, 1)
add('addDelegate', { name: 'sigAuth', party: identity, validity: 0 }, 300)
add('revokeDelegate', { name: 'veriKey', party: other }, 2)
add('setAttribute', { name: 'did/svc/HubService', value: hexlify(toUtf8Bytes('https://hubs.uport.me')), validity: 10 }, 3)
add('setAttribute', { name: 'did/pub/Ed25519/veriKey/base64', value: '0xb97c30de767f084ce3080168ee293053ba33b235d7116a3263d29f1450936b71', validity: 4294967296 }, 65536)
add('setAttribute', { name: 'did/svc/DIDCommMessaging/abcdefg', value: '0x' + 'a5'.repeat(333), validity: 1 }, 5)
add('setAttribute', { name: 'x', value: '0x', validity: 1 }, 4)
add('revokeAttribute', { name: 'did/pub/Secp256k1/veriKey/hex', value: '0x02b97c30de767f084ce3080168ee293053ba33b235d7116a3263d29f1450936b71' }, 6)
const topics = {}
for (const n of ['DIDOwnerChanged', 'DIDDelegateChanged', 'DIDAttributeChanged']) topics[n] = iface.getEvent(n).topicHash
// whole transactions
const txs = []
const base = { to: registry, data: out[5].data, nonce: 12, gasLimit: 123456, chainId: 1337 }
for (const t of [ { ...base, type: 0, gasPrice: 20000000000n }, { ...base, type: 2, maxFeePerGas: 30000000000n, maxPriorityFeePerGas: 1500000000n },
  { ...base, type: 2, nonce: 0, chainId: 11155111, maxFeePerGas: 0n, maxPriorityFeePerGas: 0n, data: out[0].data },
  { ...base, type: 0, nonce: 0, chainId: 4503599627370476n, gasPrice: 1n, data: out[3].data } ]) {
  const tx = Transaction.from(t)
  const unsigned = tx.unsignedSerialized, signingHash = tx.unsignedHash
  tx.signature = sk.sign(signingHash)
  txs.push({ type: t.type, chainId: t.chainId.toString(), nonce: t.nonce, gasLimit: t.gasLimit, to: registry, data: t.data,
    gasPrice: t.gasPrice?.toString(), maxFeePerGas: t.maxFeePerGas?.toString(), maxPriorityFeePerGas: t.maxPriorityFeePerGas?.toString(),
    unsigned, signingHash, raw: tx.serialized, hash: tx.hash, from: tx.from })
}
fs.writeFileSync('calls.json', JSON.stringify({ registry, privateKey: key, owner: identity, topics, calls: out, transactions: txs }, null, 1) + '\n')
console.log(out.length, txs.length)
