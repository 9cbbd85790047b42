// SPDX-License-Identifier: Apache-2.0
// Other people's credentials: @sd-jwt/sd-jwt-vc, did-jwt-vc, didkit and @digitalbazaar/vc.
import { createPrivateKey, createPublicKey, sign, verify } from 'node:crypto'
import { createRequire } from 'node:module'

import { DataIntegrityProof } from '@digitalbazaar/data-integrity'
import { contexts as integrity } from '@digitalbazaar/data-integrity-context'
import * as EcdsaMultikey from '@digitalbazaar/ecdsa-multikey'
import { cryptosuite as ecdsaRdfc2019 } from '@digitalbazaar/ecdsa-rdfc-2019-cryptosuite'
import * as Ed25519Multikey from '@digitalbazaar/ed25519-multikey'
import { createSignCryptosuite, createVerifyCryptosuite } from '@digitalbazaar/eddsa-jcs-2022-cryptosuite'
import { cryptosuite as eddsaRdfc2022 } from '@digitalbazaar/eddsa-rdfc-2022-cryptosuite'
import * as vc from '@digitalbazaar/vc'
import { digest, generateSalt } from '@sd-jwt/crypto-nodejs'
import { SDJwtVcInstance } from '@sd-jwt/sd-jwt-vc'
import { EdDSASigner, ES256KSigner, ES256Signer } from 'did-jwt'
import { createVerifiableCredentialJwt, verifyCredential } from 'did-jwt-vc'
import { Resolver } from 'did-resolver'

import { serve } from './serve.mjs'

const didkit = createRequire(import.meta.url)('@spruceid/didkit-wasm-node')

// ---- SD-JWT VC ----

const HASH = { ES256: 'sha256', ES384: 'sha384', EdDSA: null }
const verifier = (alg, jwk) => (data, sig) => verify(HASH[alg], Buffer.from(data),
  { key: createPublicKey({ key: jwk, format: 'jwk' }), dsaEncoding: 'ieee-p1363' }, Buffer.from(sig, 'base64url'))
const signer = (alg, jwk) => data => sign(HASH[alg], Buffer.from(data),
  { key: createPrivateKey({ key: jwk, format: 'jwk' }), dsaEncoding: 'ieee-p1363' }).toString('base64url')
const sdJwt = more => new SDJwtVcInstance({ hasher: digest, hashAlg: 'sha-256', saltGenerator: generateSalt, ...more })

const sd = {
  async 'sd verify'({ token, alg, issuer, bound }) {
    const peer = sdJwt({ verifier: verifier(alg, issuer),
                         kbVerifier: (data, sig, payload) => verifier(alg, payload.cnf.jwk)(data, sig) })
    const r = await peer.verify(token, [], bound)
    return { payload: r.payload, kb: r.kb?.payload }
  },
  async 'sd issue'({ alg, jwk, kid, claims, frame }) {
    return { token: await sdJwt({ signer: signer(alg, jwk), signAlg: alg }).issue(claims, frame, { header: { kid } }) }
  },
  async 'sd present'({ alg, jwk, token, frame, kb }) {
    return { token: await sdJwt({ kbSigner: signer(alg, jwk), kbSignAlg: alg }).present(token, frame, { kb: { payload: kb } }) }
  },
}

// ---- VC-JWT 1.1 ----

const signers = { EdDSA: EdDSASigner, ES256: ES256Signer, ES256K: ES256KSigner }
const jwt = {
  async 'did-jwt-vc verify'({ token, document, now }) {
    const resolver = new Resolver({ key: async () => ({ didDocument: document, didResolutionMetadata: {}, didDocumentMetadata: {} }) })
    return { credential: (await verifyCredential(token, resolver, { policies: { now } })).verifiableCredential }
  },
  async 'did-jwt-vc issue'({ jwk, alg, did, kid, credential }) {
    const { id: jti, issuer, issuanceDate, ...rest } = credential
    const { id: sub, ...subject } = rest.credentialSubject
    const payload = { jti, sub, nbf: Date.parse(issuanceDate) / 1000, vc: { ...rest, credentialSubject: subject } }
    const s = signers[alg](Buffer.from(jwk.d, 'base64url'))
    return { token: await createVerifiableCredentialJwt(payload, { did, signer: s, alg }, { header: kid ? { kid } : {} }) }
  },
  async 'didkit verify'({ token }) {
    const r = JSON.parse(await didkit.verifyCredential(token, JSON.stringify({ proofFormat: 'jwt' })))
    if (r.errors.length || !r.checks.includes('JWS'))
      throw new Error(r.errors.join())
    return {}
  },
  async 'didkit issue'({ jwk, kid, credential }) {
    const options = { proofFormat: 'jwt', verificationMethod: kid, proofPurpose: 'assertionMethod' }
    return { token: await didkit.issueCredential(JSON.stringify(credential), JSON.stringify(options), JSON.stringify(jwk)) }
  },
}

// ---- Data Integrity ----

const SUITES = { 'eddsa-jcs-2022': [createSignCryptosuite(), createVerifyCryptosuite()],
                 'eddsa-rdfc-2022': [eddsaRdfc2022, eddsaRdfc2022], 'ecdsa-rdfc-2019': [ecdsaRdfc2019, ecdsaRdfc2019] }

// did:key documents are made here, contexts are those of the package: nobody is asked
async function documentLoader(url) {
  if (integrity.has(url))
    return { contextUrl: null, documentUrl: url, document: integrity.get(url) }
  if (!url.startsWith('did:key:'))
    return vc.defaultDocumentLoader(url)
  const did = url.split('#')[0], key = did.slice('did:key:'.length)
  const method = { '@context': 'https://w3id.org/security/multikey/v1', id: `${did}#${key}`, type: 'Multikey',
                   controller: did, publicKeyMultibase: key }
  const document = { '@context': ['https://www.w3.org/ns/did/v1'], id: did, verificationMethod: [method],
                     assertionMethod: [method.id], authentication: [method.id] }
  return { contextUrl: null, documentUrl: url, document: url.includes('#') ? method : document }
}

async function signing({ cryptosuite, key }) {
  const multikey = cryptosuite.startsWith('eddsa') ? Ed25519Multikey : EcdsaMultikey
  const signer = (await multikey.from({ type: 'Multikey', ...key })).signer()
  return new DataIntegrityProof({ signer, cryptosuite: SUITES[cryptosuite][0] })
}
const verifying = cryptosuite => new DataIntegrityProof({ cryptosuite: SUITES[cryptosuite][1] })

function verified(r) {
  if (!r.verified)
    throw r.error
  return {}
}

const di = {
  'di verify': async ({ document, cryptosuite }) => verified(await vc.verifyCredential(
    { credential: document, suite: verifying(cryptosuite), documentLoader })),
  'di issue': async q => ({ document: await vc.issue({ credential: q.document, suite: await signing(q), documentLoader }) }),
  'di verify presentation': async ({ document, cryptosuite, challenge, domain }) => verified(await vc.verify(
    { presentation: document, suite: verifying(cryptosuite), challenge, domain, documentLoader })),
  'di present': async q => ({ document: await vc.signPresentation(
    { presentation: vc.createPresentation({ verifiableCredential: q.document, holder: q.holder, version: q.version }),
      suite: await signing(q), challenge: q.challenge, domain: q.domain, documentLoader }) }),
}

await serve({ ...sd, ...jwt, ...di })
