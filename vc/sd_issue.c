/* SPDX-License-Identifier: Apache-2.0 */
/* Making SD-JWTs. */
#include <stdlib.h>
#include <string.h>

#include "did/base/rand.h"
#include "did/codec/base64url.h"
#include "vc/sd_jwt.h"

#define SALT_LEN 16		/* "RECOMMENDED to be 128 bits" */
#define NAME_MAX_LEN 256

static const char hash[] = "sha-256";

static bool is_within(const char *pointer, const char *const *claims, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		size_t len = strlen(claims[i]);

		if (!strncmp(pointer, claims[i], len) && (pointer[len] == '\0' || pointer[len] == '/'))
			return true;
	}
	return false;
}

/* SD-JWT VC 3.2.2.2, and what makes a credential of the W3C's model one, or ends it. */
bool berth_sd_is_open(const char *pointer, bool vcdm)
{
	static const char *const jwt[] = { "/iss", "/nbf", "/exp", "/cnf", "/vct", "/vct#integrity", "/status" };
	static const char *const w3c[] = {
		"/@context", "/type", "/issuer", "/credentialStatus", "/validFrom", "/validUntil"
	};

	if (is_within(pointer, jwt, sizeof(jwt) / sizeof(jwt[0])))
		return true;
	return vcdm && (is_within(pointer, w3c, sizeof(w3c) / sizeof(w3c[0])) || !strcmp(pointer, "/credentialSubject"));
}

static enum berth_err check_pointer(const char *pointer, bool vcdm)
{
	enum berth_err rc = berth_sd_pointer_check(pointer);

	if (!rc && berth_sd_is_open(pointer, vcdm))
		rc = berth_fail(BERTH_E_SDJWT, "%.80s is not to be withheld", pointer);
	return rc;
}

/* Members that would be taken for ours. */
static enum berth_err check_claims(const struct berth_json *v)
{
	enum berth_err rc;

	berth_json_each(it, v) {
		const char *key = berth_json_key(it);

		if (key && (!strcmp(key, "_sd") || !strcmp(key, "_sd_alg") || !strcmp(key, "...")))
			return berth_fail(BERTH_E_SDJWT, "a claim is called %s", key);
		if ((rc = check_claims(it)))
			return rc;
	}
	return BERTH_OK;
}

/* ---- walking to a claim ---- */

/* The next name of a pointer, unescaped; the place behind it, NULL at its end. */
static const char *next_name(const char *p, char name[NAME_MAX_LEN + 1])
{
	size_t n = 0;

	for (p++; *p && *p != '/'; p++) {
		char c = *p;

		if (c == '~')
			c = *++p == '0' ? '~' : '/';
		if (n < NAME_MAX_LEN)
			name[n++] = c;
	}
	name[n] = '\0';
	return *p ? p : NULL;
}

static struct berth_json *element_at(struct berth_json *arr, const char *name)
{
	struct berth_json *el = berth_json_first_mut(arr);
	char *end;
	unsigned long i = strtoul(name, &end, 10);

	if (!*name || *end || strchr("+- ", *name) || (*name == '0' && name[1]))
		return NULL;
	while (el && i--)
		el = berth_json_next_mut(el);
	return el;
}

static struct berth_json *child_of(struct berth_json *parent, const char *name)
{
	if (berth_json_is(parent, BERTH_JSON_ARRAY))
		return element_at(parent, name);
	return berth_json_get_mut(parent, name);
}

/* The claim, what holds it and its last name. */
static struct berth_json *locate(struct berth_json *root, const char *pointer, struct berth_json **parent,
				 char name[NAME_MAX_LEN + 1])
{
	struct berth_json *at = root;

	for (const char *p = pointer; p && at;) {
		p = next_name(p, name);
		*parent = at;
		at = child_of(at, name);
	}
	return at;
}

/* ---- disclosures ---- */

/* [salt, name?, value], as base64url. */
static enum berth_err make_disclosure(struct berth_buf *text, const char *name, const struct berth_json *value)
{
	struct berth_buf json = BERTH_BUF_INIT;
	uint8_t salt[SALT_LEN];
	enum berth_err rc;

	if ((rc = berth_random_once(salt, sizeof(salt))))
		return rc;
	berth_buf_str(&json, "[\"");
	berth_b64url_encode(&json, salt, sizeof(salt));
	berth_buf_str(&json, "\",");
	if (name) {
		berth_json_print_str(&json, name);
		berth_buf_u8(&json, ',');
	}
	if (!(rc = berth_json_print(&json, value))) {
		berth_buf_u8(&json, ']');
		berth_b64url_encode(text, json.p, json.len);
		rc = berth_buf_status(&json);
	}
	berth_buf_free(&json);
	return rc ? rc : berth_buf_status(text);
}

/* Digests are sorted, so that their order says nothing of the claims'. */
static enum berth_err add_digest(struct berth_json *obj, const char *digest)
{
	const struct berth_json *old = berth_json_get(obj, "_sd");
	struct berth_json *list = berth_json_new_array();
	bool done = false;
	enum berth_err rc = BERTH_OK;

	for (const struct berth_json *it = berth_json_first(old); it && !rc; it = berth_json_next(it)) {
		if (!done && strcmp(digest, berth_json_str(it)) < 0) {
			rc = berth_json_push_str(list, digest);
			done = true;
		}
		if (!rc)
			rc = berth_json_push_str(list, berth_json_str(it));
	}
	if (!rc && !done)
		rc = berth_json_push_str(list, digest);
	if (!rc)
		return berth_json_set(obj, "_sd", list);
	berth_json_free(list);
	return rc;
}

static enum berth_err put_placeholder(struct berth_json *element, const char *digest)
{
	struct berth_json *o = berth_json_new_object();

	if (berth_json_set_str(o, "...", digest)) {
		berth_json_free(o);
		return BERTH_E_NOMEM;
	}
	return berth_json_replace(element, o);
}

/* ---- decoys ---- */

/* A digest of nothing that anybody knows. */
static enum berth_err add_decoy(struct berth_json *obj)
{
	char digest[BERTH_SD_DIGEST_MAX + 1];
	uint8_t nothing[32];
	enum berth_err rc = berth_random_once(nothing, sizeof(nothing));

	if (!rc && !(rc = berth_sd_digest(digest, hash, nothing, sizeof(nothing))))
		rc = add_digest(obj, digest);
	return rc;
}

/* n of them beside every list of digests that there is. */
static enum berth_err add_decoys(struct berth_json *v, size_t n)
{
	enum berth_err rc = BERTH_OK;

	for (struct berth_json *it = berth_json_first_mut(v); it && !rc; it = berth_json_next_mut(it))
		rc = add_decoys(it, n);
	for (size_t i = 0; i < n && !rc && berth_json_get(v, "_sd"); i++)
		rc = add_decoy(v);
	return rc;
}

static enum berth_err withhold(struct berth_buf *disclosures, struct berth_json *claims, const char *pointer, size_t decoys)
{
	char name[NAME_MAX_LEN + 1], digest[BERTH_SD_DIGEST_MAX + 1];
	struct berth_json *parent = NULL, *claim = locate(claims, pointer, &parent, name);
	struct berth_buf text = BERTH_BUF_INIT;
	bool element = berth_json_is(parent, BERTH_JSON_ARRAY);
	enum berth_err rc;

	if (!claim)
		return berth_fail(BERTH_E_USAGE, "%.80s: no such claim", pointer);
	if ((rc = add_decoys(claim, decoys)) || (rc = make_disclosure(&text, element ? NULL : name, claim)) ||
	    (rc = berth_sd_digest(digest, hash, text.p, text.len)))
		goto out;
	if (element) {
		rc = put_placeholder(claim, digest);
	} else {
		berth_json_remove(parent, name);
		rc = add_digest(parent, digest);
	}
	berth_buf_put(disclosures, text.p, text.len);
	berth_buf_u8(disclosures, '~');
out:
	berth_buf_free(&text);
	return rc;
}

/* ---- the whole ---- */

static int deepest_first(const void *a, const void *b)
{
	const char *p = *(const char *const *)a, *q = *(const char *const *)b;
	size_t np = 0, nq = 0;

	for (const char *s = p; *s; s++)
		np += *s == '/';
	for (const char *s = q; *s; s++)
		nq += *s == '/';
	return np == nq ? strcmp(p, q) : np > nq ? -1 : 1;
}

/* A claim within a claim goes before the one it is in. */
static enum berth_err withhold_all(struct berth_buf *disclosures, struct berth_json *claims,
				   const char *const *pointers, size_t n, size_t decoys)
{
	const char *sorted[BERTH_SD_POINTERS_MAX];
	bool vcdm = berth_json_get(claims, "@context") != NULL;
	enum berth_err rc;

	if (n > BERTH_SD_POINTERS_MAX)
		return berth_fail(BERTH_E_SIZE, "%zu claims to be disclosed", n);
	if (n)
		memcpy(sorted, pointers, n * sizeof(*sorted));
	qsort(sorted, n, sizeof(*sorted), deepest_first);
	for (size_t i = 0; i < n; i++) {
		if ((rc = check_pointer(sorted[i], vcdm)))
			return rc;
		if (i && !strcmp(sorted[i - 1], sorted[i]))
			return berth_fail(BERTH_E_USAGE, "%.80s: given twice", sorted[i]);
		if ((rc = withhold(disclosures, claims, sorted[i], decoys)))
			return rc;
	}
	return n ? berth_json_set_str(claims, "_sd_alg", hash) : BERTH_OK;
}

enum berth_err berth_sd_issue(struct berth_buf *out, struct berth_keyring *kr, const char *kid,
			      const struct berth_json *claims, const char *const *pointers, size_t n, size_t decoys)
{
	struct berth_buf disclosures = BERTH_BUF_INIT, payload = BERTH_BUF_INIT;
	struct berth_json *copy = NULL;
	enum berth_err rc = check_claims(claims);

	if (rc)
		return rc;
	if (decoys > BERTH_SD_DECOYS_MAX)
		return berth_fail(BERTH_E_SIZE, "%zu decoys", decoys);
	if (!(copy = berth_json_clone(claims)))
		return berth_no_memory();
	if ((rc = withhold_all(&disclosures, copy, pointers, n, decoys)) || (rc = add_decoys(copy, decoys)) ||
	    (rc = berth_json_print(&payload, copy)) ||
	    (rc = berth_keyring_sign_compact(kr, kid, BERTH_SIGN_SD_JWT, payload.p, payload.len, out)))
		goto out;
	berth_buf_u8(out, '~');
	berth_buf_put(out, disclosures.p, disclosures.len);
	if (!(rc = berth_buf_status(&disclosures)))
		rc = berth_buf_status(out);
	if (!rc && out->len > BERTH_SD_MAX)
		rc = berth_fail(BERTH_E_SIZE, "SD-JWT of %zu bytes", out->len);
out:
	berth_json_free(copy);
	berth_buf_free(&payload);
	berth_buf_free(&disclosures);
	return rc;
}
