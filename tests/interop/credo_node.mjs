// SPDX-License-Identifier: Apache-2.0
// @credo-ts/didcomm, which speaks DIDComm v1 alone: its envelopes, over keys in memory,
// since the key stores that belong to it are native.
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'

import 'reflect-metadata'
import { Kms } from '@credo-ts/core'
import { DidCommEnvelopeService, DidCommModuleConfig, DidCommTrustPingMessage } from '@credo-ts/didcomm'
import { hsalsa, xsalsa20poly1305 } from '@noble/ciphers/salsa'
import { ed25519, edwardsToMontgomeryPriv, edwardsToMontgomeryPub, x25519 } from '@noble/curves/ed25519'
import { blake2b } from '@noble/hashes/blake2b'

import { serve } from './serve.mjs'

// ---- NaCl's boxes, sealed where there is no sender ----

const words = b => new Uint32Array(b.slice().buffer)
const SIGMA = words(new Uint8Array(Buffer.from('expand 32-byte k')))
function box(theirs, mine, nonce) {
  const key = new Uint32Array(8)
  hsalsa(SIGMA, words(x25519.getSharedSecret(mine, theirs)), new Uint32Array(4), key)
  return xsalsa20poly1305(new Uint8Array(key.buffer), nonce)
}
const sealNonce = (once, theirs) => blake2b(Buffer.concat([once, theirs]), { dkLen: 24 })

const own = new Map()      // key id -> Ed25519 seed
const agreement = id => edwardsToMontgomeryPriv(own.get(id))
const point = jwk => new Uint8Array(Buffer.from(jwk.x, 'base64url'))

const kms = {
  backend: 'memory',
  isOperationSupported: (_, { operation }) => ['encrypt', 'decrypt', 'randomBytes'].includes(operation),
  getPublicKey: async (_, keyId) => own.has(keyId) ? { kty: 'OKP', crv: 'Ed25519', kid: keyId } : null,
  randomBytes: (_, { length }) => new Uint8Array(randomBytes(length)),
  async encrypt(_, { key, encryption, data }) {
    if (key.privateJwk) {
      const iv = randomBytes(12), c = createCipheriv('chacha20-poly1305', Buffer.from(key.privateJwk.k, 'base64url'), iv, { authTagLength: 16 })
      c.setAAD(encryption.aad)
      return { encrypted: Buffer.concat([c.update(data), c.final()]), iv, tag: c.getAuthTag() }
    }
    const theirs = point(key.keyAgreement.externalPublicJwk), iv = new Uint8Array(randomBytes(24))
    if (key.keyAgreement.keyId)
      return { encrypted: box(theirs, agreement(key.keyAgreement.keyId), iv).encrypt(data), iv }
    const once = x25519.utils.randomPrivateKey(), epk = x25519.getPublicKey(once)
    return { encrypted: Buffer.concat([epk, box(theirs, once, sealNonce(epk, theirs)).encrypt(data)]) }
  },
  async decrypt(_, { key, decryption, encrypted }) {
    if (key.privateJwk) {
      const d = createDecipheriv('chacha20-poly1305', Buffer.from(key.privateJwk.k, 'base64url'), decryption.iv, { authTagLength: 16 })
      d.setAAD(decryption.aad).setAuthTag(decryption.tag)
      return { data: Buffer.concat([d.update(encrypted), d.final()]) }
    }
    const mine = agreement(key.keyAgreement.keyId)
    if (decryption.iv)
      return { data: box(point(key.keyAgreement.externalPublicJwk), mine, decryption.iv).decrypt(encrypted) }
    const epk = encrypted.subarray(0, 32), nonce = sealNonce(epk, x25519.getPublicKey(mine))
    return { data: box(epk, mine, nonce).decrypt(encrypted.subarray(32)) }
  },
}

// ---- what Credo's services ask for ----

const logger = Object.fromEntries(['test', 'trace', 'debug', 'info', 'warn', 'error', 'fatal'].map(level => [level, () => {}]))
const context = { config: { logger } }
const api = new Kms.KeyManagementApi({ backends: [kms], defaultBackend: kms }, context)
const config = new DidCommModuleConfig({ endpoints: [] })
context.dependencyManager = { resolve: token => token === Kms.KeyManagementApi ? api : config }
context.resolve = context.dependencyManager.resolve

class Envelopes extends DidCommEnvelopeService {
  // it would look for the key in its records
  async extractOurRecipientKeyWithKeyId(_, { header: { kid } }) {
    return [alice, bob].find(key => Buffer.from(key.publicKey.publicKey).equals(Buffer.from(base58(kid))))
  }
}

function base58(text) {
  let n = 0n
  for (const c of text)
    n = n * 58n + BigInt('123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz'.indexOf(c))
  return Buffer.from(n.toString(16).padStart(64, '0'), 'hex')
}

function person(keyId) {
  own.set(keyId, new Uint8Array(randomBytes(32)))
  const key = Kms.PublicJwk.fromPublicKey({ kty: 'OKP', crv: 'Ed25519', publicKey: ed25519.getPublicKey(own.get(keyId)) })
  key.keyId = keyId
  return key
}
const alice = person('alice'), bob = person('bob')
const service = new Envelopes(logger, null)

await serve({
  async pack({ anonymous, routed }) {
    const message = new DidCommTrustPingMessage({ comment: 'v1' })
    const keys = { recipientKeys: [bob], routingKeys: routed ? [alice] : [], senderKey: anonymous ? undefined : alice }
    return { packed: JSON.stringify(await service.packMessage(context, message, keys)), id: message.id }
  },
  async unpack({ packed }) {
    const { plaintextMessage, senderKey } = await service.unpackMessage(context, JSON.parse(packed))
    return { message: plaintextMessage, sender: senderKey?.fingerprint }
  },
})
