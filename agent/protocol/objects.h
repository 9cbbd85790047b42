/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_AGENT_PROTOCOL_OBJECTS_H
#define BERTH_AGENT_PROTOCOL_OBJECTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "berth/err.h"
#include "did/base/buf.h"
#include "did/base/json.h"
#include "did/jose/jws.h"
#include "did/jose/keyring.h"
#include "did/keystore/evidence.h"
#include "did/resolver.h"

/* The signed objects of onboarding (ONBOARDING C.1): W3C credentials as vc+jwt,
 * each with a type of its own, and the receipt.  Building and reading are pure:
 * no clock, no I/O; keys come as a keyring, documents from a resolver.
 *
 * One struct serves both ways.  To build, fill its fields (text is borrowed for
 * the call; `obj` stays zero) and call berth_X_build(), which signs with the key
 * kid; the issuer is the DID of kid, as kid spells it.  To read, berth_X_parse()
 * checks structure only; nothing is to be believed before berth_object_verify()
 * or the chain's rules say so.  What was read is freed with
 * berth_object_free(&x.obj), and text lives as long.
 *
 * Times are seconds; 0 means absent (a device without trusted time never sets
 * one).  Byte strings are base64url in the JSON. */

#define BERTH_ONBOARDING_CONTEXT "urn:berth:contexts/onboarding/v1"
#define BERTH_OBJECT_MAX ((size_t)24 << 10)	/* one compact JWS */
#define BERTH_HASH_LEN 32
#define BERTH_RV_MAX 8			/* rendezvous agents in a list */
#define BERTH_SCOPES_MAX 8
#define BERTH_AK_PUB_MAX 512
#define BERTH_EK_PUB_MAX 640		/* of an RSA 4096 key: 588 */
#define BERTH_LABEL_MAX 128		/* serial, model, hardware, firmware */

/* SHA-256 over the exact bytes of a compact JWS: how objects name each other. */
struct berth_hash {
	uint8_t b[BERTH_HASH_LEN];
};
void berth_object_hash(struct berth_hash *out, const char *compact, size_t n);
bool berth_hash_equal(const struct berth_hash *a, const struct berth_hash *b);

enum berth_object_kind {
	BERTH_OBJECT_NONE,
	BERTH_OBJECT_DEVICE,		/* BerthDeviceCredential */
	BERTH_OBJECT_OWNERSHIP,		/* BerthOwnershipCredential */
	BERTH_OBJECT_DELEGATION,	/* BerthOwnerDelegation */
	BERTH_OBJECT_RESOLUTION,	/* BerthForkResolution */
	BERTH_OBJECT_OPERATIONAL,	/* BerthOperationalCredential */
	BERTH_OBJECT_RELEASE,		/* BerthReleaseCredential */
	BERTH_OBJECT_RETIRE,		/* BerthRetireCredential */
	BERTH_OBJECT_BATCH,		/* BerthBatchCredential */
	BERTH_OBJECT_RECEIPT,		/* berth-receipt+jwt, no credential */
	BERTH_OBJECT_BLOB		/* berth-rv+jwt, no credential */
};
const char *berth_object_type(enum berth_object_kind kind);	/* NULL for the last two */

/* What all of them share after parsing. */
struct berth_object {
	enum berth_object_kind kind;
	char *compact;			/* owned: the bytes that were hashed */
	struct berth_hash hash;
	struct berth_json *json;	/* owned: the payload */
	const char *kid, *issuer;	/* DID(kid) == issuer has been checked */
	const char *subject;		/* credentialSubject.id; NULL for receipt and blob */
	int64_t issued_s, exp_s;	/* validFrom, validUntil */
	struct berth_jws jws;		/* owned */
};
void berth_object_free(struct berth_object *o);	/* zeroed is fine; leaves it zeroed */

/* The signature.  did: resolved instead of the issuer, which must be the same DID
 * (else E_AUTHZ): for the long form that an earlier object named; NULL: issuer.
 * jkt: the RFC 7638 thumbprint the key must have (else E_AUTHZ); NULL: any.  The
 * key stands in assertionMethod for credentials, in authentication for receipt
 * and blob (E_KEY).  resolver NULL: only methods that need none. */
BERTH_MUST_USE enum berth_err
berth_object_verify(const struct berth_object *o, struct berth_resolver *resolver,
		    const char *did, const uint8_t *jkt);

/* The DID says its own keys for ever, offline: did:key, did:jwk, did:peer:4 in
 * its long form.  E_DID else. */
BERTH_MUST_USE enum berth_err berth_did_self_certifying(const char *did);
/* The thumbprint of the key that kid names in its document; rel as needed. */
BERTH_MUST_USE enum berth_err
berth_kid_thumbprint(uint8_t jkt[32], struct berth_resolver *resolver, const char *kid);

/* A DID and the one key of it that signs. */
struct berth_owner_ref {
	const char *did;
	uint8_t jkt[32];
};

/* A rendezvous agent: {"id": DID, "serviceEndpoint": URI}. */
struct berth_rv {
	const char *did, *uri;
};

/* ---- DeviceCredential: manufacturer -> factory DID ---- */
struct berth_key_provenance {
	const char *custody;		/* "hardware", "sealed", "software" */
	bool has_tpm;			/* the rest; hardware in a TPM only */
	uint8_t ak_name[BERTH_TPM_NAME_LEN];
	uint8_t ak_pub[BERTH_AK_PUB_MAX];	/* TPMT_PUBLIC */
	size_t ak_pub_len;
	uint8_t ek_pub[BERTH_EK_PUB_MAX];	/* of the certificate; for ek-live */
	size_t ek_pub_len;
	uint8_t ek_cert_sha256[32];
	uint8_t sign_name[BERTH_TPM_NAME_LEN];	/* certified Names of the DID's keys */
	uint8_t agree_name[BERTH_TPM_NAME_LEN];
};

struct berth_device_credential {
	struct berth_object obj;
	const char *factory_did;	/* self-certifying, or did:peer:2 */
	const char *serial, *model, *hardware, *firmware;
	struct berth_key_provenance keys;
	struct berth_owner_ref root;	/* ownershipRoot; another key than the issuer's */
	struct berth_rv rv[BERTH_RV_MAX];
	size_t n_rv;
	int64_t epoch0;
	bool recovery;
	int64_t issued_s;		/* a floor of time for the device */
};
BERTH_MUST_USE enum berth_err
berth_device_credential_build(struct berth_buf *out, struct berth_keyring *kr, const char *kid,
			      const struct berth_device_credential *dc);
BERTH_MUST_USE enum berth_err
berth_device_credential_parse(struct berth_device_credential *out, const char *compact, size_t n);
/* What the device stores of its root at birth: SHA-256("berth-root" || 0 ||
 * root DID short form || 0 || thumbprint of its key). */
BERTH_MUST_USE enum berth_err
berth_root_hash(struct berth_hash *out, const struct berth_owner_ref *root);

/* ---- OwnershipCredential: current owner -> factory DID ---- */
struct berth_ownership {
	struct berth_object obj;
	const char *device;		/* factory DID, any form; built in its short form */
	struct berth_owner_ref next_owner;
	bool has_prev;			/* false: OC[0] */
	struct berth_hash prev, device_credential;
	int64_t seq, epoch;
	bool transferable;
	bool has_release_receipt;	/* stands in the entry that opens an epoch */
	struct berth_hash release_receipt;
	bool recovery;			/* by ownershipRoot instead of the owner */
	const char *resolution;		/* compact JWS of a fork's resolution; NULL */
	int64_t issued_s;
};
BERTH_MUST_USE enum berth_err
berth_ownership_build(struct berth_buf *out, struct berth_keyring *kr, const char *kid,
		      const struct berth_ownership *oc);
BERTH_MUST_USE enum berth_err
berth_ownership_parse(struct berth_ownership *out, const char *compact, size_t n);

/* ---- OwnerDelegation: tip owner -> online onboarding agent ---- */
#define BERTH_SCOPE_ONBOARD "onboard"		/* blobs, M3 to M11 */
#define BERTH_SCOPE_RENEW "renew"		/* M12, M13 */
#define BERTH_SCOPE_ATTEST "attest"		/* M14: attest-request */
#define BERTH_SCOPE_SUSPEND "suspend"		/* M14: status-notify, suspended and valid; never revoked */
#define BERTH_SCOPE_CONFIGURE "configure"	/* M10 after onboarding: provision-set */
struct berth_delegation {
	struct berth_object obj;
	const char *delegate;			/* self-certifying */
	const char *scope[BERTH_SCOPES_MAX];
	size_t n_scope;
	struct berth_hash tip;
	int64_t dseq;
	int64_t exp_s;				/* required; judged against a floor */
};
BERTH_MUST_USE enum berth_err
berth_delegation_build(struct berth_buf *out, struct berth_keyring *kr, const char *kid,
		       const struct berth_delegation *d);
BERTH_MUST_USE enum berth_err
berth_delegation_parse(struct berth_delegation *out, const char *compact, size_t n);
bool berth_delegation_has_scope(const struct berth_delegation *d, const char *scope);

/* ---- fork resolution: ownershipRoot says which branch holds ---- */
#define BERTH_REFUSED_MAX 8
struct berth_resolution {
	struct berth_object obj;
	const char *device;
	struct berth_hash device_credential, chosen;
	struct berth_hash refused[BERTH_REFUSED_MAX];
	size_t n_refused;
};
BERTH_MUST_USE enum berth_err
berth_resolution_build(struct berth_buf *out, struct berth_keyring *kr, const char *kid,
		       const struct berth_resolution *r);
BERTH_MUST_USE enum berth_err
berth_resolution_parse(struct berth_resolution *out, const char *compact, size_t n);

/* ---- OperationalCredential: owner -> operational DID ---- */
struct berth_operational {
	struct berth_object obj;
	const char *operational_did;
	const char *custody;
	int64_t epoch;
	const struct berth_json *status;	/* credentialStatus object; NULL: none */
	int64_t issued_s, exp_s;
};
BERTH_MUST_USE enum berth_err
berth_operational_build(struct berth_buf *out, struct berth_keyring *kr, const char *kid,
			const struct berth_operational *oc);
BERTH_MUST_USE enum berth_err
berth_operational_parse(struct berth_operational *out, const char *compact, size_t n);

/* ---- ReleaseCredential, RetireCredential: owner -> device ---- */
#define BERTH_WIPE_OWNER "owner"		/* all that the epoch's owner left; always */
#define BERTH_WIPE_TPM "tpm"		/* a retirement may ask for that as well */
struct berth_release {
	struct berth_object obj;
	bool retire;			/* RetireCredential; else Release */
	const char *device;
	int64_t epoch;			/* the one that ends */
	struct berth_hash tip;
	const char *next_owner;		/* binds the next sale; NULL: free */
	const char *wipe[BERTH_SCOPES_MAX];
	size_t n_wipe;
};
BERTH_MUST_USE enum berth_err
berth_release_build(struct berth_buf *out, struct berth_keyring *kr, const char *kid,
		    const struct berth_release *r);
BERTH_MUST_USE enum berth_err
berth_release_parse(struct berth_release *out, bool retire, const char *compact, size_t n);

/* ---- BatchCredential: ownershipRoot -> buyer ---- */
#define BERTH_BATCH_MAX 1000		/* devices in one */
struct berth_batch {
	const char *buyer, *name;
	int64_t count;
	struct berth_hash chains;	/* SHA-256 over the hashes of the chains' last entries, in order */
	int64_t issued_s;
};
BERTH_MUST_USE enum berth_err
berth_batch_build(struct berth_buf *out, struct berth_keyring *kr, const char *kid, const struct berth_batch *b);

/* ---- receipt: device -> owner, typ berth-receipt+jwt, by the factory key ---- */
enum berth_receipt_role { BERTH_RECEIPT_OWNERSHIP, BERTH_RECEIPT_RELEASED, BERTH_RECEIPT_RETIRED };
/* What the end of an epoch did to what the owner had provisioned. */
enum berth_erasure {
	BERTH_ERASURE_NONE,		/* ownership: nothing has ended */
	BERTH_ERASURE_OVERWRITTEN,	/* its key was deleted: a copy of the disk made before still has it */
	BERTH_ERASURE_COUNTER		/* its key was the TPM's, for that value of a counter: no copy opens it */
};
const char *berth_erasure_name(enum berth_erasure e);	/* "overwritten", "counter"; NULL */
struct berth_receipt {
	struct berth_object obj;	/* issuer: the factory DID */
	enum berth_receipt_role role;
	const char *owner;		/* the owner it is for */
	const char *operational;	/* operational DID; NULL */
	int64_t epoch;			/* released, retired: the new one */
	struct berth_hash tip;
	uint8_t nonce[32];		/* the owner's */
	enum berth_erasure erasure;	/* of the last two roles */
	struct berth_hash credential;	/* what it obeyed: Release or RetireCredential */
};
/* E_TYPE: released or retired without an erasure. */
BERTH_MUST_USE enum berth_err
berth_receipt_build(struct berth_buf *out, struct berth_keyring *kr, const char *kid,
		    const struct berth_receipt *r);
BERTH_MUST_USE enum berth_err
berth_receipt_parse(struct berth_receipt *out, const char *compact, size_t n);

#endif /* BERTH_AGENT_PROTOCOL_OBJECTS_H */
