/* SPDX-License-Identifier: Apache-2.0 */
/* RFC 9901 7.1: from the signed payload and the disclosures to what is meant. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vc/sd_jwt.h"

#define DIGESTS_MAX 8192	/* with decoys */

/* A walk over the payload; path is where it stands. */
struct walk {
	struct berth_sd_jwt *sd;
	struct berth_buf path;
	char **digests;			/* all that were met; owned */
	size_t n;
};

static enum berth_err bad(const char *what)
{
	return berth_fail(BERTH_E_SDJWT, "SD-JWT: %s", what);
}

static enum berth_err walk_value(struct walk *w, struct berth_json *v, size_t depth);

/* ---- digests ---- */

static enum berth_err remember(struct walk *w, const char *digest)
{
	char **grown;

	if (w->n == DIGESTS_MAX)
		return berth_fail(BERTH_E_SIZE, "SD-JWT with more than %d digests", DIGESTS_MAX);
	if (w->n % 64 == 0) {
		if (!(grown = realloc(w->digests, (w->n + 64) * sizeof(*grown))))
			return berth_no_memory();
		w->digests = grown;
	}
	if (!(w->digests[w->n] = strdup(digest)))
		return berth_no_memory();
	w->n++;
	return BERTH_OK;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* "If any digest value is encountered more than once in the Issuer-signed JWT payload
 * (directly or recursively via other Disclosures), the SD-JWT MUST be rejected." */
static enum berth_err check_unique(struct walk *w)
{
	if (w->n)
		qsort(w->digests, w->n, sizeof(*w->digests), by_text);
	for (size_t i = 1; i < w->n; i++)
		if (!strcmp(w->digests[i - 1], w->digests[i]))
			return bad("a digest stands twice");
	return BERTH_OK;
}

/* The disclosure with that digest; *out NULL: none, a decoy or a claim withheld. */
static enum berth_err find(struct walk *w, const struct berth_json *digest, size_t elements,
			   struct berth_sd_disclosure **out)
{
	const char *text = berth_json_str(digest);
	enum berth_err rc;

	*out = NULL;
	if (!text)
		return bad("a digest is not text");
	if ((rc = remember(w, text)))
		return rc;
	for (size_t i = 0; i < w->sd->n; i++) {
		struct berth_sd_disclosure *d = &w->sd->disclosures[i];

		if (strcmp(d->digest, text) != 0)
			continue;
		if (berth_json_len(d->json) != elements)
			return bad("a disclosure of the other kind");
		/* equal texts have equal digests: one is used, the next is left over */
		if (!d->used) {
			d->used = true;
			*out = d;
			return BERTH_OK;
		}
	}
	return BERTH_OK;
}

/* ---- objects and arrays ---- */

static enum berth_err note_path(struct walk *w, struct berth_sd_disclosure *d)
{
	enum berth_err rc = berth_buf_status(&w->path);

	if (!rc && !(d->path = strdup(berth_buf_cstr(&w->path))))
		rc = berth_no_memory();
	return rc;
}

/* One step further for the length of a call. */
static enum berth_err step(struct walk *w, const char *name, struct berth_json *v, struct berth_sd_disclosure *d,
			   size_t depth)
{
	size_t before = w->path.len;
	enum berth_err rc;

	berth_sd_pointer_add(&w->path, name);
	if (!(rc = d ? note_path(w, d) : berth_buf_status(&w->path)))
		rc = walk_value(w, v, depth + 1);
	w->path.len = before;
	if (w->path.p)
		w->path.p[before] = '\0';
	return rc;
}

static enum berth_err place_member(struct walk *w, struct berth_json *obj, const struct berth_json *digest, size_t depth)
{
	struct berth_sd_disclosure *d;
	const char *name;
	enum berth_err rc;

	if ((rc = find(w, digest, 3, &d)) || !d)
		return rc;
	name = berth_json_str(berth_json_at(d->json, 1));
	if (berth_json_get(obj, name))
		return bad("a disclosed name is there already");
	if ((rc = berth_json_set(obj, name, berth_json_clone(berth_json_at(d->json, 2)))))
		return rc;
	return step(w, name, berth_json_get_mut(obj, name), d, depth);
}

static enum berth_err walk_object(struct walk *w, struct berth_json *obj, size_t depth)
{
	struct berth_json *sd;
	const struct berth_json *digests = berth_json_get(obj, "_sd");
	enum berth_err rc;

	if (digests && !berth_json_is(digests, BERTH_JSON_ARRAY))
		return bad("_sd is not an array");
	if (berth_json_get(obj, "..."))
		return bad("... outside of an array");
	/* what stands openly first: what is disclosed is walked as it is placed */
	for (struct berth_json *m = berth_json_first_mut(obj); m; m = berth_json_next_mut(m)) {
		if (m == digests)
			continue;
		if ((rc = step(w, berth_json_key(m), m, NULL, depth)))
			return rc;
	}
	if (!digests)
		return BERTH_OK;
	sd = berth_json_clone(digests);
	if (!sd)
		return berth_no_memory();
	berth_json_remove(obj, "_sd");
	rc = BERTH_OK;
	for (const struct berth_json *it = berth_json_first(sd); it && !rc; it = berth_json_next(it))
		rc = place_member(w, obj, it, depth);
	berth_json_free(sd);
	return rc;
}

/* {"...": digest} and nothing else. */
static bool is_placeholder(const struct berth_json *v)
{
	return berth_json_is(v, BERTH_JSON_OBJECT) && berth_json_get(v, "...");
}

static enum berth_err place_element(struct walk *w, struct berth_json *arr, struct berth_json *el, size_t index,
				    bool *gone, size_t depth)
{
	struct berth_sd_disclosure *d;
	char name[24];
	enum berth_err rc;

	*gone = false;
	snprintf(name, sizeof(name), "%zu", index);
	if (!is_placeholder(el))
		return step(w, name, el, NULL, depth);
	if (berth_json_len(el) != 1)
		return bad("something beside a digest");
	if ((rc = find(w, berth_json_get(el, "..."), 2, &d)))
		return rc;
	if (!d) {
		berth_json_drop(arr, el);
		*gone = true;
		return BERTH_OK;
	}
	if ((rc = berth_json_replace(el, berth_json_clone(berth_json_at(d->json, 1)))))
		return rc;
	return step(w, name, el, d, depth);
}

static enum berth_err walk_array(struct walk *w, struct berth_json *arr, size_t depth)
{
	struct berth_json *next;
	size_t index = 0;
	bool gone;
	enum berth_err rc;

	for (struct berth_json *el = berth_json_first_mut(arr); el; el = next) {
		next = berth_json_next_mut(el);
		if ((rc = place_element(w, arr, el, index, &gone, depth)))
			return rc;
		index += !gone;
	}
	return BERTH_OK;
}

static enum berth_err walk_value(struct walk *w, struct berth_json *v, size_t depth)
{
	if (depth > BERTH_JSON_DEPTH_MAX)
		return bad("claims are nested too deep");
	if (berth_json_is(v, BERTH_JSON_OBJECT))
		return walk_object(w, v, depth);
	return berth_json_is(v, BERTH_JSON_ARRAY) ? walk_array(w, v, depth) : BERTH_OK;
}

enum berth_err berth_sd_process(struct berth_sd_jwt *sd)
{
	struct walk w = { .sd = sd, .path = BERTH_BUF_INIT };
	enum berth_err rc;

	berth_json_remove(sd->payload, "_sd_alg");
	if ((rc = walk_value(&w, sd->payload, 1)) || (rc = check_unique(&w)))
		goto out;
	for (size_t i = 0; i < sd->n && !rc; i++)
		if (!sd->disclosures[i].used)
			rc = bad("a disclosure that nothing refers to");
out:
	for (size_t i = 0; i < w.n; i++)
		free(w.digests[i]);
	free(w.digests);
	berth_buf_free(&w.path);
	return rc;
}
