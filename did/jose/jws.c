/* SPDX-License-Identifier: Apache-2.0 */
/* RFC 7515 compact serialization: b64url(header) '.' b64url(payload) '.' b64url(sig) */
#include "did/jose/jws.h"

#include <string.h>

#include "did/base/secret.h"
#include "did/codec/base64url.h"
#include "did/codec/did_text.h"
#include "did/crypto/keypair.h"
#include "did/crypto/sign.h"
#include "did/jose/jwk.h"

#define HEADER_B64_MAX ((BERTH_JWS_HEADER_MAX * 4 + 2) / 3)
#define SIG_B64_MAX ((BERTH_SIG_MAX * 4 + 2) / 3)

/* Keys that a sender could choose for us (CVE-2018-0114 class). */
static const char *const key_members[] = { "jwk", "jku", "x5c", "x5u" };

static bool is_our_alg(const char *alg)
{
	for (enum berth_key_type t = BERTH_KEY_NONE; t < BERTH_KEY__COUNT; t++)
		if (berth_jws_alg(t) && strcmp(berth_jws_alg(t), alg) == 0)
			return true;
	return false;
}

static bool is_str_or_absent(const struct berth_json *header, const char *name)
{
	const struct berth_json *v = berth_json_get(header, name);

	return !v || berth_json_is(v, BERTH_JSON_STRING);
}

enum berth_err berth_jws_check_header(const struct berth_json *header)
{
	const char *alg = berth_json_str(berth_json_get(header, "alg"));

	if (!berth_json_is(header, BERTH_JSON_OBJECT))
		return berth_fail(BERTH_E_ENV, "JWS header: not an object");
	for (size_t i = 0; i < sizeof(key_members) / sizeof(key_members[0]); i++)
		if (berth_json_get(header, key_members[i]))
			return berth_fail(BERTH_E_KEY, "JWS header: brings its own key in %s", key_members[i]);
	/* RFC 7515 4.1.11: extensions that are not understood make the JWS invalid;
	 * we understand none, and RFC 7797's b64 is one of them. */
	if (berth_json_get(header, "crit") || berth_json_get(header, "b64"))
		return berth_fail(BERTH_E_ENV, "JWS header: crit or b64");
	if (!alg || !is_str_or_absent(header, "kid") || !is_str_or_absent(header, "typ"))
		return berth_fail(BERTH_E_ENV, "JWS header: alg, kid or typ is not a string");
	if (!is_our_alg(alg))
		return berth_fail(BERTH_E_ALG, "JWS alg %.20s", alg);
	return BERTH_OK;
}

static enum berth_err parse_header(struct berth_jws *j, const char *p, size_t n)
{
	struct berth_buf text = BERTH_BUF_INIT;
	enum berth_err rc;

	if (n > HEADER_B64_MAX)
		return berth_fail(BERTH_E_SIZE, "JWS header of %zu bytes", n);
	if ((rc = berth_b64url_decode(&text, p, n)) ||
	    (rc = berth_json_parse(&j->header, berth_buf_cstr(&text), text.len, BERTH_JWS_HEADER_MAX)) ||
	    (rc = berth_jws_check_header(j->header)))
		goto out;
	j->alg = berth_json_str(berth_json_get(j->header, "alg"));
	j->kid = berth_json_str(berth_json_get(j->header, "kid"));
	j->typ = berth_json_str(berth_json_get(j->header, "typ"));
	if (j->kid && strlen(j->kid) > BERTH_KID_MAX)
		rc = berth_fail(BERTH_E_SIZE, "JWS kid of %zu bytes", strlen(j->kid));
out:
	berth_buf_free(&text);
	return rc;
}

static enum berth_err parse_sig(struct berth_jws *j, const char *p, size_t n)
{
	struct berth_buf sig = BERTH_BUF_INIT;
	enum berth_err rc;

	if (n > SIG_B64_MAX)
		return berth_fail(BERTH_E_SIG, "JWS signature of %zu characters", n);
	if ((rc = berth_b64url_decode(&sig, p, n)) == BERTH_OK && (j->sig_len = sig.len))
		memcpy(j->sig, sig.p, sig.len);
	berth_buf_free(&sig);
	return rc;
}

enum berth_err berth_jws_parse(struct berth_jws *out, const char *compact, size_t n, size_t max)
{
	const char *dot1, *dot2 = NULL, *end = compact + n;
	enum berth_err rc;

	memset(out, 0, sizeof(*out));
	if (n > max)
		return berth_fail(BERTH_E_SIZE, "JWS of %zu bytes, at most %zu", n, max);
	if ((dot1 = memchr(compact, '.', n)))
		dot2 = memchr(dot1 + 1, '.', (size_t)(end - dot1 - 1));
	if (!dot2 || memchr(dot2 + 1, '.', (size_t)(end - dot2 - 1)))
		return berth_fail(BERTH_E_ENV, "JWS: not three parts");
	if ((rc = parse_header(out, compact, (size_t)(dot1 - compact))) ||
	    (rc = berth_b64url_decode(&out->payload, dot1 + 1, (size_t)(dot2 - dot1 - 1))) ||
	    (rc = parse_sig(out, dot2 + 1, (size_t)(end - dot2 - 1))))
		goto out;
	berth_buf_put(&out->input, compact, (size_t)(dot2 - compact));
	rc = berth_buf_status(&out->input);
out:
	if (rc)
		berth_jws_free(out);
	return rc;
}

void berth_jws_free(struct berth_jws *j)
{
	if (!j)
		return;
	berth_json_free(j->header);
	berth_buf_free(&j->payload);
	berth_buf_free(&j->input);
	memset(j, 0, sizeof(*j));
}

enum berth_err berth_jws_require_kid(const struct berth_jws *j)
{
	if (!j->kid || !berth_is_kid(j->kid))
		return berth_fail(BERTH_E_ENV, "JWS: kid is not an absolute DID URL with a fragment");
	return BERTH_OK;
}

enum berth_err berth_jws_verify(const struct berth_jws *j, const struct berth_pubkey *key)
{
	const char *alg = berth_jws_alg(key->type);

	if (!alg || !j->alg || strcmp(alg, j->alg) != 0)
		return berth_fail(BERTH_E_ALG, "JWS alg %.20s with a key of type %s",
				  j->alg ? j->alg : "-", berth_key_type_name(key->type));
	return berth_verify(key, j->input.p, j->input.len, j->sig, j->sig_len);
}

enum berth_err berth_jws_signing_input(struct berth_buf *out, const struct berth_json *header,
				       const void *payload, size_t len)
{
	struct berth_buf text = BERTH_BUF_INIT;
	enum berth_err rc;

	if ((rc = berth_json_print(&text, header)) == BERTH_OK) {
		berth_b64url_encode(out, text.p, text.len);
		berth_buf_u8(out, '.');
		berth_b64url_encode(out, payload, len);
		rc = berth_buf_status(out);
	}
	berth_buf_free(&text);
	return rc;
}

enum berth_err berth_jws_compact(struct berth_buf *out, const struct berth_buf *header_b64,
				 const void *payload, size_t len, const struct berth_buf *sig)
{
	berth_buf_put(out, header_b64->p, header_b64->len);
	berth_buf_u8(out, '.');
	berth_b64url_encode(out, payload, len);
	berth_buf_u8(out, '.');
	berth_b64url_encode(out, sig->p, sig->len);
	return berth_buf_status(out);
}
