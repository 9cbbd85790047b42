/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_AGENT_PROTOCOL_ATTESTATION_H
#define BERTH_AGENT_PROTOCOL_ATTESTATION_H

#include "agent/protocol/objects.h"
#include "agent/protocol/protocol.h"
#include "agent/protocol/transcript.h"
#include "did/keystore/tpm2_pcr.h"

/* TPM evidence in M0, M5, M8, M12 and M14 (docs/onboarding-protocol.md).  An attestation is
 * {signAttest, signSig, agreeAttest, agreeSig}, TPM2_Certify of the two keys of a
 * DID by an attestation key, with signPub and agreePub where nobody has them yet. */

/* The PCRs of a device's quote: firmware, boot loader and their configuration. */
#define BERTH_ATTEST_PCRS 0xffu

/* The attestation key of an operational identity, IDENTITY-ak: a wrapped key, no handle
 * is kept, and its end is that of the identity's other keys. */
#define BERTH_IDENTITY_AK_MAX 63
void berth_identity_ak(char name[BERTH_IDENTITY_AK_MAX + 1], const char *identity);

/* Qualifying data: SHA-256(label || nonce || th), th NULL: left out. */
void berth_attest_nonce(uint8_t out[32], const char *label, const uint8_t nonce[32], const uint8_t *th);

/* ---- the device's half ---- */

/* Both keys certified by ak; publics: with their public areas. */
BERTH_MUST_USE enum berth_err
berth_attest(struct berth_env *env, struct berth_json *body, const uint8_t qualifying[32], const char *ak,
	     const char *sign_key, const char *agree_key, bool publics);
/* {akPub, akAttest, akSig}: the identity's key, certified by the device's own. */
BERTH_MUST_USE enum berth_err
berth_attest_ak(struct berth_env *env, struct berth_json *body, const uint8_t qualifying[32], const char *ak);
/* quote {attest, sig, pcrs [], values} by that key over those PCRs, and what each is.
 * E_KEYSTORE: they do not stand still. */
BERTH_MUST_USE enum berth_err
berth_attest_quote(struct berth_env *env, struct berth_json *body, const uint8_t qualifying[32], const char *ak, uint32_t pcrs);
/* The TPMT_PUBLIC of one of our keys, as body[name]. */
BERTH_MUST_USE enum berth_err
berth_body_set_public(struct berth_env *env, struct berth_json *body, const char *name, const char *key);
/* Opens a challenge {credentialBlob, secret}: only this TPM can, and only with this
 * attestation key in it.  body gets activated = HMAC(opened, label || nonce).
 * E_DECRYPT: it is for another TPM or key. */
BERTH_MUST_USE enum berth_err
berth_attest_activate(struct berth_env *env, struct berth_json *body, const struct berth_json *challenge,
		      const char *label, const uint8_t nonce[32]);

/* ---- the verifier's half ---- */

/* TPM2_MakeCredential to that EK for that key over 32 random bytes: credentialBlob
 * and secret in body.  mac: what `activated` must be. */
BERTH_MUST_USE enum berth_err
berth_attest_challenge(struct berth_json *body, uint8_t mac[32], const uint8_t *ek_pub, size_t ek_len,
		       const uint8_t ak_name[BERTH_TPM_NAME_LEN], const char *label, const uint8_t nonce[32]);
/* E_TYPE: no answer; E_SIG: not what the challenged TPM would have said. */
BERTH_MUST_USE enum berth_err
berth_attest_check_activated(const struct berth_json *body, const uint8_t mac[32]);

/* Both certifications in body, for these two keys. */
BERTH_MUST_USE enum berth_err
berth_attest_check(const struct berth_json *body, const uint8_t qualifying[32],
		   const struct berth_tpm_public *ak, const struct berth_tpm_public *sign,
		   const struct berth_tpm_public *agree);
/* signPub and agreePub of body: resident in their TPM, the one signs and the other
 * decrypts and neither does both (E_KEY), and they are the document's first
 * authentication and keyAgreement keys (E_SIG). */
BERTH_MUST_USE enum berth_err
berth_attest_publics(const struct berth_json *body, const struct berth_did_doc *doc,
		     struct berth_tpm_public *sign, struct berth_tpm_public *agree);

/* What an owner asks of a device's attestation. */
struct berth_attest_claim {
	const char *label;			/* "berth-m5", "berth-m8" ... */
	const uint8_t *nonce;			/* 32 bytes of ours */
	const struct berth_transcript *said;	/* before this message */
	const struct berth_key_provenance *keys;	/* of the DeviceCredential */
	const char *did;			/* whose two keys they are */
	/* The keys are the credential's own, certified by its attestation key, with a
	 * quote.  Else an attestation key of the identity certifies them, another one than
	 * the credential's, which certifies it. */
	bool factory;
	uint32_t pcrs;				/* where not factory: the identity's key quotes exactly these; 0: none */
	uint8_t pcr_digest[32];			/* out, where there is a quote; factory: over BERTH_ATTEST_PCRS */
	struct berth_pcr_values values;		/* out: what that digest is over, where the device says it */
};
/* P3: body's member `attestation`.  E_VC: the credential names no attestation key;
 * E_TYPE: a member is missing; E_KEY: a key is not what it must be; E_SIG: it does
 * not verify; E_AUTHZ: the identity's key is an old one, or a quote of too little. */
BERTH_MUST_USE enum berth_err
berth_attest_verify(struct berth_env *env, struct berth_attest_claim *c, const struct berth_json *body);

#endif /* BERTH_AGENT_PROTOCOL_ATTESTATION_H */
