/* SPDX-License-Identifier: Apache-2.0 */
#include "didcomm/jwe.h"

#include <stdlib.h>
#include <string.h>

#include "did/base/secret.h"
#include "did/codec/base64url.h"
#include "did/jose/jwk.h"
#include "did/url.h"
#include "didcomm/media.h"
#include "didcomm/v1.h"

#define ALG_MAX 64
/* Looking up every name of one header in the other is quadratic work for whoever
 * sends it, so there are few of both. */
#define HEADER_MEMBERS_MAX 32
#define RECIPIENT_MEMBERS_MAX 8

/* Header parameters with a meaning of their own: they stand in `protected` or
 * nowhere. */
static const char *const protected_only[] = {
	"alg", "enc", "zip", "crit", "epk", "apu", "apv", "skid", "typ", "cty",
	"p2s", "p2c", "iv", "tag", "jwk", "jku", "x5c", "x5u", "x5t", "x5t#S256",
};

enum berth_err berth_jwe_undecryptable(void)
{
	return berth_fail(BERTH_E_DECRYPT, "jwe: cannot be decrypted");
}

bool berth_jwe_agrees_on(enum berth_key_type type)
{
	return type == BERTH_KEY_X25519 || type == BERTH_KEY_P256 || type == BERTH_KEY_P384 || type == BERTH_KEY_P521;
}

bool berth_jwe_encrypts_with(enum berth_enc enc, bool authcrypt)
{
	return enc == BERTH_ENC_A256CBC_HS512 || (!authcrypt && (enc == BERTH_ENC_A256GCM || enc == BERTH_ENC_XC20P));
}

static int by_bytes(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

enum berth_err berth_jwe_apv(uint8_t out[BERTH_SHA256_LEN], const char *const *kids, size_t n)
{
	const char *sorted[BERTH_JWE_RECIPIENTS_MAX];
	struct berth_buf joined = BERTH_BUF_INIT;
	enum berth_err rc;

	memset(out, 0, BERTH_SHA256_LEN);
	if (!n || n > BERTH_JWE_RECIPIENTS_MAX)
		return berth_fail(BERTH_E_SIZE, "jwe: %zu recipients", n);
	memcpy(sorted, kids, n * sizeof(*kids));
	qsort(sorted, n, sizeof(*sorted), by_bytes);
	for (size_t i = 0; i < n; i++) {
		if (i)
			berth_buf_u8(&joined, '.');
		berth_buf_str(&joined, sorted[i]);
	}
	if (!(rc = berth_buf_status(&joined)))
		berth_sha256(out, joined.p, joined.len);
	berth_buf_free(&joined);
	return rc;
}

/* A member of the envelope or its header; any fault is one of structure. */
static enum berth_err text(const struct berth_json *o, const char *key, const char **out)
{
	const struct berth_json *v = berth_json_get(o, key);

	*out = berth_json_str(v);
	return *out ? BERTH_OK : berth_fail(BERTH_E_ENV, "jwe: %s is missing or not a string", key);
}

static enum berth_err read_header(struct berth_jwe *j)
{
	struct berth_buf plain = BERTH_BUF_INIT;
	enum berth_err rc;

	if ((rc = text(j->json, "protected", &j->protected_b64)))
		return rc;
	if (strlen(j->protected_b64) > (BERTH_JWE_HEADER_MAX + 2) / 3 * 4)
		return berth_fail(BERTH_E_SIZE, "jwe: protected header");
	if ((rc = berth_b64url_decode(&plain, j->protected_b64, strlen(j->protected_b64))))
		goto out;
	rc = berth_json_parse_object(&j->header, (const char *)plain.p, plain.len, BERTH_JWE_HEADER_MAX);
	if (!rc && berth_json_len(j->header) > HEADER_MEMBERS_MAX)
		rc = berth_fail(BERTH_E_SIZE, "jwe: protected header of %zu members", berth_json_len(j->header));
out:
	berth_buf_free(&plain);
	return rc;
}

/* alg, enc, zip, crit, typ: what may be refused before anything else is read. */
static enum berth_err read_algorithms(struct berth_jwe *j)
{
	const struct berth_json *typ = berth_json_get(j->header, "typ");
	const char *alg, *enc;
	enum berth_err rc;

	if (berth_json_get(j->header, "crit"))
		return berth_fail(BERTH_E_ENV, "jwe: crit");
	if ((rc = text(j->header, "alg", &alg)))
		return rc;
	if (berth_json_get(j->header, "zip"))
		return berth_fail(BERTH_E_ALG, "jwe: zip");
	j->authcrypt = strcmp(alg, BERTH_JWE_1PU) == 0;
	if (!j->authcrypt && strcmp(alg, BERTH_JWE_ES) != 0)
		return berth_fail(BERTH_E_ALG, "jwe: alg %.*s", ALG_MAX, alg);
	if ((rc = text(j->header, "enc", &enc)))
		return rc;
	j->enc = berth_enc_parse(enc);
	if (!berth_jwe_encrypts_with(j->enc, j->authcrypt))
		return berth_fail(BERTH_E_ALG, "jwe: enc %.*s with %s", ALG_MAX, enc, alg);
	if (typ && berth_media_parse(berth_json_str(typ)) != BERTH_MEDIA_IS_ENCRYPTED)
		return berth_fail(BERTH_E_ENV, "jwe: typ");
	return BERTH_OK;
}

static enum berth_err read_epk(struct berth_jwe *j)
{
	const struct berth_json *epk = berth_json_get(j->header, "epk");
	enum berth_err rc;

	if (!berth_json_is(epk, BERTH_JSON_OBJECT))
		return berth_fail(BERTH_E_ENV, "jwe: epk is missing or not an object");
	if ((rc = berth_jwk_parse(&j->epk, epk)))
		return rc;
	if (berth_jwe_agrees_on(j->epk.type))
		return BERTH_OK;
	if (j->epk.type == BERTH_KEY_ED25519)
		return berth_fail(BERTH_E_KEY, "jwe: epk cannot agree on a key");
	return berth_fail(BERTH_E_ALG, "jwe: epk curve");
}

/* RFC 7516 7.2.1: header names are disjoint; here only kid stands outside. */
static enum berth_err check_recipient_header(const struct berth_jwe *j, const struct berth_json *header)
{
	const size_t n = sizeof(protected_only) / sizeof(protected_only[0]);

	if (berth_json_len(header) > RECIPIENT_MEMBERS_MAX)
		return berth_fail(BERTH_E_SIZE, "jwe: recipient's header of %zu members", berth_json_len(header));
	for (size_t i = 0; i < n; i++)
		if (berth_json_get(header, protected_only[i]))
			return berth_fail(BERTH_E_ENV, "jwe: %s outside the protected header", protected_only[i]);
	berth_json_each(m, header)
		if (berth_json_get(j->header, berth_json_key(m)))
			return berth_fail(BERTH_E_ENV, "jwe: a header stands twice");
	return BERTH_OK;
}

static enum berth_err read_recipient(struct berth_jwe *j, const struct berth_json *from)
{
	struct berth_jwe_recipient *r = &j->recipients[j->n_recipients];
	const struct berth_json *header = berth_json_get(from, "header");
	enum berth_err rc;

	if (!berth_json_is(header, BERTH_JSON_OBJECT))
		return berth_fail(BERTH_E_ENV, "jwe: recipient without a header");
	if ((rc = text(header, "kid", &r->kid)) || (rc = check_recipient_header(j, header)) ||
	    (rc = text(from, "encrypted_key", &r->encrypted_key)))
		return rc;
	if (!berth_is_kid(r->kid))
		return berth_fail(BERTH_E_ENV, "jwe: kid is not an absolute DID URL with a fragment");
	if (j->n_recipients && !berth_did_same(r->kid, j->recipients[0].kid))
		return berth_fail(BERTH_E_ENV, "jwe: recipients of two DIDs");
	for (size_t i = 0; i < j->n_recipients; i++)
		if (berth_did_url_same(r->kid, j->recipients[i].kid))
			return berth_fail(BERTH_E_ENV, "jwe: a kid stands twice");
	j->n_recipients++;
	return BERTH_OK;
}

/* The general serialization has recipients, the flattened one has the members of
 * its only recipient at the top. */
static enum berth_err read_recipients(struct berth_jwe *j)
{
	const struct berth_json *list = berth_json_get(j->json, "recipients");
	bool flat = berth_json_get(j->json, "encrypted_key") || berth_json_get(j->json, "header");
	enum berth_err rc;

	if (flat && list)
		return berth_fail(BERTH_E_ENV, "jwe: both general and flattened");
	if (flat)
		return read_recipient(j, j->json);
	if (!berth_json_is(list, BERTH_JSON_ARRAY) || !berth_json_first(list))
		return berth_fail(BERTH_E_ENV, "jwe: no recipients");
	if (berth_json_len(list) > BERTH_JWE_RECIPIENTS_MAX)
		return berth_fail(BERTH_E_SIZE, "jwe: %zu recipients", berth_json_len(list));
	berth_json_each(r, list)
		if ((rc = read_recipient(j, r)))
			return rc;
	return BERTH_OK;
}

/* Absent is not null, and all recipients are of one DID. */
static bool may_lack_apv(const struct berth_jwe *j, const struct berth_apv_leniency *lenient)
{
	if (j->authcrypt || !lenient || berth_json_get(j->header, "apv"))
		return false;
	for (size_t i = 0; i < lenient->n; i++)
		if (berth_did_same(lenient->dids[i], j->recipients[0].kid))
			return true;
	return lenient->for_all;
}

static enum berth_err check_apv(struct berth_jwe *j, const struct berth_apv_leniency *lenient)
{
	const char *kids[BERTH_JWE_RECIPIENTS_MAX], *apv;
	uint8_t got[BERTH_SHA256_LEN];
	enum berth_err rc;

	if (may_lack_apv(j, lenient))
		return BERTH_OK;
	for (size_t i = 0; i < j->n_recipients; i++)
		kids[i] = j->recipients[i].kid;
	j->apv_len = sizeof(j->apv);
	if ((rc = text(j->header, "apv", &apv)) || (rc = berth_jwe_apv(j->apv, kids, j->n_recipients)))
		return rc;
	if (berth_b64url_decode_fixed(got, sizeof(got), apv, strlen(apv)) ||
	    !berth_equal_ct(got, j->apv, sizeof(got)))
		return berth_fail(BERTH_E_ENV, "jwe: apv is not the hash of the sorted kids");
	return BERTH_OK;
}

static enum berth_err decode_apu(struct berth_jwe *j, const char *apu)
{
	enum berth_err rc = berth_b64url_decode(&j->apu, apu, strlen(apu));

	if (rc && rc != BERTH_E_NOMEM)
		return berth_fail(BERTH_E_ENV, "jwe: apu is not base64url");
	return rc;
}

/* SPEC encryption: apu "MUST contain the skid value base64 RawURL (no padding)
 * encoded"; implementations "MUST be able to resolve the sender kid from the APU
 * header if skid is not set".  With ECDH-ES both say nothing about the sender. */
static enum berth_err read_sender(struct berth_jwe *j)
{
	const struct berth_json *skid = berth_json_get(j->header, "skid");
	const struct berth_json *apu = berth_json_get(j->header, "apu");
	enum berth_err rc;

	if (apu && !berth_json_str(apu))
		return berth_fail(BERTH_E_ENV, "jwe: apu is not a string");
	if (apu && (rc = decode_apu(j, berth_json_str(apu))))
		return rc;
	if (!j->authcrypt)
		return BERTH_OK;
	if (!j->apu.len || memchr(j->apu.p, 0, j->apu.len))
		return berth_fail(BERTH_E_ENV, "jwe: apu is missing or not a kid");
	if (skid && (!berth_json_str(skid) || strcmp(berth_json_str(skid), (const char *)j->apu.p) != 0))
		return berth_fail(BERTH_E_ENV, "jwe: apu is not the skid");
	if (!berth_is_kid((const char *)j->apu.p))
		return berth_fail(BERTH_E_ENV, "jwe: skid is not an absolute DID URL with a fragment");
	if (!(j->skid = strdup((const char *)j->apu.p)))
		return berth_no_memory();
	return BERTH_OK;
}

static enum berth_err read_jwe(struct berth_jwe *j, const struct berth_apv_leniency *lenient)
{
	enum berth_err rc;

	if (berth_json_get(j->json, "unprotected") || berth_json_get(j->json, "aad") ||
	    berth_json_get(j->json, "payload") || berth_json_get(j->json, "signatures"))
		return berth_fail(BERTH_E_ENV, "jwe: a member that has no place here");
	if ((rc = read_header(j)) || (rc = read_algorithms(j)) || (rc = read_epk(j)) ||
	    (rc = read_recipients(j)) || (rc = check_apv(j, lenient)) || (rc = read_sender(j)) ||
	    (rc = text(j->json, "iv", &j->iv)) || (rc = text(j->json, "tag", &j->tag)) ||
	    (rc = text(j->json, "ciphertext", &j->ciphertext)))
		return rc;
	return BERTH_OK;
}

enum berth_err berth_jwe_from_json(struct berth_jwe *out, struct berth_json *json,
				   const struct berth_apv_leniency *lenient)
{
	enum berth_err rc;

	memset(out, 0, sizeof(*out));
	out->json = json;
	if ((rc = read_jwe(out, lenient))) {
		if (berth_v1_is_envelope(json))
			rc = berth_v1_refuse();
		berth_jwe_free(out);
	}
	return rc;
}

void berth_jwe_free(struct berth_jwe *j)
{
	if (!j)
		return;
	berth_json_free(j->header);
	berth_json_free(j->json);
	berth_buf_free(&j->apu);
	free(j->skid);
	memset(j, 0, sizeof(*j));
}
