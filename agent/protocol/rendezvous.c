/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/protocol/rendezvous.h"

#include <inttypes.h>
#include <string.h>

#include "agent/protocol/object.h"
#include "did/crypto/hash.h"
#include "did/url.h"

enum berth_err berth_device_hash(struct berth_hash *out, const char *factory_did, int64_t epoch)
{
	static const char label[] = "berth-device";	/* with its NUL */
	struct berth_buf b = BERTH_BUF_INIT;
	enum berth_err rc;

	memset(out, 0, sizeof(*out));
	berth_buf_put(&b, label, sizeof(label));
	if ((rc = berth_did_short(&b, factory_did)))
		goto out;
	berth_buf_u8(&b, 0);
	berth_buf_printf(&b, "%" PRId64, epoch);
	if ((rc = berth_buf_status(&b)) == BERTH_OK)
		berth_sha256(out->b, b.p, b.len);
out:
	berth_buf_free(&b);
	return rc;
}

/* ---- blob ---- */

static enum berth_err fill(struct berth_json *o, const struct berth_rv_blob *b)
{
	enum berth_err rc;

	if ((rc = berth_json_set_b64url(o, "deviceHash", b->device_hash.b, BERTH_HASH_LEN)) ||
	    (rc = berth_json_set_int(o, "epoch", b->epoch)) ||
	    (rc = berth_json_set_b64url(o, "tip", b->tip.b, BERTH_HASH_LEN)) ||
	    (rc = berth_json_set_int(o, "seq", b->seq)) ||
	    (rc = berth_json_set_str(o, "ownerDID", b->owner_did)) ||
	    (rc = berth_set_strings(o, "endpoints", b->endpoints, b->n_endpoints)) ||
	    (rc = berth_set_strings(o, "rv", b->rv, b->n_rv)) ||
	    (rc = berth_json_set_int(o, "regNo", b->reg_no)))
		return rc;
	return b->exp_s ? berth_json_set_int(o, "exp", b->exp_s) : BERTH_OK;
}

enum berth_err berth_rv_blob_build(struct berth_buf *out, struct berth_keyring *kr, const char *kid,
				   const struct berth_rv_blob *blob)
{
	struct berth_json *o = berth_json_new_object();
	enum berth_err rc = fill(o, blob);

	if (rc) {
		berth_json_free(o);
		return rc;
	}
	return berth_object_issue_jws(out, kr, kid, BERTH_SIGN_RV_BLOB, o);
}

static enum berth_err read_lists(struct berth_rv_blob *b)
{
	const struct berth_json *o = b->obj.json;
	enum berth_err rc;

	if ((rc = berth_opt_strings(o, "endpoints", BERTH_BLOB_ENDPOINTS_MAX, BERTH_URI_MAX, b->endpoints,
				    &b->n_endpoints)) ||
	    (rc = berth_opt_strings(o, "rv", BERTH_RV_MAX, BERTH_DID_URL_MAX, b->rv, &b->n_rv)))
		return rc;
	for (size_t i = 0; i < b->n_rv; i++)
		if (!berth_is_did(b->rv[i]))
			return berth_fail(BERTH_E_TYPE, "rv[%zu]: not a DID", i);
	return BERTH_OK;
}

static enum berth_err read_blob(struct berth_rv_blob *b)
{
	const struct berth_json *o = b->obj.json;
	enum berth_err rc;

	if ((rc = berth_req_bytes(o, "deviceHash", b->device_hash.b, BERTH_HASH_LEN)) ||
	    (rc = berth_json_req_int(o, "epoch", 0, BERTH_COUNT_MAX, &b->epoch)) ||
	    (rc = berth_req_bytes(o, "tip", b->tip.b, BERTH_HASH_LEN)) ||
	    (rc = berth_json_req_int(o, "seq", 0, BERTH_CHAIN_ENTRIES_MAX - 1, &b->seq)) ||
	    (rc = berth_req_did(o, "ownerDID", &b->owner_did)) ||
	    (rc = berth_json_req_int(o, "regNo", 0, BERTH_COUNT_MAX, &b->reg_no)) ||
	    (rc = berth_json_opt_int(o, "exp", 1, BERTH_COUNT_MAX, &b->exp_s)))
		return rc;
	return read_lists(b);
}

enum berth_err berth_rv_blob_parse(struct berth_rv_blob *out, const char *compact, size_t n)
{
	enum berth_err rc;

	memset(out, 0, sizeof(*out));
	if (n > BERTH_BLOB_MAX)
		return berth_fail(BERTH_E_SIZE, "blob of %zu bytes", n);
	if ((rc = berth_object_open_jws(&out->obj, BERTH_OBJECT_BLOB, compact, n)))
		return rc;
	return berth_object_opened(&out->obj, read_blob(out));
}

static enum berth_err check_signer(const struct berth_rv_blob *b, const struct berth_chain_result *r)
{
	if (berth_did_same(b->obj.issuer, r->owner.did))
		return berth_object_verify(&b->obj, NULL, r->owner.did, r->owner.jkt);
	if (r->delegate && berth_did_same(b->obj.issuer, r->delegate))
		return berth_object_verify(&b->obj, NULL, r->delegate, NULL);
	return berth_fail(BERTH_E_AUTHZ, "blob by neither owner nor delegate");
}

enum berth_err berth_rv_blob_verify(const struct berth_rv_blob *b, const struct berth_chain *chain,
				    const struct berth_chain_result *accepted, int64_t now_s)
{
	struct berth_hash device;
	enum berth_err rc;

	if ((rc = check_signer(b, accepted)) ||
	    (rc = berth_device_hash(&device, chain->dc.factory_did, accepted->epoch)))
		return rc;
	if (!berth_hash_equal(&b->device_hash, &device) || !berth_hash_equal(&b->tip, &accepted->tip) ||
	    b->epoch != accepted->epoch || b->seq != accepted->seq ||
	    !berth_did_same(b->owner_did, accepted->owner.did))
		return berth_fail(BERTH_E_AUTHZ, "blob of another device, tip or epoch");
	if (now_s >= 0 && b->exp_s && b->exp_s <= now_s)
		return berth_fail(BERTH_E_EXPIRED, "blob");
	return BERTH_OK;
}

/* ---- blob and package ---- */

static enum berth_err read_package(struct berth_chain **chain, const struct berth_json *package, const char *dc)
{
	struct berth_json *copy = berth_json_clone(package);
	enum berth_err rc;

	if (!copy)
		return berth_no_memory();
	if (dc && !berth_json_get(copy, "deviceCredential") &&
	    (rc = berth_json_set_str(copy, "deviceCredential", dc))) {
		berth_json_free(copy);
		return rc;
	}
	return berth_chain_from_json(chain, copy);
}

enum berth_err berth_invitation_read(struct berth_rv_blob *blob, struct berth_chain **chain, const struct berth_json *o,
				     const char *dc)
{
	const struct berth_json *package;
	const char *token;
	enum berth_err rc;

	memset(blob, 0, sizeof(*blob));
	*chain = NULL;
	if ((rc = berth_json_req_str(o, "blob", BERTH_BLOB_MAX, &token)) ||
	    (rc = berth_json_req_obj(o, "package", &package)) || (rc = read_package(chain, package, dc)))
		return rc;
	if ((rc = berth_rv_blob_parse(blob, token, strlen(token)))) {
		berth_chain_free(*chain);
		*chain = NULL;
	}
	return rc;
}
