/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fakes/nquads.h"

#include <string.h>

#include "did/base/hex.h"
#include "did/base/utf8.h"

struct reader {
	const char *p, *end;
	size_t line;
	struct berth_rdf *d;
};

static enum berth_err bad(const struct reader *r, const char *what)
{
	return berth_fail(BERTH_E_VC, "N-Quads, line %zu: %s", r->line, what);
}

static int peek(const struct reader *r)
{
	return r->p < r->end ? (uint8_t)*r->p : -1;
}

static void skip_blanks(struct reader *r)
{
	while (peek(r) == ' ' || peek(r) == '\t')
		r->p++;
}

/* ---- characters ---- */

/* UCHAR behind its 'u' or 'U' */
static enum berth_err uchar(struct reader *r, struct berth_buf *out, int digits)
{
	uint32_t cp = 0;
	char utf8[4];

	while (digits--) {
		int d = r->p < r->end ? berth_hex_digit(*r->p++) : -1;

		if (d < 0)
			return bad(r, "bad \\u");
		cp = cp << 4 | (uint32_t)d;
	}
	if (cp > 0x10ffff || (cp >= 0xd800 && cp <= 0xdfff))
		return bad(r, "not a character");
	berth_buf_put(out, utf8, berth_utf8_put(utf8, cp));
	return BERTH_OK;
}

static enum berth_err escape(struct reader *r, struct berth_buf *out, bool in_string)
{
	static const char from[] = "tbnrf\"'\\", to[] = "\t\b\n\r\f\"'\\";
	int c = peek(r);
	const char *at = c > 0 && in_string ? strchr(from, c) : NULL;

	if (c < 0)
		return bad(r, "unfinished escape");
	r->p++;
	if (c == 'u' || c == 'U')
		return uchar(r, out, c == 'u' ? 4 : 8);
	if (!at)
		return bad(r, "bad escape");
	berth_buf_u8(out, (uint8_t)to[at - from]);
	return BERTH_OK;
}

/* Decodes up to the closing character into the arena. */
static enum berth_err delimited(struct reader *r, char close, const char **out, size_t *n)
{
	struct berth_buf b = BERTH_BUF_INIT;
	enum berth_err rc = BERTH_OK;
	size_t len;

	while (!rc && peek(r) != close) {
		len = berth_utf8_next(r->p, (size_t)(r->end - r->p), NULL);
		if (!len || *r->p == '\n' || *r->p == '\r') {
			rc = bad(r, "unfinished or not UTF-8");
		} else if (*r->p == '\\') {
			r->p++;
			rc = escape(r, &b, close == '"');
		} else {
			berth_buf_put(&b, r->p, len);
			r->p += len;
		}
	}
	r->p++;
	if (!rc && !(rc = berth_buf_status(&b)) &&
	    !(*out = berth_arena_text(&r->d->arena, berth_buf_cstr(&b), b.len)))
		rc = BERTH_E_NOMEM;
	*n = b.len;
	berth_buf_free(&b);
	return rc;
}

/* ---- terms ---- */

static enum berth_err iri(struct reader *r, struct berth_rdf_term *t)
{
	enum berth_err rc;

	r->p++;
	t->kind = BERTH_RDF_IRI;
	if ((rc = delimited(r, '>', &t->value, &t->len)))
		return rc;
	return berth_rdf_is_iri(t->value, t->len) ? BERTH_OK : bad(r, "not an absolute IRI");
}

static bool is_label(int c, bool first)
{
	if ((c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || c == '_' || c == ':' || c >= 0x80)
		return true;
	return !first && (c == '-' || c == '.');
}

static enum berth_err blank(struct reader *r, struct berth_rdf_term *t)
{
	const char *from;

	if (r->end - r->p < 3 || r->p[1] != ':' || !is_label((uint8_t)r->p[2], true))
		return bad(r, "not a blank node");
	from = r->p += 2;
	while (is_label(peek(r), false))
		r->p++;
	while (r->p[-1] == '.')	/* the last belongs to the statement */
		r->p--;
	if (!berth_utf8_valid(from, (size_t)(r->p - from)))
		return bad(r, "not UTF-8");
	return berth_rdf_labelled(r->d, t, from, (size_t)(r->p - from));
}

static enum berth_err lang(struct reader *r, struct berth_rdf_term *t)
{
	const char *from = ++r->p;
	size_t n;

	while (is_label(peek(r), false) && *r->p != '.')
		r->p++;
	n = (size_t)(r->p - from);
	if (!berth_rdf_is_lang(from, n))
		return bad(r, "not a language");
	t->lang = berth_arena_text(&r->d->arena, from, n);
	return t->lang ? BERTH_OK : BERTH_E_NOMEM;
}

static enum berth_err literal(struct reader *r, struct berth_rdf_term *t)
{
	struct berth_rdf_term type;
	enum berth_err rc;

	r->p++;
	t->kind = BERTH_RDF_LITERAL;
	if ((rc = delimited(r, '"', &t->value, &t->len)))
		return rc;
	if (peek(r) == '@')
		return lang(r, t);
	if (peek(r) != '^')
		return BERTH_OK;
	if (r->end - r->p < 3 || memcmp(r->p, "^^<", 3))
		return bad(r, "not a datatype");
	r->p += 2;
	if ((rc = iri(r, &type)))
		return rc;
	t->datatype = strcmp(type.value, BERTH_XSD_NS "string") ? type.value : NULL;
	return BERTH_OK;
}

static enum berth_err term(struct reader *r, struct berth_rdf_term *t)
{
	enum berth_err rc;

	memset(t, 0, sizeof(*t));
	switch (peek(r)) {
	case '<': rc = iri(r, t); break;
	case '_': rc = blank(r, t); break;
	case '"': rc = literal(r, t); break;
	default: rc = bad(r, "expected a term");
	}
	skip_blanks(r);
	return rc;
}

/* ---- statements ---- */

static enum berth_err statement(struct reader *r)
{
	struct berth_rdf_quad q = { .g = { BERTH_RDF_DEFAULT_GRAPH, 0, NULL, 0, NULL, NULL } };
	enum berth_err rc;

	if ((rc = term(r, &q.s)) || (rc = term(r, &q.p)) || (rc = term(r, &q.o)))
		return rc;
	if (peek(r) != '.' && (rc = term(r, &q.g)))
		return rc;
	if (q.s.kind == BERTH_RDF_LITERAL || q.p.kind != BERTH_RDF_IRI || q.g.kind == BERTH_RDF_LITERAL)
		return bad(r, "a term where it cannot stand");
	if (peek(r) != '.')
		return bad(r, "expected a full stop");
	r->p++;
	return berth_rdf_add(r->d, &q);
}

static void skip_comment(struct reader *r)
{
	while (peek(r) >= 0 && *r->p != '\n' && *r->p != '\r')
		r->p++;
}

static enum berth_err line(struct reader *r)
{
	enum berth_err rc;

	skip_blanks(r);
	if (peek(r) == '<' || peek(r) == '_') {
		if ((rc = statement(r)))
			return rc;
		skip_blanks(r);
	}
	if (peek(r) == '#')
		skip_comment(r);
	if (peek(r) >= 0 && *r->p != '\n' && *r->p != '\r')
		return bad(r, "text behind the statement");
	r->line += peek(r) == '\n';
	r->p += peek(r) >= 0;
	return BERTH_OK;
}

enum berth_err test_nquads_parse(struct berth_rdf *d, const char *text, size_t n)
{
	struct reader r = { .p = text, .end = n ? text + n : text, .line = 1, .d = d };
	enum berth_err rc = BERTH_OK;

	while (!rc && r.p < r.end)
		rc = line(&r);
	return rc;
}
