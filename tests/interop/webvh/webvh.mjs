// SPDX-License-Identifier: Apache-2.0
// didwebvh-ts with node's own Ed25519: makes logs, and judges ours.
import { createPrivateKey, createPublicKey, sign, verify } from 'node:crypto'
import {
  AbstractCrypto, createDID, deactivateDID, deriveNextKeyHash, multibaseEncode, prepareDataForSigning,
  resolveDIDFromLog, signWitnessProofEntry, updateDID,
} from 'didwebvh-ts'

import { serve } from './serve.mjs'

const ED25519_PUB = Buffer.from('302a300506032b6570032100', 'hex')	// SPKI up to the key

class Crypto extends AbstractCrypto {
  constructor(jwk, multikey) {
    super({ verificationMethod: { id: `did:key:${multikey}#${multikey}`, type: 'Multikey', publicKeyMultibase: multikey } })
    this.key = jwk && createPrivateKey({ key: jwk, format: 'jwk' })
  }

  async sign(input) {
    const data = await prepareDataForSigning(input.document, input.proof)
    return { proofValue: multibaseEncode(sign(null, data, this.key), 'z') }
  }

  async verify(signature, message, key) {
    const spki = createPublicKey({ key: Buffer.concat([ED25519_PUB, key]), format: 'der', type: 'spki' })
    return verify(null, message, spki, signature)
  }

  getVerificationMethodId() {
    return this.verificationMethod.id
  }
}

const anybody = new Crypto(null, 'z6MkjchhfUsD6mmvni8mCdXHw216Xrm9bQe2mBH1P5RDjVJG')
const by = q => new Crypto(q.jwk, q.multikey)
const parse = log => log.trim().split('\n').map(l => JSON.parse(l))
const answer = r => ({ did: r.did, doc: r.doc, meta: r.meta, log: r.log.map(e => JSON.stringify(e)).join('\n') + '\n' })

await serve({
  async create(q) {
    return answer(await createDID({
      domain: q.domain, paths: q.paths, signer: by(q), verifier: anybody, updateKeys: q.updateKeys,
      nextKeyHashes: q.nextKeyHashes, portable: q.portable, witness: q.witness, created: q.created,
      verificationMethods: [{ type: 'Multikey', publicKeyMultibase: q.multikey, purpose: 'authentication' }],
    }))
  },

  async update(q) {
    return answer(await updateDID({
      log: parse(q.log), signer: by(q), verifier: anybody, updateKeys: q.updateKeys, nextKeyHashes: q.nextKeyHashes,
      alsoKnownAs: q.alsoKnownAs, domain: q.domain, witness: q.witness, witnessProofs: q.witnessProofs, updated: q.updated,
      verificationMethods: [{ type: 'Multikey', publicKeyMultibase: q.multikey, purpose: 'authentication' }],
    }))
  },

  async deactivate(q) {
    return answer(await deactivateDID({ log: parse(q.log), signer: by(q), verifier: anybody, updateKeys: q.updateKeys }))
  },

  async resolve(q) {
    const options = { verifier: anybody, witnessProofs: q.witnessProofs ?? [] }
    if (q.versionNumber)
      options.versionNumber = q.versionNumber
    if (q.requestedDid)
      options.requestedDid = q.requestedDid
    const r = await resolveDIDFromLog(parse(q.log), options)
    if (r.meta.error)
      throw new Error(r.meta.problemDetails?.detail ?? r.meta.error)
    return { did: r.did, doc: r.doc, meta: r.meta }
  },

  // n times, for tests/bench/side.py: the process's own CPU time for one
  async time(q) {
    const from = process.cpuUsage()
    for (let i = 0; i < q.n; i++) {
      const r = await resolveDIDFromLog(parse(q.text), { verifier: anybody, witnessProofs: [] })
      if (r.meta.error)
        throw new Error(r.meta.error)
    }
    const { user, system } = process.cpuUsage(from)
    return { us: (user + system) / q.n }
  },

  async hash(q) {
    return { hash: await deriveNextKeyHash(q.multikey) }
  },

  async witness(q) {
    const id = 'did:key:' + q.multikey
    return { entry: await signWitnessProofEntry({ versionId: q.versionId, witnesses: [{ id }], witnessSignersByDid: { [id]: by(q) } }) }
  },
})
