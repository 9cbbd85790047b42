// SPDX-License-Identifier: Apache-2.0
// Other people's credentials: a request a line on stdin, an answer a line on stdout.
import { createPrivateKey, createPublicKey, sign, verify } from "node:crypto";
import { createInterface } from "node:readline";

import { DataIntegrityProof } from "@digitalbazaar/data-integrity";
import * as Ed25519Multikey from "@digitalbazaar/ed25519-multikey";
import { createSignCryptosuite, createVerifyCryptosuite } from "@digitalbazaar/eddsa-jcs-2022-cryptosuite";
import { digest, generateSalt } from "@sd-jwt/crypto-nodejs";
import { SDJwtVcInstance } from "@sd-jwt/sd-jwt-vc";
import { EdDSASigner, ES256KSigner, ES256Signer } from "did-jwt";
import { createVerifiableCredentialJwt, verifyCredential } from "did-jwt-vc";
import { Resolver } from "did-resolver";
import jsigs from "jsonld-signatures";

const signers = { EdDSA: EdDSASigner, ES256: ES256Signer, ES256K: ES256KSigner };

const es256 = {
  verifier: jwk => (data, sig) => verify("sha256", Buffer.from(data),
    { key: createPublicKey({ key: jwk, format: "jwk" }), dsaEncoding: "ieee-p1363" }, Buffer.from(sig, "base64url")),
  signer: jwk => data => sign("sha256", Buffer.from(data),
    { key: createPrivateKey({ key: jwk, format: "jwk" }), dsaEncoding: "ieee-p1363" }).toString("base64url"),
};

const sdJwt = more => new SDJwtVcInstance({ hasher: digest, hashAlg: "sha-256", saltGenerator: generateSalt, ...more });

// did:key documents, made here: nobody is asked
const loader = async url => {
  const did = url.split("#")[0], key = did.slice("did:key:".length);
  const method = { "@context": "https://w3id.org/security/multikey/v1", id: `${did}#${key}`, type: "Multikey",
                   controller: did, publicKeyMultibase: key };
  const document = { "@context": ["https://www.w3.org/ns/did/v1"], id: did, verificationMethod: [method],
                     assertionMethod: [method.id] };
  return { contextUrl: null, documentUrl: url, document: url.includes("#") ? method : document };
};
const purpose = () => new jsigs.purposes.AssertionProofPurpose();

const ops = {
  async "sd verify"({ token, issuer, bound }) {
    const peer = sdJwt({ verifier: es256.verifier(issuer),
                         kbVerifier: (data, sig, payload) => es256.verifier(payload.cnf.jwk)(data, sig) });
    const r = await peer.verify(token, [], bound);
    return { payload: r.payload, kb: r.kb?.payload };
  },
  async "sd issue"({ jwk, kid, claims, frame }) {
    return { token: await sdJwt({ signer: es256.signer(jwk), signAlg: "ES256" }).issue(claims, frame, { header: { kid } }) };
  },
  async "sd present"({ jwk, token, frame, kb }) {
    return { token: await sdJwt({ kbSigner: es256.signer(jwk), kbSignAlg: "ES256" }).present(token, frame, { kb: { payload: kb } }) };
  },
  async "jwt verify"({ token, document, now }) {
    const resolver = new Resolver({ key: async () => ({ didDocument: document, didResolutionMetadata: {}, didDocumentMetadata: {} }) });
    return { credential: (await verifyCredential(token, resolver, { policies: { now } })).verifiableCredential };
  },
  async "jwt issue"({ jwk, alg, did, kid, payload }) {
    const signer = signers[alg](Buffer.from(jwk.d, "base64url"));
    return { token: await createVerifiableCredentialJwt(payload, { did, signer, alg }, { header: { kid } }) };
  },
  async "di verify"({ document }) {
    const suite = new DataIntegrityProof({ cryptosuite: createVerifyCryptosuite() });
    const r = await jsigs.verify(document, { suite, purpose: purpose(), documentLoader: loader });
    if (!r.verified)
      throw r.error;
    return {};
  },
  async "di issue"({ document, kid, did, publicKey, secretKey }) {
    const key = await Ed25519Multikey.from({ type: "Multikey", id: kid, controller: did, publicKeyMultibase: publicKey,
                                             secretKeyMultibase: secretKey });
    const suite = new DataIntegrityProof({ signer: key.signer(), cryptosuite: createSignCryptosuite() });
    return { document: await jsigs.sign(document, { suite, purpose: purpose(), documentLoader: loader }) };
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const request = JSON.parse(line);
  let answer;
  try {
    answer = { ok: true, ...await ops[request.op](request) };
  } catch (e) {
    answer = { ok: false, error: String(e) };
  }
  process.stdout.write(JSON.stringify(answer) + "\n");
}
