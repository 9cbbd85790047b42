/* SPDX-License-Identifier: Apache-2.0 */
/* A folder of documents: the command line's --did-docs. */
#include "did/resolver.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "did/method_peer.h"
#include "did/peer1.h"
#include "did/url.h"

static enum berth_err read_all(struct berth_buf *out, int fd)
{
	uint8_t chunk[4096];
	ssize_t n;

	while ((n = read(fd, chunk, sizeof(chunk))) > 0) {
		if (out->len + (size_t)n > BERTH_DID_DOC_MAX)
			return berth_fail(BERTH_E_SIZE, "larger than %zu bytes", BERTH_DID_DOC_MAX);
		berth_buf_put(out, chunk, (size_t)n);
	}
	return n < 0 ? berth_fail(BERTH_E_RESOLVE, "cannot be read") : berth_buf_status(out);
}

/* The id, NULL when it is no DID. */
static const char *id_of(const struct berth_json *doc)
{
	const char *id = berth_json_str(berth_json_get(doc, "id"));

	return id && berth_is_did(id) ? id : NULL;
}

static enum berth_err read_file(struct berth_buf *text, int dir, const char *name)
{
	struct stat st;
	int fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	enum berth_err rc;

	if (fd < 0 || fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
		rc = berth_fail(BERTH_E_RESOLVE, "not a readable file");
	else
		rc = read_all(text, fd);
	if (fd >= 0)
		close(fd);
	return rc;
}

/* Takes the text over. */
static enum berth_err keep_genesis(struct berth_resolver_dir *r, struct berth_buf *text)
{
	struct berth_genesis *grown = realloc(r->genesis, (r->n_genesis + 1) * sizeof(*grown)), *g;
	struct berth_buf did = BERTH_BUF_INIT;
	enum berth_err rc;

	if (!grown)
		return berth_no_memory();
	r->genesis = grown;
	g = &grown[r->n_genesis];
	rc = berth_peer1_create(&did, berth_buf_cstr(text), text->len);
	*g = (struct berth_genesis){ NULL, NULL };
	if (!rc && (!(g->did = berth_buf_take_str(&did)) || !(g->text = berth_buf_take_str(text)))) {
		free(g->did);
		rc = berth_no_memory();
	}
	if (!rc)
		r->n_genesis++;
	berth_buf_free(&did);
	return rc;
}

/* A document without an id is kept for its hash, and no less "left out". */
static enum berth_err load(struct berth_resolver_dir *r, struct berth_json **out, int dir, const char *name)
{
	struct berth_buf text = BERTH_BUF_INIT;
	bool nameless;
	enum berth_err rc;

	*out = NULL;
	if ((rc = read_file(&text, dir, name)) ||
	    (rc = berth_json_parse_object(out, berth_buf_cstr(&text), text.len, BERTH_DID_DOC_MAX)))
		goto out;
	if (!id_of(*out)) {
		nameless = !berth_json_get(*out, "id");
		berth_json_free(*out);
		*out = NULL;
		if (!nameless || !(rc = keep_genesis(r, &text)))
			rc = berth_fail(BERTH_E_DID, "no DID for an id");
	}
out:
	berth_buf_free(&text);
	return rc;
}

static const struct berth_json *find(const struct berth_resolver_dir *r, const char *did)
{
	for (size_t i = 0; i < r->n; i++)
		if (berth_did_same(id_of(r->docs[i]), did))
			return r->docs[i];
	return NULL;
}

static enum berth_err add(struct berth_resolver_dir *r, int dir, const char *name)
{
	struct berth_json *doc, **grown;
	enum berth_err rc;

	if (r->n + r->n_genesis >= BERTH_RESOLVER_DIR_MAX)
		return berth_fail(BERTH_E_SIZE, "more than %d documents", BERTH_RESOLVER_DIR_MAX);
	if ((rc = load(r, &doc, dir, name))) {
		if (!r->skipped[0])
			snprintf(r->skipped, sizeof(r->skipped), "%.60s: %.90s", name, berth_err_detail());
		return rc == BERTH_E_NOMEM ? rc : BERTH_OK;
	}
	if (find(r, id_of(doc))) {
		berth_json_free(doc);
		return berth_fail(BERTH_E_DID, "%.80s: a second document for one DID", name);
	}
	if (!(grown = realloc(r->docs, (r->n + 1) * sizeof(*grown)))) {
		berth_json_free(doc);
		return berth_no_memory();
	}
	r->docs = grown;
	r->docs[r->n++] = doc;
	return BERTH_OK;
}

static enum berth_err dir_resolve(struct berth_resolver *base, const char *did, struct berth_did_doc **out)
{
	struct berth_resolver_dir *r = (struct berth_resolver_dir *)base;
	const struct berth_json *doc = find(r, did);
	struct berth_json *copy;

	*out = NULL;
	if (doc) {
		copy = berth_json_clone(doc);
		return copy ? berth_did_doc_from_json(out, copy, did) : berth_no_memory();
	}
	if (base->next)
		return berth_resolve_next(base, did, out);
	return berth_fail(BERTH_E_RESOLVE, "no document for %.60s%s%s", did,
			  r->skipped[0] ? "; left out " : "", r->skipped);
}

/* ---- DIDs that are hashes ---- */

static bool is_hash_of(const char *did3, const char *did2)
{
	struct berth_buf b = BERTH_BUF_INIT;
	bool same = berth_is_did(did2) && strncmp(did2, "did:peer:2", 10) == 0 && !berth_did_peer_short(&b, did2) &&
		    strcmp(berth_buf_cstr(&b), did3) == 0;

	berth_buf_free(&b);
	return same;
}

/* The did:peer:2 that a document has for its id or in alsoKnownAs. */
static const char *numalgo2_in(const struct berth_json *doc, const char *did3)
{
	const char *s = id_of(doc);

	if (is_hash_of(did3, s))
		return s;
	berth_json_each(also, berth_json_get(doc, "alsoKnownAs"))
		if ((s = berth_json_str(also)) && is_hash_of(did3, s))
			return s;
	return NULL;
}

static enum berth_err dir_recall(struct berth_resolver *base, const char *did, struct berth_buf *kept)
{
	struct berth_resolver_dir *r = (struct berth_resolver_dir *)base;
	const char *s = NULL;

	for (size_t i = 0; i < r->n_genesis && !s; i++)
		if (strcmp(r->genesis[i].did, did) == 0)
			s = r->genesis[i].text;
	for (size_t i = 0; i < r->n && !s; i++)
		s = numalgo2_in(r->docs[i], did);
	if (!s)
		return berth_fail(BERTH_E_RESOLVE, "nothing is known of %.60s%s%s", did,
				  r->skipped[0] ? "; left out " : "", r->skipped);
	berth_buf_str(kept, s);
	return BERTH_OK;
}

/* ---- opening ---- */

static bool is_json(const char *name)
{
	size_t n = strlen(name);

	return n > 5 && name[0] != '.' && strcmp(name + n - 5, ".json") == 0;
}

enum berth_err berth_resolver_dir_open(struct berth_resolver_dir *r, const char *path, struct berth_resolver *next)
{
	DIR *d = opendir(path);
	struct dirent *e;
	enum berth_err rc = BERTH_OK;

	memset(r, 0, sizeof(*r));
	r->base.resolve = dir_resolve;
	r->base.recall = dir_recall;
	r->base.next = next;
	if (!d)
		return berth_fail(BERTH_E_RESOLVE, "%.100s: not a folder that can be read", path);
	while (!rc && (e = readdir(d)))
		if (is_json(e->d_name))
			rc = add(r, dirfd(d), e->d_name);
	closedir(d);
	if (rc)
		berth_resolver_dir_close(r);
	return rc;
}

void berth_resolver_dir_close(struct berth_resolver_dir *r)
{
	for (size_t i = 0; i < r->n; i++)
		berth_json_free(r->docs[i]);
	free(r->docs);
	for (size_t i = 0; i < r->n_genesis; i++) {
		free(r->genesis[i].did);
		free(r->genesis[i].text);
	}
	free(r->genesis);
	memset(r, 0, sizeof(*r));
}
