/* SPDX-License-Identifier: Apache-2.0 */
/* What owners sign about a device: OwnershipCredential, OwnerDelegation, and the
 * root's resolution of a fork (ONBOARDING C.1, C.1a). */
#include <string.h>

#include "agent/protocol/chain.h"
#include "agent/protocol/object.h"
#include "did/url.h"

/* ---- OwnershipCredential ---- */

static enum berth_err fill_ownership(struct berth_json *o, const struct berth_ownership *oc)
{
	enum berth_err rc;

	if ((rc = berth_set_did_short(o, "id", oc->device)) ||
	    (rc = berth_set_owner(o, "nextOwner", &oc->next_owner)) ||
	    (oc->has_prev && (rc = berth_json_set_b64url(o, "prev", oc->prev.b, BERTH_HASH_LEN))) ||
	    (rc = berth_json_set_b64url(o, "deviceCredential", oc->device_credential.b, BERTH_HASH_LEN)) ||
	    (rc = berth_json_set_int(o, "seq", oc->seq)) || (rc = berth_json_set_int(o, "epoch", oc->epoch)) ||
	    (rc = berth_json_set_bool(o, "transferable", oc->transferable)))
		return rc;
	if ((oc->has_release_receipt &&
	     (rc = berth_json_set_b64url(o, "releaseReceipt", oc->release_receipt.b, BERTH_HASH_LEN))) ||
	    (oc->recovery && (rc = berth_json_set_bool(o, "recovery", true))))
		return rc;
	return oc->resolution ? berth_json_set_str(o, "resolution", oc->resolution) : BERTH_OK;
}

enum berth_err berth_ownership_build(struct berth_buf *out, struct berth_keyring *kr, const char *kid,
				     const struct berth_ownership *oc)
{
	struct berth_json *o = berth_json_new_object();
	enum berth_err rc = fill_ownership(o, oc);

	if (rc) {
		berth_json_free(o);
		return rc;
	}
	return berth_object_issue(out, kr, kid, BERTH_OBJECT_OWNERSHIP, o, oc->issued_s, 0, NULL);
}

static enum berth_err opt_hash(const struct berth_json *s, const char *key, bool *has, struct berth_hash *out)
{
	*has = berth_json_get(s, key) != NULL;
	return *has ? berth_req_bytes(s, key, out->b, BERTH_HASH_LEN) : BERTH_OK;
}

static enum berth_err read_ownership(struct berth_ownership *oc, const struct berth_json *s)
{
	enum berth_err rc;

	oc->device = oc->obj.subject;
	oc->issued_s = oc->obj.issued_s;
	if ((rc = berth_req_owner(s, "nextOwner", &oc->next_owner)) ||
	    (rc = opt_hash(s, "prev", &oc->has_prev, &oc->prev)) ||
	    (rc = berth_req_bytes(s, "deviceCredential", oc->device_credential.b, BERTH_HASH_LEN)) ||
	    (rc = berth_json_req_int(s, "seq", 0, BERTH_CHAIN_ENTRIES_MAX - 1, &oc->seq)) ||
	    (rc = berth_json_req_int(s, "epoch", 0, BERTH_COUNT_MAX, &oc->epoch)) ||
	    (rc = berth_json_req_bool(s, "transferable", &oc->transferable)) ||
	    (rc = opt_hash(s, "releaseReceipt", &oc->has_release_receipt, &oc->release_receipt)) ||
	    (rc = berth_json_opt_bool(s, "recovery", &oc->recovery)) ||
	    (rc = berth_json_opt_str(s, "resolution", BERTH_OBJECT_MAX, &oc->resolution)))
		return rc;
	if (oc->has_prev != (oc->seq > 0))
		return berth_fail(BERTH_E_TYPE, "prev stands in every entry but the first");
	return BERTH_OK;
}

enum berth_err berth_ownership_parse(struct berth_ownership *out, const char *compact, size_t n)
{
	const struct berth_json *s;
	enum berth_err rc;

	memset(out, 0, sizeof(*out));
	if ((rc = berth_object_open(&out->obj, BERTH_OBJECT_OWNERSHIP, compact, n, &s)))
		return rc;
	return berth_object_opened(&out->obj, read_ownership(out, s));
}

/* ---- OwnerDelegation ---- */

#define SCOPE_LEN_MAX 64

enum berth_err berth_delegation_build(struct berth_buf *out, struct berth_keyring *kr, const char *kid,
				      const struct berth_delegation *d)
{
	struct berth_json *o = berth_json_new_object();
	enum berth_err rc;

	if ((rc = berth_json_set_str(o, "id", d->delegate)) ||
	    (rc = berth_set_strings(o, "scope", d->scope, d->n_scope)) ||
	    (rc = berth_json_set_b64url(o, "tip", d->tip.b, BERTH_HASH_LEN)) ||
	    (rc = berth_json_set_int(o, "dseq", d->dseq))) {
		berth_json_free(o);
		return rc;
	}
	return berth_object_issue(out, kr, kid, BERTH_OBJECT_DELEGATION, o, 0, d->exp_s, NULL);
}

static enum berth_err read_delegation(struct berth_delegation *d, const struct berth_json *s)
{
	enum berth_err rc;

	d->delegate = d->obj.subject;
	d->exp_s = d->obj.exp_s;
	if ((rc = berth_opt_strings(s, "scope", BERTH_SCOPES_MAX, SCOPE_LEN_MAX, d->scope, &d->n_scope)) ||
	    (rc = berth_req_bytes(s, "tip", d->tip.b, BERTH_HASH_LEN)) ||
	    (rc = berth_json_req_int(s, "dseq", 0, BERTH_COUNT_MAX, &d->dseq)))
		return rc;
	/* A delegation without an end could never be called back from a device. */
	if (!berth_json_get(d->obj.json, "validUntil"))
		return berth_fail(BERTH_E_TYPE, "validUntil: missing");
	return BERTH_OK;
}

enum berth_err berth_delegation_parse(struct berth_delegation *out, const char *compact, size_t n)
{
	const struct berth_json *s;
	enum berth_err rc;

	memset(out, 0, sizeof(*out));
	if ((rc = berth_object_open(&out->obj, BERTH_OBJECT_DELEGATION, compact, n, &s)))
		return rc;
	return berth_object_opened(&out->obj, read_delegation(out, s));
}

bool berth_delegation_has_scope(const struct berth_delegation *d, const char *scope)
{
	for (size_t i = 0; i < d->n_scope; i++)
		if (!strcmp(d->scope[i], scope))
			return true;
	return false;
}

/* ---- resolution of a fork ---- */

static enum berth_err fill_resolution(struct berth_json *o, const struct berth_resolution *r)
{
	struct berth_json *list = berth_json_new_array();
	enum berth_err rc = BERTH_OK;

	for (size_t i = 0; i < r->n_refused && !rc; i++) {
		struct berth_json *item = berth_json_new_object();

		if (!(rc = berth_json_set_b64url(item, "entry", r->refused[i].b, BERTH_HASH_LEN)))
			rc = berth_json_push(list, item);
		else
			berth_json_free(item);
	}
	if (rc) {
		berth_json_free(list);
		return rc;
	}
	if ((rc = berth_json_set(o, "refused", list)) || (rc = berth_set_did_short(o, "id", r->device)) ||
	    (rc = berth_json_set_b64url(o, "deviceCredential", r->device_credential.b, BERTH_HASH_LEN)))
		return rc;
	return berth_json_set_b64url(o, "chosen", r->chosen.b, BERTH_HASH_LEN);
}

enum berth_err berth_resolution_build(struct berth_buf *out, struct berth_keyring *kr, const char *kid,
				      const struct berth_resolution *r)
{
	struct berth_json *o = berth_json_new_object();
	enum berth_err rc = fill_resolution(o, r);

	if (rc) {
		berth_json_free(o);
		return rc;
	}
	return berth_object_issue(out, kr, kid, BERTH_OBJECT_RESOLUTION, o, 0, 0, NULL);
}

static enum berth_err read_resolution(struct berth_resolution *r, const struct berth_json *s)
{
	const struct berth_json *list;
	enum berth_err rc;

	r->device = r->obj.subject;
	if ((rc = berth_req_bytes(s, "deviceCredential", r->device_credential.b, BERTH_HASH_LEN)) ||
	    (rc = berth_req_bytes(s, "chosen", r->chosen.b, BERTH_HASH_LEN)) ||
	    (rc = berth_json_req_arr(s, "refused", BERTH_REFUSED_MAX, &list)))
		return rc;
	berth_json_each(it, list) {
		struct berth_hash *h = &r->refused[r->n_refused++];

		if ((rc = berth_req_bytes(it, "entry", h->b, BERTH_HASH_LEN)))
			return rc;
		if (berth_hash_equal(h, &r->chosen))
			return berth_fail(BERTH_E_TYPE, "refused: the chosen entry");
	}
	return BERTH_OK;
}

enum berth_err berth_resolution_parse(struct berth_resolution *out, const char *compact, size_t n)
{
	const struct berth_json *s;
	enum berth_err rc;

	memset(out, 0, sizeof(*out));
	if ((rc = berth_object_open(&out->obj, BERTH_OBJECT_RESOLUTION, compact, n, &s)))
		return rc;
	return berth_object_opened(&out->obj, read_resolution(out, s));
}
