// SPDX-License-Identifier: Apache-2.0
// @iota/identity-wasm: VC-JWT 1.1 and SD-JWT VC.
import { createHash, createPrivateKey, sign } from 'node:crypto'

import iota from '@iota/identity-wasm/node/index.js'

import { serve } from './serve.mjs'

const hasher = { algName: () => 'sha-256', digest: b => new Uint8Array(createHash('sha256').update(b).digest()),
                 encodedDigest: s => createHash('sha256').update(s).digest('base64url') }
const plain = v => v instanceof Map ? Object.fromEntries([...v].map(([k, x]) => [k, plain(x)])) : Array.isArray(v) ? v.map(plain) : v

// It signs with keys of its own: one DID with one Ed25519 key.
const issuer = iota.CoreDocument.fromJSON({ id: 'did:example:iota' })
const storage = new iota.Storage(new iota.JwkMemStore(), new iota.KeyIdMemStore())
await issuer.generateMethod(storage, iota.JwkMemStore.ed25519KeyType(), iota.JwsAlgorithm.EdDSA, '#key-1',
                            iota.MethodScope.VerificationMethod())
issuer.attachMethodRelationship(issuer.id().join('#key-1'), iota.MethodRelationship.AssertionMethod)

function jws(jwk) {
  const key = createPrivateKey({ key: jwk, format: 'jwk' }), part = o => Buffer.from(JSON.stringify(o)).toString('base64url')
  return { sign: async (header, payload) => {
    const input = `${part(header)}.${part(payload)}`
    const signature = sign('sha256', Buffer.from(input), { key, dsaEncoding: 'ieee-p1363' })
    return new Uint8Array(Buffer.from(`${input}.${signature.toString('base64url')}`))
  } }
}

await serve({
  document: () => ({ document: issuer.toJSON() }),
  async 'iota verify'({ token, document, now, alg }) {
    for (const method of document.verificationMethod)
      method.publicKeyJwk.alg = alg
    const at = iota.Timestamp.parse(new Date(now * 1000).toISOString())
    const options = new iota.JwtCredentialValidationOptions({ latestIssuanceDate: at, earliestExpiryDate: at })
    const r = new iota.JwtCredentialValidator().validate(new iota.Jwt(token), iota.CoreDocument.fromJSON(document), options,
                                                         iota.FailFast.FirstError)
    return { credential: r.credential().toJSON() }
  },
  async 'iota issue'({ credential: { id, credentialSubject, issuanceDate } }) {
    const credential = new iota.Credential({ id, issuer: 'did:example:iota', credentialSubject,
                                             issuanceDate: iota.Timestamp.parse(issuanceDate) })
    return { token: (await issuer.createCredentialJwt(storage, '#key-1', credential, new iota.JwsSignatureOptions())).toString() }
  },
  async 'sd issue'({ jwk, kid, claims: { iss, vct, iat, ...claims }, paths }) {
    let builder = new iota.SdJwtVcBuilder(claims, hasher).header({ kid }).iss(iss).vct(vct)
      .iat(iota.Timestamp.parse(new Date(iat * 1000).toISOString())).addDecoys('', 3)
    for (const path of paths)
      builder = builder.makeConcealable(path)
    return { token: (await builder.finish(jws(jwk), 'ES256')).toString() }
  },
  async 'sd verify'({ token, issuer: jwk }) {
    const credential = iota.SdJwtVc.parse(token)
    credential.verifySignature(iota.Jwk.fromJSON({ ...jwk, alg: 'ES256' }))
    return { payload: plain(credential.intoDisclosedObject(hasher)) }
  },
})
