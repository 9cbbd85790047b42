/* SPDX-License-Identifier: Apache-2.0 */
/* RDFC-1.0 4.7 and 4.8, Hash Related Blank Node and Hash N-Degree Quads: blank nodes
 * with one and the same hash of first degree are told apart by the blank nodes around
 * them, in the order of these that yields the least text. */
#include <stdlib.h>
#include <string.h>

#include "did/base/hex.h"
#include "vc/rdf/rdfc_state.h"

struct related {
	const struct berth_rdfc *c;
	struct berth_rdfc_digest hash;
	uint32_t blank;
	uint32_t place;		/* of finding; its place in the order that is tried */
};

/* What one blank node needs while its neighbours are looked at. */
struct frame {
	struct berth_rdfc_issuer chosen, tried;
	struct berth_buf data, chosen_path, path;
	uint32_t pending[BERTH_RDFC_ISSUED_MAX];	/* to be looked at in turn */
	size_t n_pending;
	struct related *related;
	size_t n;
};

static enum berth_err work(struct berth_rdfc *c)
{
	if (c->work++ == BERTH_RDFC_WORK_MAX)
		return berth_fail(BERTH_E_SIZE, "blank nodes that take more than %d steps to tell apart",
				  BERTH_RDFC_WORK_MAX);
	return BERTH_OK;
}

static bool find(const struct berth_rdfc_issuer *issuer, uint32_t blank, size_t *number)
{
	for (size_t i = 0; i < issuer->n; i++)
		if (issuer->blanks[i] == blank) {
			*number = i;
			return true;
		}
	return false;
}

enum berth_err berth_rdfc_issue_temporary(struct berth_rdfc_issuer *issuer, uint32_t blank, size_t *number)
{
	if (find(issuer, blank, number))
		return BERTH_OK;
	if (issuer->n == BERTH_RDFC_ISSUED_MAX)
		return berth_fail(BERTH_E_SIZE, "more than %d like blank nodes in a chain", BERTH_RDFC_ISSUED_MAX);
	*number = issuer->n;
	issuer->blanks[issuer->n++] = blank;
	return BERTH_OK;
}

static void copy_issuer(struct berth_rdfc_issuer *to, const struct berth_rdfc_issuer *from)
{
	to->n = from->n;
	memcpy(to->blanks, from->blanks, from->n * sizeof(from->blanks[0]));
}

static void put_hash(const struct berth_rdfc *c, struct berth_buf *out, const struct berth_rdfc_digest *h)
{
	char hex[2 * BERTH_SHA384_LEN + 1];

	berth_hex_encode(hex, h->b, c->hash_len);
	berth_buf_put(out, hex, 2 * c->hash_len);
}

/* ---- 4.7 ---- */

static enum berth_err hash_related(struct berth_rdfc *c, struct related *r, const struct berth_rdf_quad *q,
				   char position, const struct berth_rdfc_issuer *issuer)
{
	enum berth_err rc = work(c);
	size_t number;

	if (rc)
		return rc;
	berth_buf_reset(&c->text);
	berth_buf_u8(&c->text, (uint8_t)position);
	if (position != 'g') {
		berth_buf_u8(&c->text, '<');
		berth_buf_put(&c->text, q->p.value, q->p.len);
		berth_buf_u8(&c->text, '>');
	}
	if (c->ids[r->blank] != BERTH_RDFC_NO_ID)
		berth_rdfc_put_id(&c->text, "_:c14n", c->ids[r->blank]);
	else if (find(issuer, r->blank, &number))
		berth_rdfc_put_id(&c->text, "_:b", number);
	else
		put_hash(c, &c->text, &c->first[r->blank]);
	if (!(rc = berth_buf_status(&c->text)))
		berth_rdfc_digest(c, &r->hash, c->text.p, c->text.len);
	return rc;
}

static enum berth_err add_related(struct berth_rdfc *c, struct frame *f, const struct berth_rdf_quad *q,
				  uint32_t blank, const struct berth_rdfc_issuer *issuer)
{
	const struct berth_rdf_term *terms[] = { &q->s, &q->o, &q->g };
	enum berth_err rc;

	for (int i = 0; i < 3; i++) {
		struct related *r = &f->related[f->n];

		if (terms[i]->kind != BERTH_RDF_BLANK || terms[i]->blank == blank)
			continue;
		*r = (struct related){ .c = c, .blank = terms[i]->blank, .place = (uint32_t)f->n };
		if ((rc = hash_related(c, r, q, "sog"[i], issuer)))
			return rc;
		f->n++;
	}
	return BERTH_OK;
}

static int by_hash(const void *pa, const void *pb)
{
	const struct related *a = pa, *b = pb;
	int order = berth_rdfc_compare(a->c, &a->hash, &b->hash);

	return order ? order : a->place < b->place ? -1 : 1;
}

static enum berth_err find_related(struct berth_rdfc *c, struct frame *f, uint32_t blank,
				   const struct berth_rdfc_issuer *issuer)
{
	size_t quads = c->from[blank + 1] - c->from[blank];
	enum berth_err rc;

	if (!(f->related = calloc(2 * quads + 1, sizeof(*f->related))))
		return berth_no_memory();
	for (uint32_t i = c->from[blank]; i < c->from[blank + 1]; i++) {
		const struct berth_rdf_quad *q = &c->d->quads[c->mentions[i]];

		if ((rc = work(c)))
			return rc;
		if (!c->twice[c->mentions[i]] && (rc = add_related(c, f, q, blank, issuer)))
			return rc;
	}
	qsort(f->related, f->n, sizeof(*f->related), by_hash);
	return BERTH_OK;
}

/* ---- 4.8 ---- */

/* The next order of n elements by their places; false: that was the last. */
static bool next_order(struct related *r, size_t n)
{
	struct related swap;
	size_t i = n - 1, j = n - 1;

	while (i > 0 && r[i - 1].place > r[i].place)
		i--;
	if (i == 0)
		return false;
	while (r[j].place < r[i - 1].place)
		j--;
	swap = r[i - 1];
	r[i - 1] = r[j];
	r[j] = swap;
	for (j = n - 1; i < j; i++, j--) {
		swap = r[i];
		r[i] = r[j];
		r[j] = swap;
	}
	return true;
}

static int compare_paths(const struct berth_buf *a, const struct berth_buf *b)
{
	size_t n = a->len < b->len ? a->len : b->len;
	int order = n ? memcmp(a->p, b->p, n) : 0;

	return order ? order : (a->len > b->len) - (a->len < b->len);
}

/* A path that is as long as the chosen one and greater needs no end. */
static bool is_lost(const struct frame *f)
{
	return f->chosen_path.len && f->path.len >= f->chosen_path.len && compare_paths(&f->path, &f->chosen_path) > 0;
}

/* 5.4.4: the neighbours' labels, new ones where they have none. */
static enum berth_err label_neighbours(struct berth_rdfc *c, struct frame *f, const struct related *r, size_t n)
{
	enum berth_err rc;
	size_t number = 0;
	bool known;

	f->n_pending = 0;
	for (size_t i = 0; i < n && !is_lost(f); i++) {
		if ((rc = work(c)))
			return rc;
		if (c->ids[r[i].blank] != BERTH_RDFC_NO_ID) {
			berth_rdfc_put_id(&f->path, "_:c14n", c->ids[r[i].blank]);
			continue;
		}
		known = find(&f->tried, r[i].blank, &number);
		if ((rc = berth_rdfc_issue_temporary(&f->tried, r[i].blank, &number)))
			return rc;
		if (!known)
			f->pending[f->n_pending++] = r[i].blank;
		berth_rdfc_put_id(&f->path, "_:b", number);
	}
	return berth_buf_status(&f->path);
}

/* 5.4.5: what each of the new ones leads to. */
static enum berth_err follow_neighbours(struct berth_rdfc *c, struct frame *f)
{
	struct berth_rdfc_digest hash;
	enum berth_err rc;
	size_t number;

	for (size_t i = 0; i < f->n_pending && !is_lost(f); i++) {
		/* it has its label since label_neighbours() */
		if (!find(&f->tried, f->pending[i], &number))
			return berth_fail(BERTH_E_INTERNAL, "a blank node without a label");
		if ((rc = berth_rdfc_n_degree(c, &hash, f->pending[i], &f->tried)))
			return rc;
		berth_rdfc_put_id(&f->path, "_:b", number);
		berth_buf_u8(&f->path, '<');
		put_hash(c, &f->path, &hash);
		berth_buf_u8(&f->path, '>');
	}
	return berth_buf_status(&f->path);
}

static enum berth_err try_order(struct berth_rdfc *c, struct frame *f, const struct related *r, size_t n,
				const struct berth_rdfc_issuer *issuer)
{
	enum berth_err rc;

	copy_issuer(&f->tried, issuer);
	berth_buf_reset(&f->path);
	if ((rc = label_neighbours(c, f, r, n)) || is_lost(f) || (rc = follow_neighbours(c, f)) || is_lost(f))
		return rc;
	if (f->chosen_path.len && compare_paths(&f->path, &f->chosen_path) >= 0)
		return BERTH_OK;
	copy_issuer(&f->chosen, &f->tried);
	berth_buf_reset(&f->chosen_path);
	berth_buf_put(&f->chosen_path, f->path.p, f->path.len);
	return berth_buf_status(&f->chosen_path);
}

/* n neighbours with one hash: of all orders the one with the least path. */
static enum berth_err choose_order(struct berth_rdfc *c, struct frame *f, struct related *r, size_t n,
				   struct berth_rdfc_issuer *issuer)
{
	enum berth_err rc;

	put_hash(c, &f->data, &r->hash);
	berth_buf_reset(&f->chosen_path);
	do {
		rc = try_order(c, f, r, n, issuer);
	} while (!rc && next_order(r, n));
	if (rc)
		return rc;
	berth_buf_put(&f->data, f->chosen_path.p, f->chosen_path.len);
	copy_issuer(issuer, &f->chosen);
	return berth_buf_status(&f->data);
}

static enum berth_err choose_orders(struct berth_rdfc *c, struct frame *f, struct berth_rdfc_issuer *issuer)
{
	enum berth_err rc;
	size_t n;

	for (size_t i = 0; i < f->n; i += n) {
		for (n = 1; i + n < f->n && !berth_rdfc_compare(c, &f->related[i].hash, &f->related[i + n].hash); n++)
			;
		if ((rc = choose_order(c, f, &f->related[i], n, issuer)))
			return rc;
	}
	return BERTH_OK;
}

enum berth_err berth_rdfc_n_degree(struct berth_rdfc *c, struct berth_rdfc_digest *out, uint32_t blank,
				   struct berth_rdfc_issuer *issuer)
{
	struct frame *f = calloc(1, sizeof(*f));
	enum berth_err rc;

	if (!f)
		return berth_no_memory();
	if (!(rc = find_related(c, f, blank, issuer)) && !(rc = choose_orders(c, f, issuer)))
		berth_rdfc_digest(c, out, f->data.p, f->data.len);
	berth_buf_free(&f->data);
	berth_buf_free(&f->chosen_path);
	berth_buf_free(&f->path);
	free(f->related);
	free(f);
	return rc;
}
