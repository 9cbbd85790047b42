// SPDX-License-Identifier: Apache-2.0
// @veramo/credential-w3c with its JWT provider: VC-JWT 1.1.
import { createAgent } from '@veramo/core'
import { CredentialProviderJWT } from '@veramo/credential-jwt'
import { CredentialPlugin } from '@veramo/credential-w3c'
import { DIDManager, MemoryDIDStore } from '@veramo/did-manager'
import { DIDResolverPlugin } from '@veramo/did-resolver'
import { KeyManager, MemoryKeyStore, MemoryPrivateKeyStore } from '@veramo/key-manager'
import { KeyManagementSystem } from '@veramo/kms-local'

import { serve } from './serve.mjs'

const docs = new Map()
const resolver = { resolve: async url =>
  ({ didDocument: docs.get(url.split('#')[0]) ?? null, didResolutionMetadata: {}, didDocumentMetadata: {} }) }
const agent = createAgent({ plugins: [
  new KeyManager({ store: new MemoryKeyStore(), kms: { local: new KeyManagementSystem(new MemoryPrivateKeyStore()) } }),
  new DIDManager({ store: new MemoryDIDStore(), defaultProvider: 'did:key', providers: {} }),
  new DIDResolverPlugin({ resolver }),
  new CredentialPlugin([new CredentialProviderJWT()]),
] })
const TYPES = { EdDSA: 'Ed25519', ES256: 'Secp256r1', ES256K: 'Secp256k1' }
const hex = b64 => Buffer.from(b64, 'base64url').toString('hex')

await serve({
  async 'veramo verify'({ token, document, now }) {
    docs.set(document.id, document)
    const r = await agent.verifyCredential({ credential: token, policies: { now } })
    if (!r.verified)
      throw new Error(r.error.message)
    return { credential: r.verifiableCredential }
  },
  async 'veramo issue'({ jwk, alg, did, kid, document, credential }) {
    docs.set(did, document)
    const privateKeyHex = hex(jwk.d) + (alg === 'EdDSA' ? hex(jwk.x) : ''), keyRef = document.assertionMethod[0]
    await agent.didManagerImport({ did, provider: 'did:key', controllerKeyId: keyRef,
                                   keys: [{ kid: keyRef, kms: 'local', type: TYPES[alg], privateKeyHex }] })
    const header = kid ? { header: { kid, typ: 'JWT' } } : {}
    const vc = await agent.createVerifiableCredential({ credential, proofFormat: 'jwt', keyRef, ...header })
    return { token: vc.proof.jwt, parsed: vc }
  },
})
