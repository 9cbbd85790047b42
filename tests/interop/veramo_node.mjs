// SPDX-License-Identifier: Apache-2.0
// A Veramo agent behind stdin and stdout, and behind HTTP where the world has a port.  argv: a file {"docs", "secrets", "port",
// "envelopes"}; envelopes "didcomm-node" puts those under Veramo's protocols.
import { createDecipheriv, createHash, createPrivateKey, createPublicKey, diffieHellman } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { createRequire } from 'node:module'

import { createAgent } from '@veramo/core'
import { DataStoreJson } from '@veramo/data-store-json'
import * as exported from '@veramo/did-comm'
import { DIDManager, MemoryDIDStore } from '@veramo/did-manager'
import { DIDResolverPlugin } from '@veramo/did-resolver'
import { KeyManager, MemoryKeyStore, MemoryPrivateKeyStore } from '@veramo/key-manager'
import { KeyManagementSystem } from '@veramo/kms-local'
import { KeyValueStore } from '@veramo/kv-store'
import { MediationManagerPlugin } from '@veramo/mediation-manager'
import { MessageHandler } from '@veramo/message-handler'

import { serve } from './serve.mjs'

// not among what the package exports
const { createTrustPingMessage } = await import('./node_modules/@veramo/did-comm/build/protocols/trust-ping-message-handler.js')
const didcomm = { ...exported, createTrustPingMessage }

const world = JSON.parse(readFileSync(process.argv[2], 'utf8'))
const docs = new Map(world.docs.map(d => [d.id, d]))
const resolver = { resolve: async url => {
  const didDocument = docs.get(url.split(/[#?]/)[0]) ?? null
  return { didDocument, didResolutionMetadata: didDocument ? {} : { error: 'notFound' }, didDocumentMetadata: {} }
} }

// ---- didcomm-node's envelopes for Veramo's protocols ----

const { Message } = createRequire(import.meta.url)('didcomm-node')
const secrets = new Map(world.secrets.map(s => [s.id, s]))
const theirs = { resolve: async did => docs.get(did) ?? null }
const keys = { get_secret: async id => secrets.get(id) ?? null, find_secrets: async ids => ids.filter(id => secrets.has(id)) }
const given = o => Object.fromEntries(Object.entries(o).filter(([, v]) => v !== null && v !== undefined))
// Veramo's created_time is text, which neither didcomm-node nor we take for a time.
const seconds = m => typeof m.created_time === 'string' ? { ...m, created_time: Math.floor(Date.parse(m.created_time) / 1000) } : m

class OtherEnvelopes extends didcomm.DIDComm {
  async packDIDCommMessageJWE({ message, packing }) {
    const m = new Message({ typ: didcomm.DIDCommMessageMediaType.PLAIN, ...seconds(given(message)), body: message.body ?? {} })
    const from = packing === 'authcrypt' ? message.from : null
    const [packed] = await m.pack_encrypted(message.to[0], from, null, theirs, keys, { forward: false })
    return { message: packed }
  }
  async unpackDIDCommMessageJWE({ jwe }) {
    const [m, metadata] = await Message.unpack(JSON.stringify(jwe), theirs, keys, { unwrap_re_wrapping_forward: false })
    const { authenticated } = metadata.as_value ? metadata.as_value() : metadata
    return { message: given(m.as_value()), metaData: { packing: authenticated ? 'authcrypt' : 'anoncrypt' } }
  }
}

// ---- the agent ----

// They change keys of an identifier in place, as only a store that copies forgives.
class Copies extends MemoryDIDStore {
  async getDID(q) { return structuredClone(await super.getDID(q)) }
}
class InMemory extends KeyValueStore {
  constructor() { super({ store: new Map() }) }
}
const Envelopes = world.envelopes === 'didcomm-node' ? OtherEnvelopes : didcomm.DIDComm
const received = []
const agent = createAgent({ plugins: [
  new KeyManager({ store: new MemoryKeyStore(), kms: { local: new KeyManagementSystem(new MemoryPrivateKeyStore()) } }),
  new DIDManager({ store: new Copies(), defaultProvider: 'did:example',
                   providers: { 'did:example': { addService: async () => {}, removeService: async () => {} } } }),
  new DIDResolverPlugin({ resolver }),
  new DataStoreJson({ notifyUpdate: async () => {} }),
  new Envelopes({ transports: [new didcomm.DIDCommHttpTransport()] }),
  new MediationManagerPlugin(true, new InMemory(), new InMemory(), new InMemory()),
  new MessageHandler({ messageHandlers: [
    new didcomm.DIDCommMessageHandler(), new didcomm.TrustPingMessageHandler(),
    new didcomm.CoordinateMediationV3MediatorMessageHandler(), new didcomm.CoordinateMediationV3RecipientMessageHandler(),
    new didcomm.CoordinateMediationMediatorMessageHandler(), new didcomm.CoordinateMediationRecipientMessageHandler(),
    new didcomm.PickupMediatorMessageHandler(), new didcomm.PickupRecipientMessageHandler(),
    new didcomm.RoutingMessageHandler(),
  ] }),
  { eventTypes: ['DIDCommV2Message-received'], onEvent: async event => { received.push(event.data.message) } },
] })

const hex = b64 => Buffer.from(b64, 'base64url').toString('hex')
const TYPES = { Ed25519: 'Ed25519', X25519: 'X25519', secp256k1: 'Secp256k1', 'P-256': 'Secp256r1' }
for (const { id } of world.docs) {
  const own = world.secrets.filter(s => s.id.startsWith(id + '#') && TYPES[s.privateKeyJwk.crv])
  if (own.length)
    await agent.didManagerImport({ did: id, provider: 'did:example', keys: own.map(({ id: kid, privateKeyJwk: jwk }) => ({
      kid, kms: 'local', type: TYPES[jwk.crv], privateKeyHex: hex(jwk.d) + (jwk.crv === 'Ed25519' ? hex(jwk.x) : '') })) })
}

async function take(raw) {
  const message = await agent.handleMessage({ raw })
  const reply = message.metaData?.find(m => m.type === 'ReturnRouteResponse')
  return { message, reply: reply && JSON.parse(reply.value) }
}

if (world.port) {
  const server = createServer(async (request, response) => {
    const parts = []
    for await (const part of request)
      parts.push(part)
    try {
      const { reply } = await take(Buffer.concat(parts).toString())
      if (reply)
        return response.writeHead(200, { 'Content-Type': reply.contentType }).end(reply.message)
    } catch (e) {
      console.error(String(e))
    }
    response.writeHead(202).end()
  })
  await new Promise(resolve => server.listen(world.port, '127.0.0.1', resolve))
}

// ---- requests ----

// ECDH-1PU by hand: whether the key that wraps depends on the tag, as drafts from 4 on say
function wraps(jwe, recipient, sender, withTag) {
  const header = JSON.parse(Buffer.from(jwe.protected, 'base64url'))
  const field = b => Buffer.concat([Buffer.from(Uint32Array.of(b.length).buffer).swap32(), b])
  const privateKey = createPrivateKey({ key: recipient, format: 'jwk' })
  const [ze, zs] = [header.epk, sender].map(key =>
    diffieHellman({ privateKey, publicKey: createPublicKey({ key, format: 'jwk' }) }))
  const info = [field(Buffer.from(header.alg)), ...['apu', 'apv'].map(p => field(Buffer.from(header[p] ?? '', 'base64url'))),
                Buffer.from([0, 0, 1, 0]), ...(withTag ? [field(Buffer.from(jwe.tag, 'base64url'))] : [])]
  const kek = createHash('sha256').update(Buffer.concat([Buffer.from([0, 0, 0, 1]), ze, zs, ...info])).digest()
  try {
    const d = createDecipheriv('id-aes256-wrap', kek, Buffer.alloc(8, 0xa6))
    Buffer.concat([d.update(Buffer.from(jwe.recipients[0].encrypted_key, 'base64url')), d.final()])
    return true
  } catch {
    return false
  }
}

const ops = {
  async pack({ message, packing, enc, signer }) {
    const alg = packing === 'authcrypt' ? 'ECDH-1PU+A256KW' : 'ECDH-ES+A256KW'
    const options = packing === 'jws' ? {} : { enc, alg }
    return { packed: (await agent.packDIDCommMessage({ packing, message, keyRef: signer, options })).message }
  },
  async unpack({ packed }) {
    const { message, metaData } = await agent.unpackDIDCommMessage({ message: packed })
    return { message, metadata: metaData }
  },
  kdf: ({ packed, recipient, sender }) => ({
    plain: wraps(JSON.parse(packed), recipient, sender, false), tagged: wraps(JSON.parse(packed), recipient, sender, true) }),
  // one of Veramo's own messages to somebody; the answer, if one came back, as it was dealt with
  async send({ make, args, message, packing = 'authcrypt', members = {} }) {
    const m = { ...(make ? didcomm[make](...args) : message), ...members }
    await agent.dataStoreSaveMessage({ message: { type: m.type, from: m.from, to: m.to[0], id: m.id, data: m.body } })
    const packedMessage = await agent.packDIDCommMessage({ message: m, packing })
    const { returnMessage } = await agent.sendDIDCommMessage({ packedMessage, messageId: m.id, recipientDidUrl: m.to[0] })
    return { id: m.id, answer: returnMessage }
  },
  learn({ document }) {
    docs.set(document.id, document)
    return {}
  },
  received: () => ({ received }),
}

await serve(ops)
