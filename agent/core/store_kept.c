/* SPDX-License-Identifier: Apache-2.0 */
/* Documents of registries as records, under the hash of their DID. */
#include <stdlib.h>
#include <string.h>

#include "agent/core/kept.h"
#include "agent/core/store.h"
#include "did/codec/base64url.h"
#include "did/crypto/hash.h"

#define NS_DOC BERTH_NS_DID_DOC	/* hash of a DID -> {"did", "came", "life", "hearsay", "document", "metadata"?} */

struct store_kept {
	struct berth_kept base;		/* first */
	struct berth_store *store;
};

static struct berth_buf key_of(const char *did)
{
	struct berth_buf key = BERTH_BUF_INIT;
	uint8_t hash[BERTH_SHA256_LEN];

	berth_sha256(hash, did, strlen(did));
	berth_b64url_encode(&key, hash, sizeof(hash));
	return key;
}

/* --- reading ------------------------------------------------------------------------ */

static bool read_record(struct berth_kept_doc *out, const struct berth_json *v, const char *did)
{
	const char *who = berth_json_str(berth_json_get(v, "did"));

	*out = (struct berth_kept_doc){ .document = berth_json_get(v, "document"), .metadata = berth_json_get(v, "metadata"),
		.hearsay = berth_json_bool(berth_json_get(v, "hearsay"), true) };
	return who && strcmp(who, did) == 0 && berth_json_is(out->document, BERTH_JSON_OBJECT) &&
	       !berth_json_opt_int(v, "came", 0, INT64_MAX, &out->came_s) && !berth_json_opt_int(v, "life", 0, INT32_MAX, &out->life_s);
}

static enum berth_err get(struct berth_kept *k, const char *did, struct berth_kept_doc *out, struct berth_json **tree, bool *found)
{
	struct berth_buf key = key_of(did), record = BERTH_BUF_INIT;
	enum berth_err rc = berth_buf_status(&key);

	*found = false;
	*tree = NULL;
	if (!rc && !(rc = berth_store_get(((struct store_kept *)k)->store, NS_DOC, berth_buf_cstr(&key), &record, found)) && *found &&
	    !(rc = berth_json_parse_object(tree, berth_buf_cstr(&record), record.len, BERTH_STORE_VALUE_MAX)) &&
	    !read_record(out, *tree, did))
		rc = berth_fail(BERTH_E_STORE, "what is kept of %.80s is damaged", did);
	berth_buf_free(&record);
	berth_buf_free(&key);
	return rc;
}

/* --- writing ------------------------------------------------------------------------ */

static enum berth_err make_record(struct berth_json *v, const char *did, const struct berth_kept_doc *d)
{
	enum berth_err rc;

	if ((rc = berth_json_set_str(v, "did", did)) || (rc = berth_json_set_int(v, "came", d->came_s)) ||
	    (rc = berth_json_set_int(v, "life", d->life_s)) ||
	    (rc = berth_json_set_bool(v, "hearsay", d->hearsay)) ||
	    (rc = berth_json_set(v, "document", berth_json_clone(d->document))))
		return rc;
	return d->metadata ? berth_json_set(v, "metadata", berth_json_clone(d->metadata)) : BERTH_OK;
}

static bool is_same(const struct berth_json *a, const struct berth_json *b)
{
	return a && b ? berth_json_equal(a, b) : a == b;
}

/* The same was written a while ago. */
static bool is_there(struct berth_kept *k, const char *did, const struct berth_kept_doc *d)
{
	struct berth_json *tree = NULL;
	struct berth_kept_doc old;
	bool found = false, same;

	same = !get(k, did, &old, &tree, &found) && found && d->came_s >= old.came_s &&
	       d->came_s - old.came_s < BERTH_KEPT_WRITE_S && d->life_s == old.life_s && d->hearsay == old.hearsay &&
	       is_same(d->document, old.document) && is_same(d->metadata, old.metadata);
	berth_json_free(tree);
	return same;
}

static enum berth_err write_record(struct berth_store *s, const char *key, const struct berth_buf *text, bool ours)
{
	int64_t n = 0;
	enum berth_err rc = ours ? berth_store_count(s, NS_DOC, &n) : BERTH_OK;

	if (rc || (rc = berth_store_begin(s)))
		return rc;
	rc = ours && n < BERTH_KEPT_OURS_MAX ? berth_store_put(s, NS_DOC, key, text->p, text->len)
					     : berth_store_put_guest(s, NS_DOC, key, text->p, text->len);
	if (!rc)
		rc = berth_store_commit(s);
	if (rc)
		berth_store_rollback(s);
	return rc;
}

static enum berth_err drop(struct berth_kept *k, const char *did)
{
	struct berth_store *s = ((struct store_kept *)k)->store;
	struct berth_buf key = key_of(did);
	enum berth_err rc = berth_buf_status(&key);

	if (!rc && !(rc = berth_store_begin(s))) {
		if (!(rc = berth_store_delete(s, NS_DOC, berth_buf_cstr(&key))))
			rc = berth_store_commit(s);
		if (rc)
			berth_store_rollback(s);
	}
	berth_buf_free(&key);
	return rc;
}

static enum berth_err put(struct berth_kept *k, const char *did, const struct berth_kept_doc *d, bool ours)
{
	struct berth_buf key = key_of(did), text = BERTH_BUF_INIT;
	struct berth_json *v = berth_json_new_object();
	enum berth_err rc = berth_buf_status(&key);

	if (rc || is_there(k, did, d))
		goto out;
	if ((rc = make_record(v, did, d)) || (rc = berth_json_print(&text, v)))
		goto out;
	if (text.len > BERTH_KEPT_BYTES_MAX)
		rc = drop(k, did);	/* what was there before it counts no more */
	else
		rc = write_record(((struct store_kept *)k)->store, berth_buf_cstr(&key), &text, ours);
out:
	berth_json_free(v);
	berth_buf_free(&text);
	berth_buf_free(&key);
	return rc;
}

enum berth_err berth_store_kept_new(struct berth_kept **out, struct berth_store *store)
{
	struct store_kept *s = calloc(1, sizeof(*s));

	*out = NULL;
	if (!s)
		return berth_no_memory();
	s->base = (struct berth_kept){ get, put, drop };
	s->store = store;
	*out = &s->base;
	return BERTH_OK;
}

void berth_store_kept_free(struct berth_kept *k)
{
	free(k);
}
