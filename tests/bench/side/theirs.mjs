// SPDX-License-Identifier: Apache-2.0
// Their half of tests/bench/side.py.  argv: a file {"docs", "secrets"}, and whose work it is.
// A request {"op", "n", ...} is done n times; the answer is {"us", "out"}: the process's own
// CPU time for one, with its collector and compiler, and what the last one made.
import { createPublicKey, verify } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'

import { serve } from './serve.mjs'

const world = JSON.parse(readFileSync(process.argv[2], 'utf8'))
const docs = new Map(world.docs.map(d => [d.id, d]))
const secrets = new Map(world.secrets.map(s => [s.id, s]))
const require = createRequire(import.meta.url)

// as their own tests do: documents and keys are in memory
const resolved = { resolve: async url => ({ didDocument: docs.get(url.split(/[#?]/)[0]) ?? null, didResolutionMetadata: {}, didDocumentMetadata: {} }) }

async function didcommNode() {
  const { Message } = require('didcomm-node')
  const resolver = { resolve: async did => docs.get(did) ?? null }
  const keys = { get_secret: async id => secrets.get(id) ?? null, find_secrets: async ids => ids.filter(id => secrets.has(id)) }
  return {
    pack: ({ text, mode, from, to, sign_by }) => async () => {
      const m = new Message(JSON.parse(text))
      try {
        if (mode === 'signed')
          return (await m.pack_signed(sign_by, resolver, keys))[0]
        const options = { forward: false, enc_alg_anon: 'A256cbcHs512EcdhEsA256kw' }
        return (await m.pack_encrypted(to, from ?? null, null, resolver, keys, options))[0]
      } finally {
        m.free()
      }
    },
    unpack: ({ text }) => async () => {
      const [m, metadata] = await Message.unpack(text, resolver, keys, {})
      try {
        return JSON.stringify(m.as_value())
      } finally {
        m.free()
        metadata.free?.()
      }
    },
  }
}

async function veramo() {
  const { createAgent } = await import('@veramo/core')
  const { DIDComm } = await import('@veramo/did-comm')
  const { DIDManager, MemoryDIDStore } = await import('@veramo/did-manager')
  const { DIDResolverPlugin } = await import('@veramo/did-resolver')
  const { KeyManager, MemoryKeyStore, MemoryPrivateKeyStore } = await import('@veramo/key-manager')
  const { KeyManagementSystem } = await import('@veramo/kms-local')
  // they change keys of an identifier in place
  class Copies extends MemoryDIDStore {
    async getDID(q) { return structuredClone(await super.getDID(q)) }
  }
  const agent = createAgent({ plugins: [
    new KeyManager({ store: new MemoryKeyStore(), kms: { local: new KeyManagementSystem(new MemoryPrivateKeyStore()) } }),
    new DIDManager({ store: new Copies(), defaultProvider: 'did:example', providers: { 'did:example': {} } }),
    new DIDResolverPlugin({ resolver: resolved }), new DIDComm(),
  ] })
  const hex = b64 => Buffer.from(b64, 'base64url').toString('hex')
  for (const did of docs.keys())
    await agent.didManagerImport({ did, provider: 'did:example', keys: world.secrets.filter(s => s.id.startsWith(did + '#')).map(
      ({ id: kid, privateKeyJwk: jwk }) => ({ kid, kms: 'local', type: jwk.crv, privateKeyHex: hex(jwk.d) + (jwk.crv === 'Ed25519' ? hex(jwk.x) : '') })) })
  return {
    pack({ text, mode, sign_by }) {
      const message = JSON.parse(text)
      const alg = mode === 'authcrypt' ? 'ECDH-1PU+A256KW' : 'ECDH-ES+A256KW'
      const q = mode === 'signed' ? { packing: 'jws', message, keyRef: sign_by } : { packing: mode, message, options: { enc: 'A256CBC-HS512', alg } }
      return async () => (await agent.packDIDCommMessage(q)).message
    },
    unpack: ({ text }) => async () => JSON.stringify((await agent.unpackDIDCommMessage({ message: text })).message),
  }
}

const or_throw = r => { if (!r.verified) throw r.error; return '' }

async function credentials() {
  const { DataIntegrityProof } = await import('@digitalbazaar/data-integrity')
  const { contexts } = await import('@digitalbazaar/data-integrity-context')
  const { createVerifyCryptosuite } = await import('@digitalbazaar/eddsa-jcs-2022-cryptosuite')
  const { cryptosuite: rdfc } = await import('@digitalbazaar/eddsa-rdfc-2022-cryptosuite')
  const vc = await import('@digitalbazaar/vc')
  const { digest } = await import('@sd-jwt/crypto-nodejs')
  const { SDJwtVcInstance } = await import('@sd-jwt/sd-jwt-vc')
  const { verifyCredential } = await import('did-jwt-vc')
  const { Resolver } = await import('did-resolver')
  const didkit = require('@spruceid/didkit-wasm-node')
  const iota = (await import('@iota/identity-wasm/node/index.js')).default
  const suites = { 'eddsa-jcs-2022': createVerifyCryptosuite(), 'eddsa-rdfc-2022': rdfc }

  // a did:key's document, and contexts, as the packages have them: nobody is asked
  async function documentLoader(url) {
    if (contexts.has(url))
      return { contextUrl: null, documentUrl: url, document: contexts.get(url) }
    if (!url.startsWith('did:key:'))
      return vc.defaultDocumentLoader(url)
    const did = url.split('#')[0], key = did.slice('did:key:'.length)
    const method = { '@context': 'https://w3id.org/security/multikey/v1', id: `${did}#${key}`, type: 'Multikey', controller: did, publicKeyMultibase: key }
    const document = { '@context': ['https://www.w3.org/ns/did/v1'], id: did, verificationMethod: [method], assertionMethod: [method.id] }
    return { contextUrl: null, documentUrl: url, document: url.includes('#') ? method : document }
  }
  return {
    'did-jwt-vc': ({ text, document, now }) => {
      const resolver = new Resolver({ key: async () => ({ didDocument: document, didResolutionMetadata: {}, didDocumentMetadata: {} }) })
      return async () => { await verifyCredential(text, resolver, { policies: { now } }) }
    },
    didkit: ({ text }) => async () => {
      const r = JSON.parse(await didkit.verifyCredential(text, '{"proofFormat":"jwt"}'))
      if (r.errors.length || !r.checks.includes('JWS'))
        throw new Error(r.errors.join())
    },
    iota({ text, document: given, now }) {
      const document = structuredClone(given)
      document.verificationMethod[0].publicKeyJwk.alg = 'EdDSA'
      const issuer = iota.CoreDocument.fromJSON(document), at = iota.Timestamp.parse(new Date(now * 1000).toISOString())
      const options = new iota.JwtCredentialValidationOptions({ latestIssuanceDate: at, earliestExpiryDate: at })
      const validator = new iota.JwtCredentialValidator()
      return async () => {
        const jwt = new iota.Jwt(text), r = validator.validate(jwt, issuer, options, iota.FailFast.FirstError)
        r.free()
        jwt.free()
      }
    },
    'sd-jwt-vc'({ text, jwk, hash }) {
      const key = createPublicKey({ key: jwk, format: 'jwk' })
      const verifier = (data, sig) => verify(hash, Buffer.from(data), { key, dsaEncoding: 'ieee-p1363' }, Buffer.from(sig, 'base64url'))
      const peer = new SDJwtVcInstance({ hasher: digest, hashAlg: 'sha-256', verifier })
      return async () => { await peer.verify(text) }
    },
    vc: ({ text, suite }) => async () => or_throw(await vc.verifyCredential(
      { credential: JSON.parse(text), suite: new DataIntegrityProof({ cryptosuite: suites[suite] }), documentLoader })),
  }
}

const work = await { 'didcomm-node': didcommNode, veramo, credentials }[process.argv[3]]()

async function timed(once, n) {
  const from = process.cpuUsage()
  let out
  for (let i = 0; i < n; i++)
    out = await once()
  const { user, system } = process.cpuUsage(from)
  return { us: (user + system) / n, out }
}

await serve(Object.fromEntries(Object.entries(work).map(([op, make]) => [op, q => timed(make(q), q.n)])))
