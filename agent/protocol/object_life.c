/* SPDX-License-Identifier: Apache-2.0 */
/* OperationalCredential, ReleaseCredential, RetireCredential, and the device's
 * receipt (ONBOARDING C.1). */
#include <string.h>

#include "agent/protocol/object.h"

#define SCOPE_LEN_MAX 64

/* ---- OperationalCredential ---- */

enum berth_err berth_operational_build(struct berth_buf *out, struct berth_keyring *kr, const char *kid,
				       const struct berth_operational *oc)
{
	struct berth_json *o = berth_json_new_object();
	enum berth_err rc;

	if ((rc = berth_json_set_str(o, "id", oc->operational_did)) ||
	    (rc = berth_json_set_str(o, "custody", oc->custody)) ||
	    (rc = berth_json_set_int(o, "epoch", oc->epoch))) {
		berth_json_free(o);
		return rc;
	}
	return berth_object_issue(out, kr, kid, BERTH_OBJECT_OPERATIONAL, o, oc->issued_s, oc->exp_s, oc->status);
}

enum berth_err berth_operational_parse(struct berth_operational *out, const char *compact, size_t n)
{
	const struct berth_json *s;
	enum berth_err rc;

	memset(out, 0, sizeof(*out));
	if ((rc = berth_object_open(&out->obj, BERTH_OBJECT_OPERATIONAL, compact, n, &s)))
		return rc;
	out->operational_did = out->obj.subject;
	out->issued_s = out->obj.issued_s;
	out->exp_s = out->obj.exp_s;
	out->status = berth_json_get(out->obj.json, "credentialStatus");
	if ((rc = berth_req_custody(s, &out->custody)) == BERTH_OK)
		rc = berth_json_req_int(s, "epoch", 0, BERTH_COUNT_MAX, &out->epoch);
	return berth_object_opened(&out->obj, rc);
}

/* ---- ReleaseCredential, RetireCredential ---- */

enum berth_err berth_release_build(struct berth_buf *out, struct berth_keyring *kr, const char *kid,
				   const struct berth_release *r)
{
	enum berth_object_kind kind = r->retire ? BERTH_OBJECT_RETIRE : BERTH_OBJECT_RELEASE;
	struct berth_json *o = berth_json_new_object();
	enum berth_err rc;

	if ((rc = berth_set_did_short(o, "id", r->device)) ||
	    (rc = berth_json_set_int(o, "epoch", r->epoch)) ||
	    (rc = berth_json_set_b64url(o, "tip", r->tip.b, BERTH_HASH_LEN)) ||
	    (r->next_owner && (rc = berth_json_set_str(o, "nextOwner", r->next_owner))) ||
	    (rc = berth_set_strings(o, "wipe", r->wipe, r->n_wipe))) {
		berth_json_free(o);
		return rc;
	}
	return berth_object_issue(out, kr, kid, kind, o, 0, 0, NULL);
}

static enum berth_err read_release(struct berth_release *r, const struct berth_json *s)
{
	enum berth_err rc;

	r->device = r->obj.subject;
	if ((rc = berth_json_req_int(s, "epoch", 0, BERTH_COUNT_MAX, &r->epoch)) ||
	    (rc = berth_req_bytes(s, "tip", r->tip.b, BERTH_HASH_LEN)) ||
	    (berth_json_get(s, "nextOwner") && (rc = berth_req_did(s, "nextOwner", &r->next_owner))))
		return rc;
	return berth_opt_strings(s, "wipe", BERTH_SCOPES_MAX, SCOPE_LEN_MAX, r->wipe, &r->n_wipe);
}

enum berth_err berth_release_parse(struct berth_release *out, bool retire, const char *compact, size_t n)
{
	const struct berth_json *s;
	enum berth_err rc;

	memset(out, 0, sizeof(*out));
	out->retire = retire;
	if ((rc = berth_object_open(&out->obj, retire ? BERTH_OBJECT_RETIRE : BERTH_OBJECT_RELEASE,
				    compact, n, &s)))
		return rc;
	return berth_object_opened(&out->obj, read_release(out, s));
}

/* ---- receipt ---- */

static const char *const roles[] = {
	[BERTH_RECEIPT_OWNERSHIP] = "ownership", [BERTH_RECEIPT_RELEASED] = "released", [BERTH_RECEIPT_RETIRED] = "retired"
};
static const char *const erasures[] = {
	[BERTH_ERASURE_OVERWRITTEN] = "overwritten", [BERTH_ERASURE_COUNTER] = "counter"
};

const char *berth_erasure_name(enum berth_erasure e) { return erasures[e]; }

/* E_TYPE: none of the words. */
static enum berth_err req_word(const struct berth_json *o, const char *key, const char *const *words, int n, int *out)
{
	const char *word;
	enum berth_err rc = berth_json_req_str(o, key, 16, &word);

	if (rc)
		return rc;
	for (*out = 0; *out < n; (*out)++)
		if (words[*out] && !strcmp(words[*out], word))
			return BERTH_OK;
	return berth_fail(BERTH_E_TYPE, "receipt: %s %s", key, word);
}

static enum berth_err fill_end(struct berth_json *o, const struct berth_receipt *r)
{
	enum berth_err rc;

	if (r->role == BERTH_RECEIPT_OWNERSHIP)
		return BERTH_OK;
	if (!r->erasure)
		return berth_fail(BERTH_E_TYPE, "receipt: %s without an erasure", roles[r->role]);
	if ((rc = berth_json_set_str(o, "erasure", erasures[r->erasure])))
		return rc;
	return berth_json_set_b64url(o, "credential", r->credential.b, BERTH_HASH_LEN);
}

enum berth_err berth_receipt_build(struct berth_buf *out, struct berth_keyring *kr, const char *kid,
				   const struct berth_receipt *r)
{
	struct berth_json *o = berth_json_new_object();
	enum berth_err rc;

	if ((rc = berth_json_set_str(o, "role", roles[r->role])) ||
	    (rc = berth_json_set_str(o, "aud", r->owner)) ||
	    (r->operational && (rc = berth_json_set_str(o, "operational", r->operational))) ||
	    (rc = berth_json_set_int(o, "epoch", r->epoch)) ||
	    (rc = berth_json_set_b64url(o, "tip", r->tip.b, BERTH_HASH_LEN)) ||
	    (rc = berth_json_set_b64url(o, "nonce", r->nonce, sizeof(r->nonce))) || (rc = fill_end(o, r))) {
		berth_json_free(o);
		return rc;
	}
	return berth_object_issue_jws(out, kr, kid, BERTH_SIGN_RECEIPT, o);
}

static enum berth_err read_end(struct berth_receipt *r, const struct berth_json *o)
{
	int erasure;
	enum berth_err rc;

	if (r->role == BERTH_RECEIPT_OWNERSHIP)
		return BERTH_OK;
	if ((rc = req_word(o, "erasure", erasures, BERTH_ERASURE_COUNTER + 1, &erasure)))
		return rc;
	r->erasure = (enum berth_erasure)erasure;
	return berth_req_bytes(o, "credential", r->credential.b, BERTH_HASH_LEN);
}

static enum berth_err read_receipt(struct berth_receipt *r)
{
	const struct berth_json *o = r->obj.json;
	int role;
	enum berth_err rc;

	if ((rc = req_word(o, "role", roles, BERTH_RECEIPT_RETIRED + 1, &role)))
		return rc;
	r->role = (enum berth_receipt_role)role;
	if ((rc = berth_req_did(o, "aud", &r->owner)) ||
	    (berth_json_get(o, "operational") && (rc = berth_req_did(o, "operational", &r->operational))) ||
	    (rc = berth_json_req_int(o, "epoch", 0, BERTH_COUNT_MAX, &r->epoch)) ||
	    (rc = berth_req_bytes(o, "tip", r->tip.b, BERTH_HASH_LEN)) ||
	    (rc = berth_req_bytes(o, "nonce", r->nonce, sizeof(r->nonce))))
		return rc;
	return read_end(r, o);
}

enum berth_err berth_receipt_parse(struct berth_receipt *out, const char *compact, size_t n)
{
	enum berth_err rc;

	memset(out, 0, sizeof(*out));
	if ((rc = berth_object_open_jws(&out->obj, BERTH_OBJECT_RECEIPT, compact, n)))
		return rc;
	return berth_object_opened(&out->obj, read_receipt(out));
}
