/* SPDX-License-Identifier: Apache-2.0 */
#include "vc/rdf/rdfc.h"

#include <stdlib.h>
#include <string.h>

#include "vc/rdf/rdfc_state.h"

void berth_rdfc_digest(const struct berth_rdfc *c, struct berth_rdfc_digest *out, const void *p, size_t n)
{
	if (c->hash == BERTH_RDFC_SHA384)
		berth_sha384(out->b, p, n);
	else
		berth_sha256(out->b, p, n);
}

int berth_rdfc_compare(const struct berth_rdfc *c, const struct berth_rdfc_digest *a,
		       const struct berth_rdfc_digest *b)
{
	return memcmp(a->b, b->b, c->hash_len);
}

void berth_rdfc_put_id(struct berth_buf *out, const char *prefix, size_t number)
{
	char text[32];
	size_t at = sizeof(text), n = strlen(prefix);

	do {
		text[--at] = (char)('0' + number % 10);
	} while (number /= 10);
	at -= n;	/* "_:c14n" and 20 digits fit */
	memcpy(text + at, prefix, n);
	berth_buf_put(out, text + at, sizeof(text) - at);
}

enum berth_err berth_rdfc_write(struct berth_rdfc *c, const struct berth_rdf_quad *q, berth_blank_name *name,
				const void *arg)
{
	berth_nquads_write(&c->text, q, name, arg);
	if (c->text.len > BERTH_RDFC_TEXT_MAX)
		return berth_fail(BERTH_E_SIZE, "more than %zu bytes of statements", BERTH_RDFC_TEXT_MAX);
	return berth_buf_status(&c->text);
}

/* Each canonical number is given once. */
static void give_number(struct berth_rdfc *c, uint32_t blank)
{
	if (c->ids[blank] == BERTH_RDFC_NO_ID)
		c->ids[blank] = c->n_ids++;
}

/* ---- 4.4.3: labels ---- */

struct ranked {
	const struct berth_rdfc *c;
	uint32_t blank;
};

static int by_first(const void *pa, const void *pb)
{
	const struct ranked *a = pa, *b = pb;
	int order = berth_rdfc_compare(a->c, &a->c->first[a->blank], &a->c->first[b->blank]);

	return order ? order : a->blank < b->blank ? -1 : 1;
}

struct path {
	const struct berth_rdfc *c;
	struct berth_rdfc_digest hash;
	uint32_t *blanks;	/* owned: those that got a label, in order */
	size_t n;
};

static int by_path(const void *pa, const void *pb)
{
	const struct path *a = pa, *b = pb;
	int order = berth_rdfc_compare(a->c, &a->hash, &b->hash);

	return order ? order : (a > b) - (a < b);
}

static enum berth_err find_path(struct berth_rdfc *c, struct path *path, uint32_t blank)
{
	struct berth_rdfc_issuer *issuer = calloc(1, sizeof(*issuer));
	enum berth_err rc;
	size_t number;

	path->c = c;
	if (!issuer)
		return berth_no_memory();
	if ((rc = berth_rdfc_issue_temporary(issuer, blank, &number)) ||
	    (rc = berth_rdfc_n_degree(c, &path->hash, blank, issuer)))
		goto out;
	if (!(path->blanks = malloc(issuer->n * sizeof(*path->blanks)))) {
		rc = berth_no_memory();
		goto out;
	}
	path->n = issuer->n;
	memcpy(path->blanks, issuer->blanks, issuer->n * sizeof(*path->blanks));
out:
	free(issuer);
	return rc;
}

/* 5: blank nodes with one hash of first degree, in the order of their paths. */
static enum berth_err issue_like(struct berth_rdfc *c, const struct ranked *like, size_t n)
{
	struct path *paths = calloc(n, sizeof(*paths));
	enum berth_err rc = BERTH_OK;
	size_t n_paths = 0;

	if (!paths)
		return berth_fail(BERTH_E_NOMEM, "%zu like blank nodes", n);
	for (size_t i = 0; i < n && !rc; i++)
		if (c->ids[like[i].blank] == BERTH_RDFC_NO_ID)
			rc = find_path(c, &paths[n_paths++], like[i].blank);
	if (!rc) {
		qsort(paths, n_paths, sizeof(*paths), by_path);
		for (size_t i = 0; i < n_paths; i++)
			for (size_t j = 0; j < paths[i].n; j++)
				give_number(c, paths[i].blanks[j]);
	}
	for (size_t i = 0; i < n; i++)
		free(paths[i].blanks);
	free(paths);
	return rc;
}

/* How many at r have the hash of the first of them. */
static size_t run(const struct berth_rdfc *c, const struct ranked *r, size_t n)
{
	size_t i = 1;

	while (i < n && !berth_rdfc_compare(c, &c->first[r[0].blank], &c->first[r[i].blank]))
		i++;
	return i;
}

/* Those that are alone with their hash come first, then the others. */
static enum berth_err issue_all(struct berth_rdfc *c, const struct ranked *r, size_t n)
{
	enum berth_err rc = BERTH_OK;
	size_t like;

	for (size_t i = 0; i < n; i += like)
		if ((like = run(c, r + i, n - i)) == 1)
			give_number(c, r[i].blank);
	for (size_t i = 0; i < n && !rc; i += like)
		if ((like = run(c, r + i, n - i)) > 1)
			rc = issue_like(c, r + i, like);
	return rc;
}

static enum berth_err issue(struct berth_rdfc *c)
{
	struct ranked *r = calloc((size_t)c->d->n_blank + 1, sizeof(*r));
	enum berth_err rc;
	size_t n = 0;

	if (!r)
		return berth_fail(BERTH_E_NOMEM, "%u blank nodes", c->d->n_blank);
	for (uint32_t b = 0; b < c->d->n_blank; b++)
		if (c->from[b] < c->from[b + 1])
			r[n++] = (struct ranked){ c, b };
	qsort(r, n, sizeof(*r), by_first);
	rc = issue_all(c, r, n);
	free(r);
	return rc;
}

/* ---- the text ---- */

struct line {
	const struct berth_buf *text;
	size_t at, n;
};

static void name_canonical(struct berth_buf *out, uint32_t blank, const void *arg)
{
	berth_rdfc_put_id(out, "_:c14n", ((const uint32_t *)arg)[blank]);
}

static int by_text(const void *pa, const void *pb)
{
	const struct line *a = pa, *b = pb;
	int order = memcmp(a->text->p + a->at, b->text->p + b->at, a->n < b->n ? a->n : b->n);

	return order ? order : (a->n > b->n) - (a->n < b->n);
}

static enum berth_err write_lines(struct berth_rdfc *c, struct line *lines)
{
	enum berth_err rc;

	berth_buf_reset(&c->text);
	for (size_t i = 0; i < c->d->n; i++) {
		lines[i] = (struct line){ &c->text, c->text.len, 0 };
		if ((rc = berth_rdfc_write(c, &c->d->quads[i], name_canonical, c->ids)))
			return rc;
		lines[i].n = c->text.len - lines[i].at;
	}
	return BERTH_OK;
}

static enum berth_err write_sorted(struct berth_rdfc *c, struct berth_buf *out)
{
	size_t n = c->d->n;
	struct line *lines = calloc(n + 1, sizeof(*lines));
	enum berth_err rc;

	if (!lines)
		return berth_fail(BERTH_E_NOMEM, "%zu statements", n);
	if (!(rc = write_lines(c, lines))) {
		qsort(lines, n, sizeof(*lines), by_text);
		for (size_t i = 0; i < n; i++)
			if (i == 0 || by_text(&lines[i - 1], &lines[i]))
				berth_buf_put(out, c->text.p + lines[i].at, lines[i].n);
		rc = berth_buf_status(out);
	}
	free(lines);
	return rc;
}

static enum berth_err begin(struct berth_rdfc *c, const struct berth_rdf *d, enum berth_rdfc_hash hash)
{
	size_t blanks = d->n_blank;

	memset(c, 0, sizeof(*c));
	c->d = d;
	c->hash = hash;
	c->hash_len = hash == BERTH_RDFC_SHA384 ? BERTH_SHA384_LEN : BERTH_SHA256_LEN;
	c->ids = malloc((blanks + 1) * sizeof(*c->ids));
	c->first = calloc(blanks + 1, sizeof(*c->first));
	c->from = calloc(blanks + 1, sizeof(*c->from));
	c->twice = calloc(d->n + 1, sizeof(*c->twice));
	if (!c->ids || !c->first || !c->from || !c->twice)
		return berth_fail(BERTH_E_NOMEM, "%zu statements", d->n);
	for (size_t i = 0; i < blanks; i++)
		c->ids[i] = BERTH_RDFC_NO_ID;
	return BERTH_OK;
}

enum berth_err berth_rdfc(struct berth_buf *out, uint32_t *ids, const struct berth_rdf *d, enum berth_rdfc_hash hash)
{
	struct berth_rdfc c;
	enum berth_err rc = begin(&c, d, hash);

	if (!rc && !(rc = berth_rdfc_first_degree(&c)) && !(rc = issue(&c)) && !(rc = write_sorted(&c, out)) && ids)
		memcpy(ids, c.ids, d->n_blank * sizeof(*ids));
	free(c.ids);
	free(c.first);
	free(c.from);
	free(c.mentions);
	free(c.twice);
	berth_buf_free(&c.text);
	return rc;
}
