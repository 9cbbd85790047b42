/* SPDX-License-Identifier: Apache-2.0 */
/* RDFC-1.0 4.6, Hash First Degree Quads: a blank node by the statements around it,
 * where it is called "_:a" and all the others "_:z". */
#include <stdlib.h>
#include <string.h>

#include "vc/rdf/rdfc_state.h"

struct line {
	const struct berth_rdfc *c;
	uint32_t quad;
	size_t at, n;		/* within c->text */
};

static void name_a_or_z(struct berth_buf *out, uint32_t blank, const void *arg)
{
	berth_buf_put(out, blank == *(const uint32_t *)arg ? "_:a" : "_:z", 3);
}

/* ---- which statements mention which blank node ---- */

static const struct berth_rdf_term *blank_of(const struct berth_rdf_quad *q, int i)
{
	const struct berth_rdf_term *t = i == 0 ? &q->s : i == 1 ? &q->o : &q->g;

	return t->kind == BERTH_RDF_BLANK ? t : NULL;
}

/* Whether an earlier place of the same statement has it already. */
static bool named_before(const struct berth_rdf_quad *q, int i)
{
	for (int j = 0; j < i; j++)
		if (blank_of(q, j) && blank_of(q, j)->blank == blank_of(q, i)->blank)
			return true;
	return false;
}

static bool mentions(const struct berth_rdf_quad *q, int i)
{
	return blank_of(q, i) && !named_before(q, i);
}

/* from[b + 1] is used as the place for the next mention of b, and so ends up right. */
static enum berth_err index_mentions(struct berth_rdfc *c)
{
	const struct berth_rdf *d = c->d;
	uint32_t n = 0, count;

	for (size_t q = 0; q < d->n; q++)
		for (int i = 0; i < 3; i++)
			if (mentions(&d->quads[q], i))
				c->from[blank_of(&d->quads[q], i)->blank + 1]++;
	for (uint32_t b = 0; b < d->n_blank; b++) {
		count = c->from[b + 1];
		c->from[b + 1] = n;
		n += count;
	}
	if (!(c->mentions = calloc((size_t)n + 1, sizeof(*c->mentions))))
		return berth_fail(BERTH_E_NOMEM, "%u mentions", n);
	for (uint32_t q = 0; q < d->n; q++)
		for (int i = 0; i < 3; i++)
			if (mentions(&d->quads[q], i))
				c->mentions[c->from[blank_of(&d->quads[q], i)->blank + 1]++] = q;
	return BERTH_OK;
}

/* ---- hashing ---- */

static int by_blanks(const struct berth_rdf_quad *a, const struct berth_rdf_quad *b)
{
	for (int i = 0; i < 3; i++) {
		const struct berth_rdf_term *ta = blank_of(a, i), *tb = blank_of(b, i);

		if (ta && tb && ta->blank != tb->blank)
			return ta->blank < tb->blank ? -1 : 1;
	}
	return 0;
}

/* By text; like ones by what "_:z" stands for, so that a statement and its repetition
 * are neighbours; these as they came. */
static int by_text(const void *pa, const void *pb)
{
	const struct line *a = pa, *b = pb;
	const uint8_t *text = a->c->text.p;
	const struct berth_rdf_quad *quads = a->c->d->quads;
	int order = memcmp(text + a->at, text + b->at, a->n < b->n ? a->n : b->n);

	if (!order && a->n != b->n)
		order = a->n < b->n ? -1 : 1;
	if (!order)
		order = by_blanks(&quads[a->quad], &quads[b->quad]);
	if (!order)
		order = a->quad < b->quad ? -1 : 1;
	return order;
}

static bool same(const struct line *a, const struct line *b)
{
	const struct berth_rdf_quad *quads = a->c->d->quads;
	const uint8_t *text = a->c->text.p;

	return a->n == b->n && !memcmp(text + a->at, text + b->at, a->n) &&
	       !by_blanks(&quads[a->quad], &quads[b->quad]);
}

static enum berth_err write_lines(struct berth_rdfc *c, struct line *lines, uint32_t blank)
{
	uint32_t n = c->from[blank + 1] - c->from[blank];
	enum berth_err rc;

	berth_buf_reset(&c->text);
	for (uint32_t i = 0; i < n; i++) {
		lines[i] = (struct line){ .c = c, .quad = c->mentions[c->from[blank] + i], .at = c->text.len };
		if ((rc = berth_rdfc_write(c, &c->d->quads[lines[i].quad], name_a_or_z, &blank)))
			return rc;
		lines[i].n = c->text.len - lines[i].at;
	}
	return BERTH_OK;
}

static enum berth_err hash_lines(struct berth_rdfc *c, const struct line *lines, uint32_t blank)
{
	uint32_t n = c->from[blank + 1] - c->from[blank];
	struct berth_buf sorted = BERTH_BUF_INIT;
	enum berth_err rc;

	for (uint32_t i = 0; i < n; i++) {
		if (i && same(&lines[i - 1], &lines[i]))
			c->twice[lines[i].quad] = true;
		else
			berth_buf_put(&sorted, c->text.p + lines[i].at, lines[i].n);
	}
	if (!(rc = berth_buf_status(&sorted)))
		berth_rdfc_digest(c, &c->first[blank], sorted.p, sorted.len);
	berth_buf_free(&sorted);
	return rc;
}

static enum berth_err hash_one(struct berth_rdfc *c, struct line *lines, uint32_t blank)
{
	uint32_t n = c->from[blank + 1] - c->from[blank];
	enum berth_err rc = write_lines(c, lines, blank);

	if (rc)
		return rc;
	if (n == 1) {
		berth_rdfc_digest(c, &c->first[blank], c->text.p, c->text.len);
		return BERTH_OK;
	}
	qsort(lines, n, sizeof(*lines), by_text);
	return hash_lines(c, lines, blank);
}

enum berth_err berth_rdfc_first_degree(struct berth_rdfc *c)
{
	enum berth_err rc = index_mentions(c);
	struct line *lines;
	uint32_t most = 0;

	if (rc)
		return rc;
	for (uint32_t b = 0; b < c->d->n_blank; b++)
		if (c->from[b + 1] - c->from[b] > most)
			most = c->from[b + 1] - c->from[b];
	if (!(lines = calloc((size_t)most + 1, sizeof(*lines))))
		return berth_fail(BERTH_E_NOMEM, "%u statements", most);
	for (uint32_t b = 0; b < c->d->n_blank && !rc; b++)
		if (c->from[b] < c->from[b + 1])
			rc = hash_one(c, lines, b);
	free(lines);
	return rc;
}
