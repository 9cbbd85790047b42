/* SPDX-License-Identifier: Apache-2.0 */
#include "did/jose/jwk.h"

#include <stdio.h>
#include <string.h>

#include "did/base/buf.h"
#include "did/base/secret.h"
#include "did/codec/base64url.h"
#include "did/crypto/hash.h"
#include "did/crypto/keypair.h"

/* longest "x": P-521, 66 bytes as base64url */
#define COORDINATE_B64_MAX 88

static const struct row {
	enum berth_key_type type;
	const char *kty, *crv;
	const char *alg;	/* of JWS; NULL: the key does not sign */
} table[] = {
	{ BERTH_KEY_ED25519,	"OKP", "Ed25519",   "EdDSA"  },
	{ BERTH_KEY_X25519,	"OKP", "X25519",    NULL     },
	{ BERTH_KEY_P256,	"EC",  "P-256",     "ES256"  },
	{ BERTH_KEY_P384,	"EC",  "P-384",     "ES384"  },
	{ BERTH_KEY_P521,	"EC",  "P-521",     "ES512"  },
	{ BERTH_KEY_SECP256K1,	"EC",  "secp256k1", "ES256K" },
};

static const struct row *row_of(enum berth_key_type type)
{
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (table[i].type == type)
			return &table[i];
	return NULL;
}

static bool is_okp(enum berth_key_type type)
{
	return type == BERTH_KEY_ED25519 || type == BERTH_KEY_X25519;
}

const char *berth_jws_alg(enum berth_key_type type)
{
	const struct row *r = row_of(type);

	return r ? r->alg : NULL;
}

enum berth_key_type berth_jwk_type(const struct berth_json *jwk)
{
	const char *kty = berth_json_str(berth_json_get(jwk, "kty"));
	const char *crv = berth_json_str(berth_json_get(jwk, "crv"));

	for (size_t i = 0; kty && crv && i < sizeof(table) / sizeof(table[0]); i++)
		if (strcmp(table[i].kty, kty) == 0 && strcmp(table[i].crv, crv) == 0)
			return table[i].type;
	return BERTH_KEY_NONE;
}

/* ---- what a key may be used for ---- */

#define SIGN 1u
#define AGREE 2u

static unsigned of_use(const char *use)
{
	if (strcmp(use, "sig") == 0)
		return SIGN;
	return strcmp(use, "enc") == 0 ? AGREE : 0;
}

static unsigned of_alg(const char *alg, const char *jws_alg)
{
	if (jws_alg && strcmp(alg, jws_alg) == 0)
		return SIGN;
	if (strcmp(alg, "ECDH-ES") == 0 || strncmp(alg, "ECDH-ES+", 8) == 0)
		return AGREE;
	return strcmp(alg, "ECDH-1PU") == 0 || strncmp(alg, "ECDH-1PU+", 9) == 0 ? AGREE : 0;
}

static unsigned of_op(const char *op)
{
	if (strcmp(op, "sign") == 0 || strcmp(op, "verify") == 0)
		return SIGN;
	return strcmp(op, "deriveKey") == 0 || strcmp(op, "deriveBits") == 0 ? AGREE : 0;
}

/* RFC 7517 4.3: "Duplicate key operation values MUST NOT be present in the
 * array".  0 when the array is malformed or names nothing these keys do. */
static unsigned of_key_ops(const struct berth_json *ops)
{
	unsigned mask = 0;

	berth_json_each(op, ops) {
		if (!berth_json_str(op))
			return 0;
		for (const struct berth_json *o = berth_json_next(op); o; o = berth_json_next(o))
			if (berth_json_equal(o, op))
				return 0;
		mask |= of_op(berth_json_str(op));
	}
	return mask;
}

/* What all of type, use, alg and key_ops allow; 0: they contradict each other. */
static unsigned uses(const struct berth_json *jwk, enum berth_key_type type)
{
	const struct berth_json *use = berth_json_get(jwk, "use");
	const struct berth_json *alg = berth_json_get(jwk, "alg");
	const struct berth_json *ops = berth_json_get(jwk, "key_ops");
	unsigned mask = (berth_key_can_sign(type) ? SIGN : 0) | (berth_key_can_agree(type) ? AGREE : 0);

	if ((use && !berth_json_str(use)) || (alg && !berth_json_str(alg)) ||
	    (ops && !berth_json_is(ops, BERTH_JSON_ARRAY)))
		return 0;
	if (use)
		mask &= of_use(berth_json_str(use));
	if (alg)
		mask &= of_alg(berth_json_str(alg), berth_jws_alg(type));
	if (ops)
		mask &= of_key_ops(ops);
	return mask;
}

bool berth_jwk_may_sign(const struct berth_json *jwk)
{
	return uses(jwk, berth_jwk_type(jwk)) & SIGN;
}

bool berth_jwk_may_agree(const struct berth_json *jwk)
{
	return uses(jwk, berth_jwk_type(jwk)) & AGREE;
}

/* ---- reading ---- */

/* RFC 7518 6.2.1.2: "The length of this octet string MUST be the full size of a
 * coordinate for the curve" and likewise for d and for RFC 8037. */
static enum berth_err octets(uint8_t *out, size_t want, const struct berth_json *jwk, const char *name)
{
	const char *s = berth_json_str(berth_json_get(jwk, name));
	struct berth_buf b = BERTH_BUF_INIT;
	enum berth_err rc;

	if (!s)
		return berth_fail(BERTH_E_KEY, "JWK: no %s", name);
	/* there is one length that can be right; another one is only looked at to say what
	 * is wrong */
	if (strlen(s) == (want * 8 + 5) / 6)
		return berth_b64url_decode_fixed(out, want, s, strlen(s));
	if (*s == '\0')
		return berth_fail(BERTH_E_B64, "JWK: empty %s", name);
	if (strlen(s) > COORDINATE_B64_MAX)
		return berth_fail(BERTH_E_KEY, "JWK: %s too long", name);
	if ((rc = berth_b64url_decode(&b, s, strlen(s))) == BERTH_OK)
		rc = berth_fail(BERTH_E_KEY, "JWK: %s has %zu bytes, not %zu", name, b.len, want);
	berth_buf_free(&b);
	return rc;
}

enum berth_err berth_jwk_parse(struct berth_pubkey *out, const struct berth_json *jwk)
{
	enum berth_key_type type = berth_jwk_type(jwk);
	size_t size = berth_key_size(type);
	uint8_t x[BERTH_PRIVKEY_MAX], y[BERTH_PRIVKEY_MAX];
	enum berth_err rc;

	memset(out, 0, sizeof(*out));
	if (type == BERTH_KEY_NONE)
		return berth_fail(BERTH_E_KEY, "JWK: kty and crv name no key type of ours");
	if (uses(jwk, type) == 0)
		return berth_fail(BERTH_E_KEY, "JWK: use, key_ops or alg do not fit the key");
	if ((rc = octets(x, size, jwk, "x")))
		return rc;
	if (is_okp(type))
		return berth_pubkey_import(out, type, x, size);
	if ((rc = octets(y, size, jwk, "y")))
		return rc;
	return berth_pubkey_import_xy(out, type, x, y, size);
}

enum berth_err berth_jwk_parse_text(struct berth_pubkey *out, const char *jwk)
{
	struct berth_json *v;
	enum berth_err rc;

	if ((rc = berth_json_parse_object(&v, jwk, strlen(jwk), BERTH_JWK_MAX)))
		return rc;
	rc = berth_jwk_parse(out, v);
	berth_json_free(v);
	return rc;
}

enum berth_err berth_jwk_parse_private(struct berth_privkey *out, const struct berth_json *jwk)
{
	uint8_t d[BERTH_PRIVKEY_MAX];
	struct berth_pubkey pub;
	enum berth_err rc;

	memset(out, 0, sizeof(*out));
	if ((rc = berth_jwk_parse(&pub, jwk)) ||
	    (rc = octets(d, berth_key_size(pub.type), jwk, "d")) ||
	    (rc = berth_keypair_from_private(out, pub.type, d, berth_key_size(pub.type))))
		goto out;
	if (!berth_pubkey_equal(&out->pub, &pub))
		rc = berth_fail(BERTH_E_KEY, "JWK: d does not belong to the public key");
out:
	berth_wipe(d, sizeof(d));
	if (rc)
		berth_privkey_wipe(out);
	return rc;
}

/* ---- writing ---- */

/* x (and y) in key->b: an EC point has 04 before them. */
static enum berth_err set_public(struct berth_json *jwk, const struct berth_pubkey *key)
{
	const struct row *r = row_of(key->type);
	size_t size = berth_key_size(key->type);
	const uint8_t *x = is_okp(key->type) ? key->b : key->b + 1;
	enum berth_err rc;

	if (!r)
		return berth_fail(BERTH_E_KEY, "JWK of no key");
	if ((rc = berth_json_set_str(jwk, "kty", r->kty)) || (rc = berth_json_set_str(jwk, "crv", r->crv)) ||
	    (rc = berth_json_set_b64url(jwk, "x", x, size)))
		return rc;
	return is_okp(key->type) ? BERTH_OK : berth_json_set_b64url(jwk, "y", x + size, size);
}

struct berth_json *berth_jwk_format(const struct berth_pubkey *key)
{
	struct berth_json *jwk = berth_json_new_object();

	if (set_public(jwk, key) == BERTH_OK)
		return jwk;
	berth_json_free(jwk);
	return NULL;
}

static void put_coordinate(struct berth_buf *out, const char *before, const uint8_t *p, size_t n)
{
	berth_buf_str(out, before);
	berth_b64url_encode(out, p, n);
}

enum berth_err berth_jwk_print(struct berth_buf *out, const struct berth_pubkey *key)
{
	const struct row *r = row_of(key->type);
	size_t size = berth_key_size(key->type);
	const uint8_t *x = is_okp(key->type) ? key->b : key->b + 1;

	if (!r)
		return berth_fail(BERTH_E_KEY, "JWK of no key");
	berth_buf_str(out, "{\"kty\":\"");
	berth_buf_str(out, r->kty);
	berth_buf_str(out, "\",\"crv\":\"");
	berth_buf_str(out, r->crv);
	put_coordinate(out, "\",\"x\":\"", x, size);
	if (!is_okp(key->type))
		put_coordinate(out, "\",\"y\":\"", x + size, size);
	berth_buf_str(out, "\"}");
	return berth_buf_status(out);
}

struct berth_json *berth_jwk_format_private(const struct berth_privkey *key)
{
	struct berth_json *jwk = berth_json_new_object();

	if (set_public(jwk, &key->pub) == BERTH_OK &&
	    berth_json_set_b64url(jwk, "d", key->b, key->len) == BERTH_OK)
		return jwk;
	berth_json_free(jwk);
	return NULL;
}

/* base64url into a place on the stack, so that a thumbprint cannot fail */
static void coordinate(char *out, const uint8_t *p, size_t n)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	unsigned acc = 0, bits = 0;

	for (size_t i = 0; i < n; i++) {
		acc = (acc << 8 | p[i]) & 0xfff;
		for (bits += 8; bits >= 6; bits -= 6)
			*out++ = digits[acc >> (bits - 6) & 63];
	}
	if (bits)
		*out++ = digits[acc << (6 - bits) & 63];
	*out = '\0';
}

void berth_jwk_thumbprint(uint8_t out[32], const struct berth_pubkey *key)
{
	const struct row *r = row_of(key->type);
	size_t size = berth_key_size(key->type);
	char x[COORDINATE_B64_MAX + 1], y[COORDINATE_B64_MAX + 1], text[2 * COORDINATE_B64_MAX + 64];
	int n;

	memset(out, 0, 32);
	if (!r)
		return;
	coordinate(x, is_okp(key->type) ? key->b : key->b + 1, size);
	if (is_okp(key->type)) {
		n = snprintf(text, sizeof(text), "{\"crv\":\"%s\",\"kty\":\"OKP\",\"x\":\"%s\"}", r->crv, x);
	} else {
		coordinate(y, key->b + 1 + size, size);
		n = snprintf(text, sizeof(text), "{\"crv\":\"%s\",\"kty\":\"EC\",\"x\":\"%s\",\"y\":\"%s\"}",
			     r->crv, x, y);
	}
	berth_sha256(out, text, (size_t)n);
}
