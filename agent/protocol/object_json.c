/* SPDX-License-Identifier: Apache-2.0 */
/* Members of the onboarding objects: bytes, DIDs, lists. */
#include <string.h>

#include "agent/protocol/object.h"
#include "did/codec/base64url.h"
#include "did/keystore/keystore.h"
#include "did/url.h"

#define BYTES_MAX 1024	/* of any byte string in an object */

enum berth_err berth_req_bytes(const struct berth_json *o, const char *key, void *out, size_t n)
{
	const char *s;
	enum berth_err rc = berth_json_req_str(o, key, BYTES_MAX * 4 / 3 + 2, &s);

	return rc ? rc : berth_b64url_decode_fixed(out, n, s, strlen(s));
}

enum berth_err berth_req_blob(const struct berth_json *o, const char *key, uint8_t *out, size_t max, size_t *n)
{
	struct berth_buf b = BERTH_BUF_INIT;
	const char *s;
	enum berth_err rc;

	*n = 0;
	if ((rc = berth_json_req_str(o, key, max * 4 / 3 + 2, &s)) ||
	    (rc = berth_b64url_decode(&b, s, strlen(s))))
		goto out;
	if (b.len == 0 || b.len > max) {
		rc = berth_fail(BERTH_E_SIZE, "%s: %zu bytes", key, b.len);
		goto out;
	}
	memcpy(out, b.p, b.len);
	*n = b.len;
out:
	berth_buf_free(&b);
	return rc;
}

enum berth_err berth_req_did(const struct berth_json *o, const char *key, const char **out)
{
	enum berth_err rc = berth_json_req_str(o, key, BERTH_DID_URL_MAX, out);

	if (rc)
		return rc;
	return berth_is_did(*out) ? BERTH_OK : berth_fail(BERTH_E_TYPE, "%s: not a DID", key);
}

enum berth_err berth_set_did_short(struct berth_json *o, const char *key, const char *did)
{
	struct berth_buf b = BERTH_BUF_INIT;
	enum berth_err rc = berth_did_short(&b, did);

	if (!rc)
		rc = berth_json_set_str(o, key, berth_buf_cstr(&b));
	berth_buf_free(&b);
	return rc;
}

enum berth_err berth_set_owner(struct berth_json *o, const char *key, const struct berth_owner_ref *ref)
{
	struct berth_json *v = berth_json_new_object();
	enum berth_err rc;

	if ((rc = berth_json_set_str(v, "id", ref->did)) || (rc = berth_json_set_b64url(v, "jkt", ref->jkt, 32))) {
		berth_json_free(v);
		return rc;
	}
	return berth_json_set(o, key, v);
}

enum berth_err berth_req_owner(const struct berth_json *o, const char *key, struct berth_owner_ref *out)
{
	const struct berth_json *v;
	enum berth_err rc = berth_json_req_obj(o, key, &v);

	if (rc || (rc = berth_req_did(v, "id", &out->did)))
		return rc;
	return berth_req_bytes(v, "jkt", out->jkt, 32);
}

enum berth_err berth_set_strings(struct berth_json *o, const char *key, const char *const *s, size_t n)
{
	struct berth_json *list;
	enum berth_err rc = berth_json_set_array(o, key, &list);

	for (size_t i = 0; i < n && !rc; i++)
		rc = berth_json_push_str(list, s[i]);
	return rc;
}

enum berth_err berth_opt_strings(const struct berth_json *o, const char *key, size_t max, size_t len,
				 const char **out, size_t *n)
{
	const struct berth_json *list = NULL;
	enum berth_err rc;

	*n = 0;
	if ((rc = berth_json_opt_arr(o, key, max, &list)))
		return rc;
	berth_json_each(it, list) {
		const char *s = berth_json_str(it);

		if (!s || !*s)
			return berth_fail(BERTH_E_TYPE, "%s[%zu]: not text", key, *n);
		if (strlen(s) > len)
			return berth_fail(BERTH_E_SIZE, "%s[%zu]: more than %zu bytes", key, *n, len);
		out[(*n)++] = s;
	}
	return BERTH_OK;
}

enum berth_err berth_req_custody(const struct berth_json *o, const char **out)
{
	enum berth_err rc = berth_json_req_str(o, "custody", 16, out);

	if (rc)
		return rc;
	for (enum berth_custody c = BERTH_CUSTODY_SOFTWARE; c <= BERTH_CUSTODY_HARDWARE; c++)
		if (!strcmp(*out, berth_custody_name(c)))
			return BERTH_OK;
	return berth_fail(BERTH_E_TYPE, "custody: %.16s is none", *out);
}
