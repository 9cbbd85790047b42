/* SPDX-License-Identifier: Apache-2.0 */
#include "did/jose/proof.h"

#include <string.h>

#include "did/base/json.h"
#include "did/base/secret.h"
#include "did/codec/base64url.h"
#include "did/codec/did_text.h"
#include "did/codec/jcs.h"

#define THID_MAX 128
#define EPOCH_MAX INT64_C(9007199254740991)	/* what JSON carries exactly */

const char *berth_purpose_typ(enum berth_purpose p)
{
	static const char *const typ[BERTH_SIGN__COUNT] = {
		[BERTH_SIGN_DIDCOMM]	  = "application/didcomm-signed+json",
		[BERTH_SIGN_VC]		  = "vc+jwt",
		[BERTH_SIGN_VP]		  = "vp+jwt",
		[BERTH_SIGN_RV_PROVE]	  = "berth-rv-prove+jwt",
		[BERTH_SIGN_OWNER_PROOF]  = "berth-owner-proof+jwt",
		[BERTH_SIGN_DEVICE_PROOF] = "berth-device-proof+jwt",
		[BERTH_SIGN_RV_BLOB]	  = "berth-rv+jwt",
		[BERTH_SIGN_RECEIPT]	  = "berth-receipt+jwt",
		[BERTH_SIGN_FROM_PRIOR]	  = "JWT",
		[BERTH_SIGN_JWS]	  = NULL,
		[BERTH_SIGN_DI]		  = NULL,
		[BERTH_SIGN_SD_JWT]	  = "dc+sd-jwt",
		[BERTH_SIGN_KB]		  = "kb+jwt",
		[BERTH_SIGN_STATUS]	  = "statuslist+jwt",
		[BERTH_SIGN_VC_JWT]	  = "JWT",
		[BERTH_SIGN_IDEVID]	  = "berth-idevid+jwt",
		[BERTH_SIGN_IDEVID_KEY]	  = "berth-idevid-key+jwt",
		[BERTH_SIGN_ETHR]	  = NULL,
		[BERTH_SIGN_WEBVH]	  = NULL,
		[BERTH_SIGN_AUDIT]	  = "berth-audit+jwt",
		[BERTH_SIGN_TLS]	  = NULL,
		[BERTH_SIGN_CA]		  = NULL,
	};

	return (unsigned)p < BERTH_SIGN__COUNT ? typ[p] : NULL;
}

static const char *role_of(enum berth_purpose p)
{
	switch (p) {
	case BERTH_SIGN_RV_PROVE:
		return "rv";
	case BERTH_SIGN_OWNER_PROOF:
		return "owner";
	case BERTH_SIGN_DEVICE_PROOF:
		return "device";
	default:
		return NULL;
	}
}

/* The byte-string claims, in one place for both ways. */
enum { DEVICE_HASH, TIP, NONCE_D, NONCE_O, TH, DELEGATION, N_BYTES };
static const char *const byte_claims[N_BYTES] = {
	"deviceHash", "tip", "nonceD", "nonceO", "th", "delegation"
};

static const uint8_t *bytes_of(const struct berth_proof *p, int i)
{
	const uint8_t *const b[N_BYTES] = {
		p->device_hash, p->tip, p->nonce_d, p->nonce_o, p->th, p->delegation
	};

	return b[i];
}

static bool has_bytes(const struct berth_proof *p, int i)
{
	if (i == NONCE_D)
		return p->purpose != BERTH_SIGN_RV_PROVE;
	return i != DELEGATION || p->has_delegation;
}

static enum berth_err check_values(const struct berth_proof *p)
{
	bool owner = p->purpose == BERTH_SIGN_OWNER_PROOF;

	if (!role_of(p->purpose))
		return berth_fail(BERTH_E_TYPE, "proof: purpose %d is none", (int)p->purpose);
	if (!p->iss || !berth_is_did(p->iss) || !p->aud || !berth_is_did(p->aud))
		return berth_fail(BERTH_E_TYPE, "proof: iss or aud is not a DID");
	if (!p->thid || !*p->thid || strlen(p->thid) > THID_MAX || p->epoch < 0 || p->epoch > EPOCH_MAX)
		return berth_fail(BERTH_E_TYPE, "proof: thid or epoch");
	if (!owner && (p->owner_time || p->has_delegation))
		return berth_fail(BERTH_E_TYPE, "proof: ownerTime or delegation of a non-owner");
	return BERTH_OK;
}

static enum berth_err fill(struct berth_json *o, const struct berth_proof *p)
{
	enum berth_err rc;

	if ((rc = berth_json_set_int(o, "v", 1)) || (rc = berth_json_set_str(o, "role", role_of(p->purpose))) ||
	    (rc = berth_json_set_str(o, "iss", p->iss)) || (rc = berth_json_set_str(o, "aud", p->aud)) ||
	    (rc = berth_json_set_str(o, "thid", p->thid)) || (rc = berth_json_set_int(o, "epoch", p->epoch)))
		return rc;
	for (int i = 0; i < N_BYTES; i++)
		if (has_bytes(p, i) && (rc = berth_json_set_b64url(o, byte_claims[i], bytes_of(p, i), 32)))
			return rc;
	return p->owner_time ? berth_json_set_int(o, "ownerTime", p->owner_time) : BERTH_OK;
}

enum berth_err berth_proof_payload(struct berth_buf *out, const struct berth_proof *p)
{
	struct berth_json *o = NULL;
	enum berth_err rc;

	if ((rc = check_values(p)))
		return rc;
	o = berth_json_new_object();
	if ((rc = fill(o, p)) == BERTH_OK)
		rc = berth_jcs(out, o);
	berth_json_free(o);
	return rc;
}

/* ---- the verifier ---- */

static enum berth_err read_bytes(uint8_t out[32], const struct berth_json *o, const char *name)
{
	const char *s;
	enum berth_err rc;

	if ((rc = berth_json_req_str(o, name, 64, &s)))
		return rc;
	if ((rc = berth_b64url_decode_fixed(out, 32, s, strlen(s))) && rc != BERTH_E_NOMEM)
		rc = berth_fail(BERTH_E_TYPE, "proof: %s is not 32 bytes of base64url", name);
	return rc;
}

struct claims {
	const char *role, *iss, *aud, *thid;
	int64_t epoch, owner_time;
	uint8_t bytes[N_BYTES][32];
	bool delegation;
};

/* Every claim of the role is there and of its type, and there is no other. */
static enum berth_err read_claims(struct claims *c, const struct berth_json *o, bool rv, bool owner)
{
	size_t want = rv ? 10 : 11;	/* v role iss aud thid epoch deviceHash tip nonceO th, nonceD */
	int64_t v;
	enum berth_err rc;

	if ((rc = berth_json_req_int(o, "v", 1, 1, &v)) ||
	    (rc = berth_json_req_str(o, "role", 16, &c->role)) ||
	    (rc = berth_json_req_str(o, "iss", BERTH_DID_URL_MAX, &c->iss)) ||
	    (rc = berth_json_req_str(o, "aud", BERTH_DID_URL_MAX, &c->aud)) ||
	    (rc = berth_json_req_str(o, "thid", THID_MAX, &c->thid)) ||
	    (rc = berth_json_req_int(o, "epoch", 0, EPOCH_MAX, &c->epoch)))
		return rc;
	for (int i = 0; i < N_BYTES; i++) {
		if ((i == NONCE_D && rv) || (i == DELEGATION && !(owner && berth_json_get(o, byte_claims[i]))))
			continue;
		if ((rc = read_bytes(c->bytes[i], o, byte_claims[i])))
			return rc;
	}
	c->delegation = owner && berth_json_get(o, "delegation");
	if (owner && berth_json_get(o, "ownerTime")) {
		if ((rc = berth_json_req_int(o, "ownerTime", 1, EPOCH_MAX, &c->owner_time)))
			return rc;
		want++;
	}
	if (berth_json_len(o) != want + c->delegation)
		return berth_fail(BERTH_E_TYPE, "proof: claims that its role does not have");
	return BERTH_OK;
}

static enum berth_err compare(const struct claims *c, const struct berth_proof *want)
{
	bool equal = true;

	if (strcmp(c->role, role_of(want->purpose)) != 0)
		return berth_fail(BERTH_E_AUTHZ, "proof: role %s", c->role);
	if (!berth_is_did(c->iss) || !berth_did_same(c->iss, want->iss))
		return berth_fail(BERTH_E_AUTHZ, "proof: iss is not the one expected");
	if (!berth_is_did(c->aud) || !berth_did_same(c->aud, want->aud))
		return berth_fail(BERTH_E_AUTHZ, "proof: aud is not the one expected");
	if (strcmp(c->thid, want->thid) != 0 || c->epoch != want->epoch)
		return berth_fail(BERTH_E_AUTHZ, "proof: of another thread or epoch");
	if (c->delegation != want->has_delegation)
		return berth_fail(BERTH_E_AUTHZ, "proof: delegation");
	for (int i = 0; i < N_BYTES; i++)
		if (has_bytes(want, i))
			equal &= berth_equal_ct(c->bytes[i], bytes_of(want, i), 32);
	return equal ? BERTH_OK : berth_fail(BERTH_E_AUTHZ, "proof: a nonce or hash differs");
}

enum berth_err berth_proof_check(struct berth_proof *want, const char *typ, const void *payload, size_t len)
{
	struct berth_json *o = NULL;
	struct claims c;
	enum berth_err rc;

	memset(&c, 0, sizeof(c));
	want->owner_time = 0;
	if ((rc = check_values(want)))
		return rc;
	if (!typ || strcmp(typ, berth_purpose_typ(want->purpose)) != 0)
		return berth_fail(BERTH_E_ENV, "proof: typ %.40s", typ ? typ : "is missing");
	if ((rc = berth_json_parse_object(&o, payload, len, BERTH_PROOF_MAX)) ||
	    (rc = read_claims(&c, o, want->purpose == BERTH_SIGN_RV_PROVE,
			      want->purpose == BERTH_SIGN_OWNER_PROOF)) ||
	    (rc = compare(&c, want)))
		goto out;
	want->owner_time = c.owner_time;
out:
	berth_json_free(o);
	return rc;
}
