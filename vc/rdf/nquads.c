/* SPDX-License-Identifier: Apache-2.0 */
#include "vc/rdf/nquads.h"

#include <string.h>

/* ---- writing ---- */

/* \b \t \n \f \r \" \\ by name, other controls and DEL as \u00XX, all else as it is. */
static void put_escaped(struct berth_buf *out, uint8_t c)
{
	static const char from[] = "\b\t\n\f\r\"\\", to[] = "btnfr\"\\";
	const char *at = c ? strchr(from, c) : NULL;

	if (at)
		berth_buf_printf(out, "\\%c", to[at - from]);
	else
		berth_buf_printf(out, "\\u%04X", c);
}

static bool is_plain(uint8_t c)
{
	return c >= ' ' && c != '"' && c != '\\' && c != 0x7f;
}

/* before, n bytes, after: all at once, for there are many. */
static void put_between(struct berth_buf *out, const char *before, size_t n_before, const char *s, size_t n, char after)
{
	uint8_t *at = berth_buf_grow(out, n_before + n + 1);

	if (!at)
		return;
	memcpy(at, before, n_before);
	if (n)
		memcpy(at + n_before, s, n);
	at[n_before + n] = (uint8_t)after;
}

static void put_string(struct berth_buf *out, const char *s, size_t n)
{
	size_t run = 0, i = 0;

	while (i < n && is_plain((uint8_t)s[i]))
		i++;
	if (i == n) {
		put_between(out, "\"", 1, s, n, '"');
		return;
	}
	berth_buf_u8(out, '"');
	for (; i < n; i++) {
		if (is_plain((uint8_t)s[i]))
			continue;
		berth_buf_put(out, s + run, i - run);
		put_escaped(out, (uint8_t)s[i]);
		run = i + 1;
	}
	put_between(out, "", 0, s + run, n - run, '"');
}

static void put_term(struct berth_buf *out, const struct berth_rdf_term *t, berth_blank_name *name, const void *arg)
{
	if (t->kind == BERTH_RDF_IRI) {
		put_between(out, "<", 1, t->value, t->len, '>');
	} else if (t->kind == BERTH_RDF_BLANK) {
		name(out, t->blank, arg);
	} else {
		put_string(out, t->value, t->len);
		if (t->lang) {
			berth_buf_u8(out, '@');
			berth_buf_str(out, t->lang);
		} else if (t->datatype) {
			put_between(out, "^^<", 3, t->datatype, strlen(t->datatype), '>');
		}
	}
	berth_buf_u8(out, ' ');
}

void berth_nquads_write(struct berth_buf *out, const struct berth_rdf_quad *q, berth_blank_name *name,
			const void *arg)
{
	put_term(out, &q->s, name, arg);
	put_term(out, &q->p, name, arg);
	put_term(out, &q->o, name, arg);
	if (q->g.kind != BERTH_RDF_DEFAULT_GRAPH)
		put_term(out, &q->g, name, arg);
	berth_buf_put(out, ".\n", 2);
}
