// SPDX-License-Identifier: Apache-2.0
// Logs with random parameters, keys, moves, times and witnesses, whose hashes and signatures
// are right whatever they say, and what didwebvh-ts thinks of them.  The same seed gives the
// same logs.
import { createHash, createPrivateKey, createPublicKey, sign, verify } from 'node:crypto'
import { AbstractCrypto, multibaseEncode, resolveDIDFromLog } from 'didwebvh-ts'

import { serve } from './serve.mjs'

const SPKI = Buffer.from('302a300506032b6570032100', 'hex'), PKCS8 = Buffer.from('302e020100300506032b657004220420', 'hex')
const START_MS = 1.7e12, DAY_S = 86400

class Verifier extends AbstractCrypto {
  async sign() { throw new Error('no key') }
  async verify(signature, message, key) {
    return verify(null, message, createPublicKey({ key: Buffer.concat([SPKI, key]), format: 'der', type: 'spki' }), signature)
  }
}

const anybody = new Verifier({ verificationMethod: { id: 'did:key:x#x' } })
const sha256 = x => createHash('sha256').update(x).digest()
const multihash = x => multibaseEncode(Buffer.concat([Buffer.from([0x12, 0x20]), sha256(x)]), 'z').slice(1)

// enough of RFC 8785 for what is made here
function jcs(v) {
  if (Array.isArray(v))
    return `[${v.map(jcs).join(',')}]`
  if (v === null || typeof v !== 'object')
    return JSON.stringify(v)
  return `{${Object.keys(v).sort().map(k => `${JSON.stringify(k)}:${jcs(v[k])}`).join(',')}}`
}

const keys = [1, 2, 3, 4, 5].map(i => {
  const priv = createPrivateKey({ key: Buffer.concat([PKCS8, Buffer.alloc(31), Buffer.from([i])]), format: 'der', type: 'pkcs8' })
  const raw = createPublicKey(priv).export({ format: 'der', type: 'spki' }).subarray(SPKI.length)
  const multikey = multibaseEncode(Buffer.concat([Buffer.from([0xed, 0x01]), raw]), 'z')
  return { priv, multikey, hash: multihash(multikey), method: `did:key:${multikey}#${multikey}` }
})
const UPDATERS = 3	// the others are witnesses

function dice(seed) {
  const below = n => { seed = (seed * 1103515245 + 12345) & 0x7fffffff; return (seed >> 8) % n }
  return { below, chance: percent => below(100) < percent, pick: list => list[below(list.length)] }
}

function prove(document, key) {
  const proof = { type: 'DataIntegrityProof', cryptosuite: 'eddsa-jcs-2022', verificationMethod: key.method,
    created: '2025-01-01T00:00:00Z', proofPurpose: 'assertionMethod' }
  const data = Buffer.concat([sha256(jcs(proof)), sha256(jcs(document))])
  return { ...proof, proofValue: multibaseEncode(sign(null, data, key.priv), 'z') }
}

function witness(d) {
  const kind = d.below(10), n = 1 + d.below(2)
  if (kind < 4)
    return {}
  return { threshold: kind === 9 ? 0 : 1 + d.below(n), witnesses: keys.slice(UPDATERS, UPDATERS + n).map(k => ({ id: 'did:key:' + k.multikey })) }
}

// What an entry says, mostly what it may; and who signs it.
function parameters(d, i, now) {
  const p = i ? {} : { method: 'did:webvh:1.0', scid: '{SCID}', updateKeys: [keys[0].multikey] }
  const promised = now.next.length > 0
  let signer = d.pick(now.keys), list = now.keys
  if (!i && d.chance(40))
    p.portable = true
  if (i && d.chance(promised ? 90 : 30)) {
    list = promised && d.chance(85) ? now.next : [d.below(UPDATERS)]
    p.updateKeys = list.map(k => keys[k].multikey)
    if (promised && d.chance(90))
      signer = list[0]
  }
  if (d.chance(promised ? 90 : 20)) {
    now.next = d.chance(promised ? 50 : 80) ? [d.below(UPDATERS)] : []
    p.nextKeyHashes = now.next.map(k => keys[k].hash)
  }
  if (d.chance(15))
    p.witness = witness(d)
  if (d.chance(6))
    p.deactivated = d.chance(70)
  if (d.chance(5))
    p.watchers = d.pick([[], ['https://w.example']])
  if (i && d.chance(4))
    p.portable = d.chance(50)
  now.keys = list
  return [p, d.chance(5) ? d.below(UPDATERS) : signer]
}

function document(d, i, now) {
  const from = now.place
  if (i && d.chance(8))
    now.place = d.pick(['example.org', 'example.com%3A8443'])
  const doc = { '@context': ['https://www.w3.org/ns/did/v1'], id: `did:webvh:{SCID}:${now.place}`, n: i }
  if (from !== now.place && d.chance(85))
    doc.alsoKnownAs = [`did:webvh:{SCID}:${from}`]
  return doc
}

function entry(d, i, now) {
  const [p, signer] = parameters(d, i, now)
  now.s += d.chance(96) ? 1 + d.below(DAY_S) : 0
  let e = { versionId: '{SCID}', versionTime: new Date(START_MS + now.s * 1000).toISOString().replace('.000', ''), parameters: p,
    state: document(d, i, now) }
  if (!i)
    now.scid = now.previous = multihash(jcs(e))
  e = JSON.parse(JSON.stringify(e).replaceAll('{SCID}', now.scid))
  e.versionId = now.previous
  e.versionId = now.previous = `${i + 1}-${multihash(jcs(e))}`
  e.proof = [prove(e, keys[signer])]
  return e
}

function make(seed) {
  const d = dice(seed), n = 1 + d.below(4), log = [], approvals = []
  const now = { keys: [0], next: [], place: 'example.com', s: 0 }
  for (let i = 0; i < n; i++) {
    log.push(entry(d, i, now))
    if (d.chance(i === n - 1 ? 60 : 25))
      approvals.push({ versionId: now.previous, proof: keys.slice(UPDATERS).filter(() => d.chance(70)).map(k => prove({ versionId: now.previous }, k)) })
  }
  return { log, approvals }
}

async function verdict(log, approvals) {
  try {
    const r = await resolveDIDFromLog(structuredClone(log), { verifier: anybody, witnessProofs: structuredClone(approvals) })
    return !r.meta.error && r.meta.versionId === log.at(-1).versionId
  } catch {
    return false
  }
}

await serve({
  async random({ seed }) {
    const { log, approvals } = make(seed)
    return { log: log.map(e => JSON.stringify(e)).join('\n') + '\n', approvals, accepted: await verdict(log, approvals) }
  },
})
