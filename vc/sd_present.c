/* SPDX-License-Identifier: Apache-2.0 */
/* What a holder shows of an SD-JWT, and to whom. */
#include <stdio.h>
#include <string.h>

#include "vc/sd_jwt.h"

static bool is_prefix(const char *a, const char *b)
{
	size_t n = strlen(a);

	return !strncmp(a, b, n) && (b[n] == '\0' || b[n] == '/');
}

static bool is_wanted(const char *path, const char *const *pointers, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (is_prefix(path, pointers[i]) || is_prefix(pointers[i], path))
			return true;
	return false;
}

/* The place behind the first step of a pointer, if that step is name; else NULL. */
static const char *step(const char *pointer, const char *name)
{
	const char *p = pointer + 1;

	for (; *name; name++, p++) {
		char c = *p;

		if (c == '~')
			c = *++p == '0' ? '~' : '/';
		else if (c == '/')
			return NULL;
		if (c != *name)
			return NULL;
	}
	return *p == '\0' || *p == '/' ? p : NULL;
}

/* Whether a processed payload has anything there. */
static bool is_there(const struct berth_json *v, const char *pointer)
{
	size_t i = 0;

	if (*pointer == '\0')
		return true;
	berth_json_each(it, v) {
		char index[24];
		const char *rest;

		snprintf(index, sizeof(index), "%zu", i++);
		rest = step(pointer, berth_json_key(it) ? berth_json_key(it) : index);
		if (rest)
			return is_there(it, rest);
	}
	return false;
}

static enum berth_err check_pointers(const struct berth_json *payload, const char *const *pointers, size_t n)
{
	enum berth_err rc;

	for (size_t i = 0; i < n; i++) {
		if ((rc = berth_sd_pointer_check(pointers[i])))
			return rc;
		if (!is_there(payload, pointers[i]))
			return berth_fail(BERTH_E_NOMATCH, "%.80s: no such claim", pointers[i]);
	}
	return BERTH_OK;
}

static void select_disclosures(struct berth_buf *out, const struct berth_sd_jwt *sd, const char *const *pointers,
			       size_t n)
{
	const char *first = memchr(sd->text, '~', sd->bound_len);

	berth_buf_put(out, sd->text, (size_t)(first - sd->text) + 1);
	for (size_t i = 0; i < sd->n; i++) {
		if (!is_wanted(sd->disclosures[i].path, pointers, n))
			continue;
		berth_buf_put(out, sd->disclosures[i].text, sd->disclosures[i].len);
		berth_buf_u8(out, '~');
	}
}

/* {"iat","aud","nonce","sd_hash"} */
static enum berth_err bind(struct berth_buf *out, struct berth_keyring *kr, const char *hash,
			   const struct berth_sd_binding *b)
{
	struct berth_json *claims = berth_json_new_object();
	struct berth_buf payload = BERTH_BUF_INIT;
	char digest[BERTH_SD_DIGEST_MAX + 1];
	enum berth_err rc;

	if ((rc = berth_sd_digest(digest, hash, out->p, out->len)) || (rc = berth_json_set_int(claims, "iat", b->iat_s)) ||
	    (b->aud && (rc = berth_json_set_str(claims, "aud", b->aud))) ||
	    (rc = berth_json_set_str(claims, "nonce", b->nonce)) ||
	    (rc = berth_json_set_str(claims, "sd_hash", digest)) || (rc = berth_json_print(&payload, claims)))
		goto out;
	rc = berth_keyring_sign_compact(kr, b->kid, BERTH_SIGN_KB, payload.p, payload.len, out);
out:
	berth_json_free(claims);
	berth_buf_free(&payload);
	return rc;
}

enum berth_err berth_sd_present(struct berth_buf *out, struct berth_keyring *kr, const char *text, size_t n,
				const char *const *pointers, size_t n_pointers, const struct berth_sd_binding *b)
{
	struct berth_buf shown = BERTH_BUF_INIT;
	struct berth_sd_jwt sd;
	enum berth_err rc;

	if ((rc = berth_sd_parse(&sd, text, n)))
		return rc;
	if ((rc = berth_sd_process(&sd)) || (rc = check_pointers(sd.payload, pointers, n_pointers)))
		goto out;
	select_disclosures(&shown, &sd, pointers, n_pointers);
	if ((rc = berth_buf_status(&shown)) || (rc = bind(&shown, kr, sd.hash, b)))
		goto out;
	berth_buf_put(out, shown.p, shown.len);
	rc = berth_buf_status(out);
out:
	berth_sd_free(&sd);
	berth_buf_free(&shown);
	return rc;
}
