/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_DID_JOSE_PROOF_H
#define BERTH_DID_JOSE_PROOF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "berth/err.h"
#include "did/base/buf.h"

/* What a signature is for.  The purpose fixes the typ of the JWS header and what
 * the payload must look like, and a key is allowed a set of purposes: so a proof
 * made for one use can never be shown as another (C033), and a taken-over core
 * cannot have arbitrary bytes signed. */
enum berth_purpose {
	BERTH_SIGN_DIDCOMM,		/* application/didcomm-signed+json */
	BERTH_SIGN_VC,			/* vc+jwt */
	BERTH_SIGN_VP,			/* vp+jwt */
	BERTH_SIGN_RV_PROVE,		/* berth-rv-prove+jwt */
	BERTH_SIGN_OWNER_PROOF,		/* berth-owner-proof+jwt */
	BERTH_SIGN_DEVICE_PROOF,	/* berth-device-proof+jwt */
	BERTH_SIGN_RV_BLOB,		/* berth-rv+jwt */
	BERTH_SIGN_RECEIPT,		/* berth-receipt+jwt */
	BERTH_SIGN_FROM_PRIOR,		/* JWT, no typ beyond it */
	BERTH_SIGN_JWS,			/* the command line's `jws sign`; never in keyd */
	/* a key's purposes are stored as a mask: new ones come last */
	BERTH_SIGN_DI,			/* a Data Integrity proof (did/jose/di_hash.h); no JWS */
	BERTH_SIGN_SD_JWT,		/* dc+sd-jwt; vc+sd-jwt where the payload has an @context */
	BERTH_SIGN_KB,			/* kb+jwt: the holder's key binding of an SD-JWT */
	BERTH_SIGN_STATUS,		/* statuslist+jwt */
	BERTH_SIGN_VC_JWT,		/* JWT with a vc claim: VC Data Model 1.1 */
	BERTH_SIGN_IDEVID,		/* berth-idevid+jwt: a DID names its device certificate */
	BERTH_SIGN_IDEVID_KEY,		/* berth-idevid-key+jwt: the certificate's key names the DID */
	BERTH_SIGN_WEBVH,		/* an entry of a did:webvh log, or a witness's approval of one; no JWS */
	BERTH_SIGN_ETHR,		/* transactions of did:ethr (did/ethr_sign.h); no JWS, no payload */
	BERTH_SIGN_AUDIT,		/* berth-audit+jwt: the end of an audit log */
	BERTH_SIGN_TLS,			/* TLS 1.3 handshakes, a request for a certificate (did/crypto/x509_order.h); no JWS */
	BERTH_SIGN_CA,			/* certificates and lists of revoked ones (the same); no JWS */
	BERTH_SIGN__COUNT
};
#define BERTH_PURPOSE_BIT(p) (1u << (p))

/* "vc+jwt" and so on; NULL: no typ.  Of SD_JWT the one without @context. */
const char *berth_purpose_typ(enum berth_purpose p);

/* The claims of the three onboarding proofs (ONBOARDING C.2).  All of them carry
 *   v (1), role ("rv", "owner", "device"), iss, aud, thid, epoch, deviceHash, tip,
 *   nonceO, th
 * and exactly these besides:
 *   owner, device: nonceD
 *   owner:         ownerTime unless 0, delegation if has_delegation
 * A rendezvous run has one nonce only: nonceO is the rendezvous' challenge, and
 * nonce_d is not used.  tip is 32 zero bytes as long as the device has accepted
 * no chain.  Byte strings are base64url. */
struct berth_proof {
	enum berth_purpose purpose;	/* RV_PROVE, OWNER_PROOF, DEVICE_PROOF */
	const char *iss, *aud, *thid;
	int64_t epoch;
	uint8_t device_hash[32], tip[32], nonce_d[32], nonce_o[32], th[32];
	int64_t owner_time;		/* owner only; 0: absent */
	bool has_delegation;		/* owner only */
	uint8_t delegation[32];
};

#define BERTH_PROOF_MAX ((size_t)32 << 10)	/* two long DIDs and the rest */

/* The payload, JCS; built where the key is, never taken from the caller.  E_TYPE:
 * another purpose, or a missing or impossible value. */
BERTH_MUST_USE enum berth_err
berth_proof_payload(struct berth_buf *out, const struct berth_proof *p);

/* The other way, for the verifier: E_TYPE for missing, extra or malformed
 * claims, E_ENV for the wrong typ.  iss and aud are compared as DIDs, the rest
 * of want byte for byte: any difference is E_AUTHZ.  want->owner_time is an
 * output. */
BERTH_MUST_USE enum berth_err
berth_proof_check(struct berth_proof *want, const char *typ, const void *payload, size_t len);

#endif
