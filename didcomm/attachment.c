/* SPDX-License-Identifier: Apache-2.0 */
#include "didcomm/attachment.h"

#include <string.h>

#include "did/base/secret.h"
#include "did/codec/base64url.h"
#include "did/codec/jcs.h"
#include "did/codec/multibase.h"
#include "did/crypto/hash.h"
#include "didcomm/layers.h"
#include "didcomm/message.h"
#include "didcomm/signature.h"

#define ID_MAX 256
#define MEDIA_TYPE_MAX 256
#define HASH_MAX 256
#define LINKS_MAX 16
#define LINK_MAX 2048
#define TEXT_MAX 4096		/* what people read */
#define INT_MAX_JSON (((int64_t)1 << 53) - 1)

/* Detached (RFC 7515 appendix F), over base64 or what links are to. */
static enum berth_err check_jws(const struct berth_json *data)
{
	const struct berth_json *jws = NULL;
	enum berth_err rc = berth_json_opt_obj(data, "jws", &jws);

	if (rc || !jws)
		return rc;
	if (berth_json_get(jws, "payload"))
		return berth_fail(BERTH_E_TYPE, "attachment: jws is not detached");
	if (!berth_json_get(data, "base64") && !berth_json_get(data, "links"))
		return berth_fail(BERTH_E_TYPE, "attachment: jws over neither base64 nor links");
	return BERTH_OK;
}

static enum berth_err check_data(const struct berth_json *data)
{
	const struct berth_json *links = NULL;
	const char *base64 = NULL, *hash = NULL;
	enum berth_err rc;

	if ((rc = berth_json_opt_str(data, "base64", BERTH_JSON_MAX, &base64)) ||
	    (rc = berth_json_opt_str(data, "hash", HASH_MAX, &hash)) ||
	    (rc = berth_json_opt_arr(data, "links", LINKS_MAX, &links)))
		return rc;
	berth_json_each(link, links)
		if (!berth_json_str(link) || strlen(berth_json_str(link)) > LINK_MAX)
			return berth_fail(BERTH_E_TYPE, "attachment: links");
	if (links && !hash)
		return berth_fail(BERTH_E_TYPE, "attachment: links without hash");
	if (!berth_json_first(links) && !base64 && !berth_json_get(data, "json"))
		return berth_fail(BERTH_E_TYPE, "attachment: data has no content");
	return check_jws(data);
}

static enum berth_err check_one(const struct berth_json *a)
{
	static const struct { const char *name; size_t max; } texts[] = {
		{ "id", ID_MAX }, { "media_type", MEDIA_TYPE_MAX }, { "format", MEDIA_TYPE_MAX },
		{ "filename", ID_MAX }, { "description", TEXT_MAX },
	};
	const struct berth_json *data = NULL;
	const char *text = NULL;
	int64_t n;
	enum berth_err rc;

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if ((rc = berth_json_opt_str(a, texts[i].name, texts[i].max, &text)))
			return rc;
	if ((rc = berth_json_opt_int(a, "lastmod_time", 0, INT_MAX_JSON, &n)) ||
	    (rc = berth_json_opt_int(a, "byte_count", 0, INT_MAX_JSON, &n)) ||
	    (rc = berth_json_req_obj(a, "data", &data)))
		return rc;
	return check_data(data);
}

/* An id names one attachment; two with the same could be told apart by nobody. */
static enum berth_err check_id(const struct berth_json *list, const struct berth_json *a)
{
	const char *id = berth_json_str(berth_json_get(a, "id"));

	for (const struct berth_json *b = berth_json_first(list); id && b != a; b = berth_json_next(b)) {
		const char *other = berth_json_str(berth_json_get(b, "id"));

		if (other && strcmp(id, other) == 0)
			return berth_fail(BERTH_E_TYPE, "attachment: two with one id");
	}
	return BERTH_OK;
}

enum berth_err berth_attachments_check(const struct berth_json *attachments)
{
	berth_json_each(a, attachments) {
		enum berth_err rc;

		if ((rc = check_one(a)) || (rc = check_id(attachments, a)))
			return rc;
	}
	return BERTH_OK;
}

/* Both nodes are taken over in every case. */
static enum berth_err build(struct berth_json **out, const char *id, const char *media_type,
			    const char *kind, struct berth_json *content)
{
	struct berth_json *a = berth_json_new_object(), *data = berth_json_new_object();
	enum berth_err rc;

	*out = NULL;
	if ((rc = berth_json_set(data, kind, content)) || (rc = berth_json_set_str(a, "id", id)) ||
	    (rc = berth_json_set_str(a, "media_type", media_type)))
		goto out;
	rc = berth_json_set(a, "data", data);
	data = NULL;
	if (rc)
		goto out;
	*out = a;
	a = NULL;
out:
	berth_json_free(data);
	berth_json_free(a);
	return rc;
}

enum berth_err berth_attachment_json(struct berth_json **out, const char *id, struct berth_json *take)
{
	return build(out, id, "application/json", "json", take);
}

enum berth_err berth_attachment_bytes(struct berth_json **out, const char *id, const char *media_type,
				      const void *p, size_t n)
{
	struct berth_buf text = BERTH_BUF_INIT;
	enum berth_err rc;

	*out = NULL;
	berth_b64url_encode(&text, p, n);
	rc = berth_buf_status(&text);
	if (!rc)
		rc = build(out, id, media_type, "base64", berth_json_new_str(berth_buf_cstr(&text)));
	berth_buf_free(&text);
	return rc;
}

enum berth_err berth_attachment_signer(const struct berth_json *attachment, struct berth_resolver *resolver, char **kid)
{
	const struct berth_json *data = berth_json_get(attachment, "data"), *jws = berth_json_get(data, "jws");
	const char *base64 = berth_json_str(berth_json_get(data, "base64"));
	struct berth_signatures of;
	struct berth_pubkey key;
	enum berth_err rc;

	*kid = NULL;
	if (!jws)
		return berth_fail(BERTH_E_TYPE, "attachment: nobody signed it");
	if (!base64)
		return berth_fail(BERTH_E_NETPOL, "attachment: links are not followed");
	rc = berth_signatures_read(&of, jws);
	for (size_t i = 0; !rc && i < of.n; i++)
		if (!(rc = berth_unpack_key(resolver, of.sig[i].kid, BERTH_REL_AUTHENTICATION, &key)))
			rc = berth_signature_verify(&of.sig[i], base64, &key);
	if (!rc && !(*kid = strdup(of.sig[0].kid)))
		rc = berth_no_memory();
	berth_signatures_free(&of);
	return rc;
}

/* hash is a multihash in multibase; sha2-256 is the one we know. */
static enum berth_err check_hash(const char *hash, const uint8_t *p, size_t n)
{
	uint8_t want[2 + BERTH_SHA256_LEN] = { BERTH_CODEC_SHA2_256, BERTH_SHA256_LEN };
	struct berth_buf got = BERTH_BUF_INIT;
	enum berth_err rc = berth_multibase_decode(&got, hash, strlen(hash));

	berth_sha256(want + 2, p, n);
	if (rc == BERTH_E_NOMEM)
		goto out;
	rc = BERTH_OK;
	if (got.len != sizeof(want) || !berth_equal_ct(got.p, want, sizeof(want)))
		rc = berth_fail(BERTH_E_TYPE, "attachment: hash is not that of the content");
out:
	berth_buf_free(&got);
	return rc;
}

enum berth_err berth_attachment_read(const struct berth_json *attachment, struct berth_buf *out)
{
	const struct berth_json *data = berth_json_get(attachment, "data");
	const struct berth_json *json = berth_json_get(data, "json");
	const char *base64 = berth_json_str(berth_json_get(data, "base64"));
	const char *hash = berth_json_str(berth_json_get(data, "hash"));
	size_t start = out->len;
	enum berth_err rc;

	if (json)
		rc = berth_jcs(out, json);
	else if (base64)
		rc = berth_b64url_decode(out, base64, strlen(base64));
	else
		rc = berth_fail(BERTH_E_NETPOL, "attachment: links are not followed");
	if (!rc)
		rc = berth_buf_status(out);
	if (!rc && hash)
		rc = check_hash(hash, (const uint8_t *)berth_buf_cstr(out) + start, out->len - start);
	return rc;
}
