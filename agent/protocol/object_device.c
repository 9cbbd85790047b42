/* SPDX-License-Identifier: Apache-2.0 */
/* DeviceCredential: manufacturer -> factory DID (ONBOARDING C.1). */
#include <string.h>

#include "agent/protocol/object.h"
#include "did/crypto/hash.h"
#include "did/url.h"

#define URI_MAX 512

static struct berth_json *provenance_json(const struct berth_key_provenance *k)
{
	struct berth_json *o = berth_json_new_object();

	if (berth_json_set_str(o, "custody", k->custody) ||
	    (k->has_tpm && (berth_json_set_b64url(o, "akName", k->ak_name, sizeof(k->ak_name)) ||
			    berth_json_set_b64url(o, "akPub", k->ak_pub, k->ak_pub_len) ||
			    berth_json_set_b64url(o, "ekPub", k->ek_pub, k->ek_pub_len) ||
			    berth_json_set_b64url(o, "ekCertSha256", k->ek_cert_sha256, 32) ||
			    berth_json_set_b64url(o, "signName", k->sign_name, sizeof(k->sign_name)) ||
			    berth_json_set_b64url(o, "agreeName", k->agree_name, sizeof(k->agree_name))))) {
		berth_json_free(o);
		return NULL;
	}
	return o;
}

static struct berth_json *rv_json(const struct berth_rv *rv, size_t n)
{
	struct berth_json *list = berth_json_new_array(), *o;

	for (size_t i = 0; i < n; i++) {
		o = berth_json_new_object();
		if (berth_json_set_str(o, "id", rv[i].did) || berth_json_set_str(o, "serviceEndpoint", rv[i].uri)) {
			berth_json_free(o);
			o = NULL;
		}
		if (berth_json_push(list, o)) {
			berth_json_free(list);
			return NULL;
		}
	}
	return list;
}

static enum berth_err fill(struct berth_json *o, const struct berth_device_credential *dc)
{
	enum berth_err rc;

	if ((rc = berth_json_set_str(o, "id", dc->factory_did)) ||
	    (rc = berth_json_set_str(o, "serial", dc->serial)) ||
	    (rc = berth_json_set_str(o, "model", dc->model)) ||
	    (rc = berth_json_set_str(o, "hardware", dc->hardware)) ||
	    (rc = berth_json_set_str(o, "firmware", dc->firmware)) ||
	    (rc = berth_json_set(o, "keyProvenance", provenance_json(&dc->keys))) ||
	    (rc = berth_set_owner(o, "ownershipRoot", &dc->root)) ||
	    (rc = berth_json_set(o, "rv", rv_json(dc->rv, dc->n_rv))) ||
	    (rc = berth_json_set_int(o, "epoch0", dc->epoch0)))
		return rc;
	return berth_json_set_bool(o, "recovery", dc->recovery);
}

enum berth_err berth_device_credential_build(struct berth_buf *out, struct berth_keyring *kr, const char *kid,
					     const struct berth_device_credential *dc)
{
	struct berth_json *o;
	enum berth_err rc;

	if (berth_did_same(kid, dc->root.did))
		return berth_fail(BERTH_E_KEY, "ownershipRoot is the issuing key");
	o = berth_json_new_object();
	if ((rc = fill(o, dc))) {
		berth_json_free(o);
		return rc;
	}
	return berth_object_issue(out, kr, kid, BERTH_OBJECT_DEVICE, o, dc->issued_s, 0, NULL);
}

/* P15: what a TPM certified stands only where the custody says hardware. */
static enum berth_err read_provenance(struct berth_key_provenance *k, const struct berth_json *o)
{
	enum berth_err rc;

	if ((rc = berth_req_custody(o, &k->custody)))
		return rc;
	if (!(k->has_tpm = berth_json_get(o, "akName") != NULL))
		return berth_json_len(o) == 1 ? BERTH_OK : berth_fail(BERTH_E_TYPE, "keyProvenance: no akName");
	if (strcmp(k->custody, berth_custody_name(BERTH_CUSTODY_HARDWARE)))
		return berth_fail(BERTH_E_TYPE, "keyProvenance: a TPM, and custody %s", k->custody);
	if ((rc = berth_req_bytes(o, "akName", k->ak_name, sizeof(k->ak_name))) ||
	    (rc = berth_req_blob(o, "akPub", k->ak_pub, sizeof(k->ak_pub), &k->ak_pub_len)) ||
	    (rc = berth_req_blob(o, "ekPub", k->ek_pub, sizeof(k->ek_pub), &k->ek_pub_len)) ||
	    (rc = berth_req_bytes(o, "ekCertSha256", k->ek_cert_sha256, 32)) ||
	    (rc = berth_req_bytes(o, "signName", k->sign_name, sizeof(k->sign_name))))
		return rc;
	return berth_req_bytes(o, "agreeName", k->agree_name, sizeof(k->agree_name));
}

static enum berth_err read_rv(struct berth_device_credential *dc, const struct berth_json *s)
{
	const struct berth_json *list;
	enum berth_err rc = berth_json_req_arr(s, "rv", BERTH_RV_MAX, &list);

	if (rc)
		return rc;
	berth_json_each(it, list) {
		struct berth_rv *rv = &dc->rv[dc->n_rv++];

		if ((rc = berth_req_did(it, "id", &rv->did)) ||
		    (rc = berth_json_req_str(it, "serviceEndpoint", URI_MAX, &rv->uri)))
			return rc;
	}
	return BERTH_OK;
}

static enum berth_err read_labels(struct berth_device_credential *dc, const struct berth_json *s)
{
	enum berth_err rc;

	if ((rc = berth_json_req_str(s, "serial", BERTH_LABEL_MAX, &dc->serial)) ||
	    (rc = berth_json_req_str(s, "model", BERTH_LABEL_MAX, &dc->model)) ||
	    (rc = berth_json_req_str(s, "hardware", BERTH_LABEL_MAX, &dc->hardware)))
		return rc;
	return berth_json_req_str(s, "firmware", BERTH_LABEL_MAX, &dc->firmware);
}

static enum berth_err read_subject(struct berth_device_credential *dc, const struct berth_json *s)
{
	const struct berth_json *k;
	enum berth_err rc;

	dc->factory_did = dc->obj.subject;
	dc->issued_s = dc->obj.issued_s;
	if (strncmp(dc->factory_did, "did:peer:2", 10) && (rc = berth_did_self_certifying(dc->factory_did)))
		return rc;
	if ((rc = read_labels(dc, s)) || (rc = berth_json_req_obj(s, "keyProvenance", &k)) ||
	    (rc = read_provenance(&dc->keys, k)) || (rc = berth_req_owner(s, "ownershipRoot", &dc->root)) ||
	    (rc = read_rv(dc, s)) || (rc = berth_json_req_int(s, "epoch0", 0, BERTH_COUNT_MAX, &dc->epoch0)) ||
	    (rc = berth_json_req_bool(s, "recovery", &dc->recovery)))
		return rc;
	if (berth_did_same(dc->root.did, dc->obj.issuer))
		return berth_fail(BERTH_E_TYPE, "ownershipRoot is the issuing key");
	return BERTH_OK;
}

enum berth_err berth_device_credential_parse(struct berth_device_credential *out, const char *compact, size_t n)
{
	const struct berth_json *s;
	enum berth_err rc;

	memset(out, 0, sizeof(*out));
	if ((rc = berth_object_open(&out->obj, BERTH_OBJECT_DEVICE, compact, n, &s)))
		return rc;
	return berth_object_opened(&out->obj, read_subject(out, s));
}

enum berth_err berth_root_hash(struct berth_hash *out, const struct berth_owner_ref *root)
{
	static const char label[] = "berth-root";	/* with its NUL */
	struct berth_buf b = BERTH_BUF_INIT;
	enum berth_err rc;

	berth_buf_put(&b, label, sizeof(label));
	if ((rc = berth_did_short(&b, root->did)))
		goto out;
	berth_buf_u8(&b, 0);
	berth_buf_put(&b, root->jkt, sizeof(root->jkt));
	if ((rc = berth_buf_status(&b)) == BERTH_OK)
		berth_sha256(out->b, b.p, b.len);
out:
	berth_buf_free(&b);
	return rc;
}
