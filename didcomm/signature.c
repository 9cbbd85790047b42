/* SPDX-License-Identifier: Apache-2.0 */
#include "didcomm/signature.h"

#include <string.h>

#include "did/codec/base64url.h"
#include "did/jose/jwk.h"
#include "did/jose/jws.h"
#include "did/url.h"

#define HEADER_MAX ((size_t)16 << 10)	/* a kid may be of a long did:peer:4 */

static enum berth_err text(const struct berth_json *o, const char *key, const char **out)
{
	*out = berth_json_str(berth_json_get(o, key));
	return *out ? BERTH_OK : berth_fail(BERTH_E_ENV, "signature: %s is missing or not a string", key);
}

static enum berth_err read_protected(struct berth_signature *s, const struct berth_json *from)
{
	struct berth_buf plain = BERTH_BUF_INIT;
	enum berth_err rc;

	if ((rc = text(from, "protected", &s->protected_b64)))
		return rc;
	if (strlen(s->protected_b64) > (HEADER_MAX + 2) / 3 * 4)
		return berth_fail(BERTH_E_SIZE, "signature: protected header");
	if (!(rc = berth_b64url_decode(&plain, s->protected_b64, strlen(s->protected_b64))) &&
	    !(rc = berth_json_parse_object(&s->header, (const char *)plain.p, plain.len, HEADER_MAX)) &&
	    !(rc = berth_jws_check_header(s->header)))
		rc = text(s->header, "alg", &s->alg);
	berth_buf_free(&plain);
	return rc;
}

/* What stands beside the protected header is nobody's word: a kid at most. */
static enum berth_err check_unprotected(const struct berth_signature *s, const struct berth_json *header)
{
	static const char *const keys[] = { "jwk", "jku", "x5c", "x5u" };
	static const char *const protected_only[] = { "alg", "typ", "cty", "crit", "b64" };

	if (header && !berth_json_is(header, BERTH_JSON_OBJECT))
		return berth_fail(BERTH_E_ENV, "signature: header is not an object");
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (berth_json_get(header, keys[i]))
			return berth_fail(BERTH_E_KEY, "signature: a key in the header");
	for (size_t i = 0; i < sizeof(protected_only) / sizeof(protected_only[0]); i++)
		if (berth_json_get(header, protected_only[i]))
			return berth_fail(BERTH_E_ENV, "signature: %s is not protected", protected_only[i]);
	berth_json_each(m, header)
		if (berth_json_get(s->header, berth_json_key(m)))
			return berth_fail(BERTH_E_ENV, "signature: a header stands twice");
	return BERTH_OK;
}

/* C024b: in `protected` or in `header`; both was refused as standing twice. */
static enum berth_err read_kid(struct berth_signature *s, const struct berth_json *header)
{
	const struct berth_json *kid = berth_json_get(s->header, "kid");

	if (!kid)
		kid = berth_json_get(header, "kid");
	s->kid = berth_json_str(kid);
	if (!s->kid || !berth_is_kid(s->kid))
		return berth_fail(BERTH_E_ENV, "signature: kid is not an absolute DID URL with a fragment");
	return BERTH_OK;
}

static enum berth_err read_one(struct berth_signatures *out, const struct berth_json *from)
{
	struct berth_signature *s = &out->sig[out->n++];
	const struct berth_json *header = berth_json_get(from, "header");
	enum berth_err rc;

	if ((rc = read_protected(s, from)) || (rc = check_unprotected(s, header)) || (rc = read_kid(s, header)) ||
	    (rc = text(from, "signature", &s->signature_b64)))
		return rc;
	for (struct berth_signature *other = out->sig; other < s; other++) {
		if (!berth_did_same(other->kid, s->kid))
			return berth_fail(BERTH_E_ENV, "signature: signatures of two DIDs");
		if (berth_did_url_same(other->kid, s->kid))
			return berth_fail(BERTH_E_ENV, "signature: a kid stands twice");
	}
	return BERTH_OK;
}

enum berth_err berth_signatures_read(struct berth_signatures *out, const struct berth_json *jws)
{
	const struct berth_json *list = berth_json_get(jws, "signatures");
	bool flat = berth_json_get(jws, "signature") || berth_json_get(jws, "protected") || berth_json_get(jws, "header");
	enum berth_err rc;

	memset(out, 0, sizeof(*out));
	if (flat && list)
		return berth_fail(BERTH_E_ENV, "signature: both general and flattened");
	if (flat)
		return read_one(out, jws);
	if (!berth_json_is(list, BERTH_JSON_ARRAY) || !berth_json_first(list))
		return berth_fail(BERTH_E_ENV, "signature: no signatures");
	if (berth_json_len(list) > BERTH_SIGNATURES_MAX)
		return berth_fail(BERTH_E_SIZE, "signature: %zu signatures", berth_json_len(list));
	berth_json_each(s, list)
		if ((rc = read_one(out, s)))
			return rc;
	return BERTH_OK;
}

void berth_signatures_free(struct berth_signatures *s)
{
	for (size_t i = 0; i < s->n; i++)
		berth_json_free(s->sig[i].header);
	memset(s, 0, sizeof(*s));
}

enum berth_err berth_signature_verify(struct berth_signature *s, const char *payload_b64, const struct berth_pubkey *key)
{
	struct berth_jws jws = { .header = s->header, .alg = s->alg, .kid = s->kid };
	struct berth_buf raw = BERTH_BUF_INIT;
	enum berth_err rc;

	if ((rc = berth_b64url_decode(&raw, s->signature_b64, strlen(s->signature_b64))))
		goto out;
	if (raw.len > sizeof(jws.sig)) {
		rc = berth_fail(BERTH_E_SIG, "signature of %zu bytes", raw.len);
		goto out;
	}
	if (raw.len)
		memcpy(jws.sig, raw.p, raw.len);
	jws.sig_len = raw.len;
	berth_buf_str(&jws.input, s->protected_b64);
	berth_buf_u8(&jws.input, '.');
	berth_buf_str(&jws.input, payload_b64);
	if (!(rc = berth_buf_status(&jws.input)) && !(rc = berth_jws_verify(&jws, key)))
		s->alg = berth_jws_alg(key->type);	/* the same word, but for good */
out:
	berth_buf_free(&jws.input);
	berth_buf_free(&raw);
	return rc;
}
