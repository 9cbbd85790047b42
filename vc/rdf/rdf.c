/* SPDX-License-Identifier: Apache-2.0 */
#include "vc/rdf/rdf.h"

#include <stdlib.h>
#include <string.h>

#define FIRST_QUADS 64
#define FIRST_LABELS 32

void berth_rdf_init(struct berth_rdf *d)
{
	memset(d, 0, sizeof(*d));
}

void berth_rdf_free(struct berth_rdf *d)
{
	berth_arena_free(&d->arena);
	free(d->quads);
	free(d->labels);
	berth_rdf_init(d);
}

enum berth_err berth_rdf_add(struct berth_rdf *d, const struct berth_rdf_quad *q)
{
	struct berth_rdf_quad *grown;
	size_t cap = d->cap ? 2 * d->cap : FIRST_QUADS;

	if (d->n == BERTH_RDF_QUADS_MAX)
		return berth_fail(BERTH_E_SIZE, "more than %d statements", BERTH_RDF_QUADS_MAX);
	if (d->n == d->cap) {
		if (!(grown = realloc(d->quads, cap * sizeof(*grown))))
			return berth_fail(BERTH_E_NOMEM, "%zu statements", cap);
		d->quads = grown;
		d->cap = cap;
	}
	d->quads[d->n++] = *q;
	return BERTH_OK;
}

enum berth_err berth_rdf_blank(struct berth_rdf *d, struct berth_rdf_term *out)
{
	if (d->n_blank == BERTH_RDF_BLANKS_MAX)
		return berth_fail(BERTH_E_SIZE, "more than %d blank nodes", BERTH_RDF_BLANKS_MAX);
	*out = (struct berth_rdf_term){ .kind = BERTH_RDF_BLANK, .blank = d->n_blank++ };
	return BERTH_OK;
}

/* ---- labels ---- */

/* FNV-1a: the limit on blank nodes bounds what chosen labels can cost. */
static uint32_t hash(const char *s, size_t n)
{
	uint32_t h = 2166136261u;

	while (n--)
		h = (h ^ (uint8_t)*s++) * 16777619u;
	return h;
}

static struct berth_rdf_label *slot(const struct berth_rdf *d, const char *label, size_t n)
{
	size_t i = hash(label, n) & (d->label_cap - 1);

	while (d->labels[i].text && (strncmp(d->labels[i].text, label, n) || d->labels[i].text[n]))
		i = (i + 1) & (d->label_cap - 1);
	return &d->labels[i];
}

static enum berth_err grow_labels(struct berth_rdf *d)
{
	struct berth_rdf bigger = { .label_cap = d->label_cap ? 2 * d->label_cap : FIRST_LABELS };

	if (!(bigger.labels = calloc(bigger.label_cap, sizeof(*bigger.labels))))
		return berth_no_memory();
	for (size_t i = 0; i < d->label_cap; i++)
		if (d->labels[i].text)
			*slot(&bigger, d->labels[i].text, strlen(d->labels[i].text)) = d->labels[i];
	free(d->labels);
	d->labels = bigger.labels;
	d->label_cap = bigger.label_cap;
	return BERTH_OK;
}

enum berth_err berth_rdf_labelled(struct berth_rdf *d, struct berth_rdf_term *out, const char *label, size_t n)
{
	struct berth_rdf_label *at;
	enum berth_err rc;

	if (n > BERTH_RDF_LABEL_MAX)
		return berth_fail(BERTH_E_SIZE, "label of a blank node: %zu bytes", n);
	if (2 * d->n_label >= d->label_cap && (rc = grow_labels(d)))
		return rc;
	at = slot(d, label, n);
	if (at->text) {
		*out = (struct berth_rdf_term){ .kind = BERTH_RDF_BLANK, .blank = at->blank };
		return BERTH_OK;
	}
	if ((rc = berth_rdf_blank(d, out)))
		return rc;
	if (!(at->text = berth_arena_text(&d->arena, label, n)))
		return BERTH_E_NOMEM;
	at->blank = out->blank;
	d->n_label++;
	return BERTH_OK;
}

/* ---- text ---- */

struct berth_rdf_term berth_rdf_iri(const char *iri)
{
	return (struct berth_rdf_term){ .kind = BERTH_RDF_IRI, .value = iri, .len = strlen(iri) };
}

static bool is_alpha(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_alnum(char c)
{
	return is_alpha(c) || (c >= '0' && c <= '9');
}

static const bool never_in_iri[256] = {
	['<'] = true, ['>'] = true, ['"'] = true, ['{'] = true, ['}'] = true, ['|'] = true, ['^'] = true,
	['`'] = true, ['\\'] = true
};

bool berth_rdf_is_iri(const char *s, size_t n)
{
	size_t i = 0;

	if (n == 0 || !is_alpha(*s))
		return false;
	while (i < n && (is_alnum(s[i]) || s[i] == '+' || s[i] == '.' || s[i] == '-'))
		i++;
	if (i == n || s[i] != ':')
		return false;
	for (; i < n; i++)
		if ((uint8_t)s[i] <= ' ' || never_in_iri[(uint8_t)s[i]])
			return false;
	return true;
}

bool berth_rdf_is_lang(const char *s, size_t n)
{
	size_t part = 0, parts = 1;

	for (size_t i = 0; i < n; i++) {
		if (s[i] == '-' && part > 0) {
			part = 0;
			parts++;
		} else if (++part > 8 || !(parts == 1 ? is_alpha(s[i]) : is_alnum(s[i]))) {
			return false;
		}
	}
	return part > 0;
}
