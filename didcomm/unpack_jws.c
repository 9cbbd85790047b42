/* SPDX-License-Identifier: Apache-2.0 */
#include "didcomm/layers.h"

#include <stdlib.h>
#include <string.h>

#include "did/codec/base64url.h"
#include "did/jose/jwk.h"
#include "did/jose/jws.h"
#include "did/url.h"
#include "didcomm/media.h"

#define HEADER_MAX ((size_t)16 << 10)	/* a kid may be of a long did:peer:4 */

/* One entry of `signatures`.  The strings point into the two trees. */
struct signature {
	const char *protected_b64, *signature_b64, *kid, *alg;
	struct berth_json *header;	/* owned */
};

struct signed_message {
	struct berth_json *json;	/* owned */
	const char *payload_b64;
	struct signature sigs[BERTH_SIGNATURES_MAX];
	size_t n;
};

static void free_signed(struct signed_message *m)
{
	for (size_t i = 0; i < BERTH_SIGNATURES_MAX; i++)
		berth_json_free(m->sigs[i].header);
	berth_json_free(m->json);
}

static enum berth_err text(const struct berth_json *o, const char *key, const char **out)
{
	*out = berth_json_str(berth_json_get(o, key));
	return *out ? BERTH_OK : berth_fail(BERTH_E_ENV, "signed message: %s is missing or not a string", key);
}

static enum berth_err read_protected(struct signature *s, const struct berth_json *from)
{
	struct berth_buf plain = BERTH_BUF_INIT;
	enum berth_err rc;

	if ((rc = text(from, "protected", &s->protected_b64)))
		return rc;
	if (strlen(s->protected_b64) > (HEADER_MAX + 2) / 3 * 4)
		return berth_fail(BERTH_E_SIZE, "signed message: protected header");
	if ((rc = berth_b64url_decode(&plain, s->protected_b64, strlen(s->protected_b64))))
		goto out;
	rc = berth_json_parse_object(&s->header, (const char *)plain.p, plain.len, HEADER_MAX);
out:
	berth_buf_free(&plain);
	return rc;
}

/* SPEC signature: EdDSA, ES256 and ES256K; ES384 and ES512 are read besides.  typ
 * keeps apart what is signed for different uses (C033); the spec's own example
 * writes "JWM". */
static enum berth_err check_protected(struct signature *s)
{
	const char *typ = berth_json_str(berth_json_get(s->header, "typ"));
	enum berth_err rc;

	if ((rc = berth_jws_check_header(s->header)) || (rc = text(s->header, "alg", &s->alg)))
		return rc;
	if (!typ || (berth_media_parse(typ) != BERTH_MEDIA_IS_SIGNED && strcmp(typ, "JWM") != 0))
		return berth_fail(BERTH_E_ENV, "signed message: typ");
	return BERTH_OK;
}

/* What stands beside the protected header is nobody's word: a kid at most. */
static enum berth_err check_unprotected(const struct signature *s, const struct berth_json *header)
{
	static const char *const keys[] = { "jwk", "jku", "x5c", "x5u" };
	static const char *const protected_only[] = { "alg", "typ", "cty", "crit", "b64" };

	if (header && !berth_json_is(header, BERTH_JSON_OBJECT))
		return berth_fail(BERTH_E_ENV, "signed message: header is not an object");
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (berth_json_get(header, keys[i]))
			return berth_fail(BERTH_E_KEY, "signed message: a key in the header");
	for (size_t i = 0; i < sizeof(protected_only) / sizeof(protected_only[0]); i++)
		if (berth_json_get(header, protected_only[i]))
			return berth_fail(BERTH_E_ENV, "signed message: %s is not protected", protected_only[i]);
	berth_json_each(m, header)
		if (berth_json_get(s->header, berth_json_key(m)))
			return berth_fail(BERTH_E_ENV, "signed message: a header stands twice");
	return BERTH_OK;
}

/* C024b: in `protected` or in `header`; both was refused as standing twice. */
static enum berth_err read_kid(struct signature *s, const struct berth_json *header)
{
	const struct berth_json *kid = berth_json_get(s->header, "kid");

	if (!kid)
		kid = berth_json_get(header, "kid");
	s->kid = berth_json_str(kid);
	if (!s->kid || !berth_is_kid(s->kid))
		return berth_fail(BERTH_E_ENV, "signed message: kid is not an absolute DID URL with a fragment");
	return BERTH_OK;
}

static enum berth_err read_signature(struct signed_message *m, const struct berth_json *from)
{
	struct signature *s = &m->sigs[m->n];
	const struct berth_json *header = berth_json_get(from, "header");
	enum berth_err rc;

	m->n++;
	if ((rc = read_protected(s, from)) || (rc = check_protected(s)) ||
	    (rc = check_unprotected(s, header)) || (rc = read_kid(s, header)) ||
	    (rc = text(from, "signature", &s->signature_b64)))
		return rc;
	for (struct signature *other = m->sigs; other < s; other++) {
		if (!berth_did_same(other->kid, s->kid))
			return berth_fail(BERTH_E_ENV, "signed message: signatures of two DIDs");
		if (berth_did_url_same(other->kid, s->kid))
			return berth_fail(BERTH_E_ENV, "signed message: a kid stands twice");
	}
	return BERTH_OK;
}

static enum berth_err read_signed(struct signed_message *m)
{
	const struct berth_json *list = berth_json_get(m->json, "signatures");
	bool flat = berth_json_get(m->json, "signature") || berth_json_get(m->json, "protected") ||
		    berth_json_get(m->json, "header");
	enum berth_err rc;

	if ((rc = text(m->json, "payload", &m->payload_b64)))
		return rc;
	if (flat && list)
		return berth_fail(BERTH_E_ENV, "signed message: both general and flattened");
	if (flat)
		return read_signature(m, m->json);
	if (!berth_json_is(list, BERTH_JSON_ARRAY) || !berth_json_first(list))
		return berth_fail(BERTH_E_ENV, "signed message: no signatures");
	if (berth_json_len(list) > BERTH_SIGNATURES_MAX)
		return berth_fail(BERTH_E_SIZE, "signed message: %zu signatures", berth_json_len(list));
	berth_json_each(s, list)
		if ((rc = read_signature(m, s)))
			return rc;
	return BERTH_OK;
}

/* C056: nothing but a plaintext message can be signed. */
static enum berth_err read_payload(struct berth_unpacking *s, const struct signed_message *m)
{
	struct berth_buf plain = BERTH_BUF_INIT;
	struct berth_json *json = NULL;
	enum berth_err rc;

	if ((rc = berth_b64url_decode(&plain, m->payload_b64, strlen(m->payload_b64))) ||
	    (rc = berth_json_parse_object(&json, (const char *)plain.p, plain.len, BERTH_PACKED_MAX)))
		goto out;
	if (berth_envelope_kind(json) != BERTH_LAYER_PLAINTEXT) {
		rc = berth_fail(BERTH_E_ENV, "signed message: an envelope is signed");
		goto out;
	}
	rc = berth_message_from_json(&s->u->msg, json);
	json = NULL;
out:
	berth_json_free(json);
	berth_buf_free(&plain);
	return rc;
}

static enum berth_err verify(struct berth_unpacking *s, const struct signed_message *m, struct signature *sig)
{
	struct berth_jws jws = { .header = sig->header, .alg = sig->alg, .kid = sig->kid };
	struct berth_buf raw = BERTH_BUF_INIT;
	struct berth_pubkey key;
	enum berth_err rc;

	if ((rc = berth_b64url_decode(&raw, sig->signature_b64, strlen(sig->signature_b64))) ||
	    (rc = berth_unpack_key(s, sig->kid, BERTH_REL_AUTHENTICATION, &key)))
		goto out;
	if (raw.len > sizeof(jws.sig)) {
		rc = berth_fail(BERTH_E_SIG, "signed message: signature of %zu bytes", raw.len);
		goto out;
	}
	if (raw.len)
		memcpy(jws.sig, raw.p, raw.len);
	jws.sig_len = raw.len;
	berth_buf_str(&jws.input, sig->protected_b64);
	berth_buf_u8(&jws.input, '.');
	berth_buf_str(&jws.input, m->payload_b64);
	if (!(rc = berth_buf_status(&jws.input)))
		rc = berth_jws_verify(&jws, &key);
	if (!rc)
		sig->alg = berth_jws_alg(key.type);	/* the same word, but ours for good */
out:
	berth_buf_free(&jws.input);
	berth_buf_free(&raw);
	return rc;
}

/* C026: every signature must be good, or the message is not signed. */
static enum berth_err verify_all(struct berth_unpacking *s, struct signed_message *m)
{
	struct berth_unpacked *u = s->u;
	enum berth_err rc;

	for (size_t i = 0; i < m->n; i++)
		if ((rc = verify(s, m, &m->sigs[i])))
			return rc;
	if (!(u->sign_from = strdup(m->sigs[0].kid)))
		return berth_fail(BERTH_E_NOMEM, "unpack: kid");
	u->sign_alg = m->sigs[0].alg;
	u->authenticated = u->non_repudiation = true;
	return BERTH_OK;
}

enum berth_err berth_unpack_jws(struct berth_unpacking *s, struct berth_json *json)
{
	struct signed_message m = { .json = json };
	enum berth_err rc;

	if ((rc = berth_layer_enter(s, BERTH_LAYER_SIGNED)) || (rc = read_signed(&m)) ||
	    (rc = read_payload(s, &m)) || (rc = berth_addressing_check(s, m.sigs[0].kid)))
		goto out;
	rc = verify_all(s, &m);
out:
	free_signed(&m);
	return rc;
}

/* Three parts of text as one JSON string each; the parts' alphabet is checked
 * where they are decoded. */
enum berth_err berth_unpack_expand_compact(struct berth_json **out, const char *p, size_t n)
{
	static const char *const names[] = { "protected", "payload", "signature" };
	struct berth_json *json = berth_json_new_object();
	const char *end = p + n;
	enum berth_err rc = json ? BERTH_OK : berth_fail(BERTH_E_NOMEM, "unpack: compact");

	*out = NULL;
	for (size_t i = 0; !rc && i < 3; i++) {
		const char *dot = memchr(p, '.', (size_t)(end - p));
		const char *stop = dot ? dot : end;
		char *part;

		if (!dot != (i == 2) || memchr(p, 0, (size_t)(stop - p))) {
			rc = berth_fail(BERTH_E_ENV, "unpack: not a compact JWS");
			break;
		}
		part = strndup(p, (size_t)(stop - p));
		rc = part ? berth_json_set_str(json, names[i], part) : berth_fail(BERTH_E_NOMEM, "unpack: compact");
		free(part);
		p = dot ? dot + 1 : end;
	}
	if (rc) {
		berth_json_free(json);
		return rc;
	}
	*out = json;
	return BERTH_OK;
}
