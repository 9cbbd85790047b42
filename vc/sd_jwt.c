/* SPDX-License-Identifier: Apache-2.0 */
/* SD-JWTs taken apart. */
#include "vc/sd_jwt.h"

#include <stdlib.h>
#include <string.h>

#include "did/codec/base64url.h"
#include "did/crypto/hash.h"

static enum berth_err bad(const char *what)
{
	return berth_fail(BERTH_E_SDJWT, "SD-JWT: %s", what);
}

/* ---- digests ---- */

static const struct {
	const char *name;
	size_t len;
	void (*fn)(uint8_t *out, const void *p, size_t n);
} hashes[] = {
	{ "sha-256", BERTH_SHA256_LEN, berth_sha256 },	/* the default comes first */
	{ "sha-384", BERTH_SHA384_LEN, berth_sha384 },
	{ "sha-512", BERTH_SHA512_LEN, berth_sha512 },
};
#define N_HASHES (sizeof(hashes) / sizeof(hashes[0]))

enum berth_err berth_sd_digest(char out[BERTH_SD_DIGEST_MAX + 1], const char *hash, const void *p, size_t n)
{
	struct berth_buf text = BERTH_BUF_INIT;
	uint8_t raw[BERTH_SHA512_LEN];
	enum berth_err rc;

	out[0] = '\0';
	for (size_t i = 0; i < N_HASHES; i++) {
		if (strcmp(hashes[i].name, hash) != 0)
			continue;
		hashes[i].fn(raw, p, n);
		berth_b64url_encode(&text, raw, hashes[i].len);
		memcpy(out, berth_buf_cstr(&text), text.len + 1);
	}
	rc = berth_buf_status(&text);
	berth_buf_free(&text);
	return rc;
}

/* ---- pointers ---- */

enum berth_err berth_sd_pointer_check(const char *pointer)
{
	if (*pointer != '/')
		return berth_fail(BERTH_E_USAGE, "%.80s: not a JSON Pointer to a claim", pointer);
	for (const char *p = pointer; *p; p++)
		if (*p == '~' && p[1] != '0' && p[1] != '1')
			return berth_fail(BERTH_E_USAGE, "%.80s: not a JSON Pointer", pointer);
	return BERTH_OK;
}

void berth_sd_pointer_add(struct berth_buf *out, const char *name)
{
	berth_buf_u8(out, '/');
	for (; *name; name++) {
		if (*name == '~' || *name == '/')
			berth_buf_str(out, *name == '~' ? "~0" : "~1");
		else
			berth_buf_u8(out, (uint8_t)*name);
	}
}

/* ---- the parts ---- */

/* [salt, name, value] or [salt, value]; RFC 9901 4.2 */
static enum berth_err check_disclosure(const struct berth_json *d)
{
	size_t n = berth_json_len(d);
	const char *name;

	if (!berth_json_is(d, BERTH_JSON_ARRAY) || (n != 2 && n != 3) || !berth_json_str(berth_json_first(d)))
		return bad("a disclosure is an array with a salt");
	if (n == 2)
		return BERTH_OK;
	name = berth_json_str(berth_json_at(d, 1));
	if (!name || !strcmp(name, "_sd") || !strcmp(name, "..."))
		return bad("a disclosure of a name that is none");
	return BERTH_OK;
}

static enum berth_err open_disclosure(struct berth_sd_disclosure *d, const char *hash, const char *text, size_t len)
{
	struct berth_buf json = BERTH_BUF_INIT;
	enum berth_err rc;

	d->text = text;
	d->len = len;
	if (!(rc = berth_sd_digest(d->digest, hash, text, len)) && !(rc = berth_b64url_decode(&json, text, len)))
		rc = berth_json_parse_exact(&d->json, berth_buf_cstr(&json), json.len, BERTH_SD_MAX);
	berth_buf_free(&json);
	if (rc)
		return rc == BERTH_E_NOMEM ? rc : bad("a disclosure is not base64url of JSON");
	return check_disclosure(d->json);
}

static enum berth_err read_hash(struct berth_sd_jwt *sd)
{
	const struct berth_json *v = berth_json_get(sd->payload, "_sd_alg");

	sd->hash = v ? berth_json_str(v) : hashes[0].name;
	if (!sd->hash)
		return bad("_sd_alg is not text");
	/* the text goes with the payload's member, ours stays */
	for (size_t i = 0; i < N_HASHES; i++)
		if (!strcmp(hashes[i].name, sd->hash)) {
			sd->hash = hashes[i].name;
			return BERTH_OK;
		}
	return berth_fail(BERTH_E_ALG, "_sd_alg %.40s", sd->hash);
}

static enum berth_err open_jwt(struct berth_sd_jwt *sd, const char *text, size_t n)
{
	enum berth_err rc;

	if ((rc = berth_jws_parse(&sd->jws, text, n, BERTH_SD_MAX)) ||
	    (rc = berth_json_parse_object(&sd->payload, berth_buf_cstr(&sd->jws.payload), sd->jws.payload.len,
					  BERTH_SD_MAX)))
		return rc;
	return read_hash(sd);
}

static size_t count(const char *text, size_t n)
{
	size_t tildes = 0;

	for (size_t i = 0; i < n; i++)
		tildes += text[i] == '~';
	return tildes;
}

/* What stands between the first and the last '~'. */
static enum berth_err open_disclosures(struct berth_sd_jwt *sd, const char *p, const char *end)
{
	enum berth_err rc;

	while (p < end) {
		const char *tilde = memchr(p, '~', (size_t)(end - p));

		if ((rc = open_disclosure(&sd->disclosures[sd->n++], sd->hash, p, (size_t)(tilde - p))))
			return rc;
		p = tilde + 1;
	}
	return BERTH_OK;
}

enum berth_err berth_sd_parse(struct berth_sd_jwt *sd, const char *text, size_t n)
{
	const char *first, *last;
	size_t tildes;
	enum berth_err rc;

	memset(sd, 0, sizeof(*sd));
	if (n > BERTH_SD_MAX)
		return berth_fail(BERTH_E_SIZE, "SD-JWT of %zu bytes", n);
	tildes = count(text, n);
	if (tildes == 0)
		return bad("no ~ in it");
	if (tildes - 1 > BERTH_SD_DISCLOSURES_MAX)
		return berth_fail(BERTH_E_SIZE, "SD-JWT with %zu disclosures", tildes - 1);
	first = memchr(text, '~', n);
	last = memrchr(text, '~', n);
	sd->text = text;
	sd->bound_len = (size_t)(last - text) + 1;
	sd->kb_len = n - sd->bound_len;
	sd->kb = sd->kb_len ? last + 1 : NULL;
	if (!(sd->disclosures = calloc(tildes, sizeof(*sd->disclosures)))) {
		rc = berth_no_memory();
		goto out;
	}
	if (!(rc = open_jwt(sd, text, (size_t)(first - text))))
		rc = open_disclosures(sd, first + 1, last + 1);
out:
	if (rc)
		berth_sd_free(sd);
	return rc;
}

void berth_sd_free(struct berth_sd_jwt *sd)
{
	for (size_t i = 0; i < sd->n; i++) {
		berth_json_free(sd->disclosures[i].json);
		free(sd->disclosures[i].path);
	}
	free(sd->disclosures);
	berth_jws_free(&sd->jws);
	berth_json_free(sd->payload);
	memset(sd, 0, sizeof(*sd));
}
