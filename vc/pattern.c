/* SPDX-License-Identifier: Apache-2.0 */
/* Regular expressions as a list of states, all of whose live ones advance together with
 * each character (Thompson's construction). */
#include "vc/pattern.h"

#include <stdlib.h>
#include <string.h>

#include "did/base/utf8.h"
#include "vc/pattern_internal.h"

#define RANGES_MAX 1024
#define GROUPS_MAX 32		/* nested */
#define PARSES_MAX 16384	/* of atoms: what is repeated is parsed again */
#define REPEAT_MAX 1000
#define NO_CHAR UINT32_MAX	/* a class */

struct parser {
	struct berth_pattern *p;
	const char *at;
	size_t depth, parses;
	enum berth_err rc;		/* sticky */
};

static enum berth_err parse_alternatives(struct parser *x);

/* ---- writing states ---- */

static void fail(struct parser *x, enum berth_err rc, const char *what)
{
	if (!x->rc)
		x->rc = berth_fail(rc, "pattern: %s", what);
}

static size_t emit(struct parser *x, enum pattern_op op, uint32_t a, uint32_t b)
{
	if (x->p->n == BERTH_PATTERN_SIZE_MAX)
		fail(x, BERTH_E_SIZE, "too large");
	if (x->rc)
		return 0;
	x->p->s[x->p->n] = (struct pattern_state){ op, a, b };
	return x->p->n++;
}

/* Makes room for one state at `at`; jumps behind it move along. */
static void insert(struct parser *x, size_t at, enum pattern_op op, uint32_t a, uint32_t b)
{
	struct pattern_state *s = x->p->s;

	emit(x, PATTERN_JUMP, 0, 0);
	if (x->rc)
		return;
	memmove(s + at + 1, s + at, (x->p->n - 1 - at) * sizeof(*s));
	for (size_t i = at + 1; i < x->p->n; i++) {
		if (s[i].op == PATTERN_SPLIT || s[i].op == PATTERN_JUMP)
			s[i].a += s[i].a >= at;
		if (s[i].op == PATTERN_SPLIT)
			s[i].b += s[i].b >= at;
	}
	s[at] = (struct pattern_state){ op, a, b };
}

static void add_range(struct parser *x, uint32_t from, uint32_t to)
{
	if (from > to)
		fail(x, BERTH_E_TYPE, "a range that ends before it begins");
	if (x->p->n_ranges == RANGES_MAX)
		fail(x, BERTH_E_SIZE, "too many ranges");
	if (!x->rc)
		x->p->r[x->p->n_ranges++] = (struct pattern_range){ from, to };
}

/* ---- characters and classes ---- */

static uint32_t next_char(struct parser *x)
{
	uint32_t cp = 0;
	size_t n = berth_utf8_next(x->at, strlen(x->at), &cp);

	if (n == 0)
		fail(x, BERTH_E_TYPE, "ends too soon, or is not UTF-8");
	x->at += n;
	return cp;
}

/* The ranges of \d, \w or \s; the capital is all others. */
static void add_class(struct parser *x, char c)
{
	static const struct pattern_range digits[] = { { '0', '9' } }, space[] = { { '\t', '\r' }, { ' ', ' ' }, { 0xa0, 0xa0 },
		{ 0x1680, 0x1680 }, { 0x2000, 0x200a }, { 0x2028, 0x2029 }, { 0x202f, 0x202f }, { 0x205f, 0x205f },
		{ 0x3000, 0x3000 }, { 0xfeff, 0xfeff } },
		word[] = { { '0', '9' }, { 'A', 'Z' }, { '_', '_' }, { 'a', 'z' } };
	bool is_digit = c == 'd' || c == 'D', is_word = c == 'w' || c == 'W', other = c == 'D' || c == 'W' || c == 'S';
	const struct pattern_range *r = is_digit ? digits : is_word ? word : space;
	size_t n = is_digit ? 1 : is_word ? 4 : sizeof(space) / sizeof(*space);
	uint32_t from = 0;

	for (size_t i = 0; i < n; i++) {
		if (!other)
			add_range(x, r[i].from, r[i].to);
		else if (r[i].from)
			add_range(x, from, r[i].from - 1);
		from = r[i].to + 1;
	}
	if (other)
		add_range(x, from, 0x10ffff);
}

static uint32_t hex(struct parser *x, size_t digits)
{
	uint32_t v = 0;

	for (size_t i = 0; i < digits; i++, x->at++) {
		const char *all = "0123456789abcdef0123456789ABCDEF", *at = *x->at ? strchr(all, *x->at) : NULL;

		if (!at) {
			fail(x, BERTH_E_TYPE, "hexadecimal digits");
			return 0;
		}
		v = v << 4 | (uint32_t)((at - all) & 15);
	}
	return v;
}

/* Behind a backslash: one character; NO_CHAR: a class, whose ranges have been added. */
static uint32_t escaped(struct parser *x)
{
	static const char names[] = "tnvfr", values[] = "\t\n\v\f\r";
	const char *at;
	char c = *x->at;

	if (c && strchr("dDwWsS", c)) {
		x->at++;
		add_class(x, c);
		return NO_CHAR;
	}
	if (c == 'x' || c == 'u') {
		x->at++;
		return hex(x, c == 'x' ? 2 : 4);
	}
	if (c && (at = strchr(names, c))) {
		x->at++;
		return (uint32_t)values[at - names];
	}
	if ((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'))
		fail(x, BERTH_E_TYPE, "an escape that is not supported");
	return next_char(x);
}

static uint32_t class_member(struct parser *x)
{
	if (*x->at != '\\')
		return next_char(x);
	x->at++;
	if (*x->at == 'b') {
		x->at++;
		return '\b';
	}
	return escaped(x);
}

/* [...] */
static void parse_class(struct parser *x)
{
	size_t first = x->p->n_ranges;
	bool not = *x->at == '^';

	x->at += not;
	while (!x->rc && *x->at != ']') {
		uint32_t from = class_member(x), to = from;

		if (*x->at == '-' && x->at[1] && x->at[1] != ']' && from != NO_CHAR) {
			x->at++;
			if ((to = class_member(x)) == NO_CHAR) {	/* [a-\d]: three of them */
				add_range(x, '-', '-');
				to = from;
			}
		}
		if (from != NO_CHAR)
			add_range(x, from, to);
	}
	x->at += *x->at == ']';
	emit(x, not ? PATTERN_NOT_SET : PATTERN_SET, (uint32_t)first, (uint32_t)(x->p->n_ranges - first));
}

static void parse_escape(struct parser *x)
{
	size_t first = x->p->n_ranges;
	uint32_t c;

	if (*x->at == 'b' || *x->at == 'B') {
		emit(x, *x->at++ == 'b' ? PATTERN_WORD_EDGE : PATTERN_NO_EDGE, 0, 0);
		return;
	}
	c = escaped(x);
	if (c != NO_CHAR)
		emit(x, PATTERN_CHAR, c, 0);
	else
		emit(x, PATTERN_SET, (uint32_t)first, (uint32_t)(x->p->n_ranges - first));
}

/* ---- structure ---- */

static const char *number(const char *p, size_t *out)
{
	size_t v = 0;

	if (*p < '0' || *p > '9')
		return NULL;
	for (; *p >= '0' && *p <= '9'; p++)
		v = v > REPEAT_MAX ? v : v * 10 + (size_t)(*p - '0');
	*out = v;
	return p;
}

/* {n} {n,} {n,m}: the end of it, or NULL.  max SIZE_MAX: no end. */
static const char *counts(const char *p, size_t *min, size_t *max)
{
	if (*p != '{' || !(p = number(p + 1, min)))
		return NULL;
	*max = *min;
	if (*p == ',') {
		*max = SIZE_MAX;
		if (*++p != '}' && !(p = number(p, max)))
			return NULL;
	}
	return *p == '}' ? p + 1 : NULL;
}

static void parse_group(struct parser *x)
{
	if (*x->at == '?') {
		if (x->at[1] != ':') {
			fail(x, BERTH_E_TYPE, "(? other than (?: is not supported");
			return;
		}
		x->at += 2;
	}
	if (++x->depth > GROUPS_MAX)
		fail(x, BERTH_E_SIZE, "nested too deep");
	if (x->rc || parse_alternatives(x))
		return;
	x->depth--;
	if (*x->at++ != ')')
		fail(x, BERTH_E_TYPE, "a group without an end");
}

static void parse_atom(struct parser *x)
{
	char c = *x->at;
	size_t min, max;

	if (++x->parses > PARSES_MAX)
		fail(x, BERTH_E_SIZE, "too large");
	if (x->rc)
		return;
	if (strchr("*+?", c) || counts(x->at, &min, &max)) {
		fail(x, BERTH_E_TYPE, "nothing to repeat");
		return;
	}
	if (!strchr("([.^$\\", c)) {
		emit(x, PATTERN_CHAR, next_char(x), 0);
		return;
	}
	x->at++;
	if (c == '(')
		parse_group(x);
	else if (c == '[')
		parse_class(x);
	else if (c == '\\')
		parse_escape(x);
	else
		emit(x, c == '.' ? PATTERN_ANY : c == '^' ? PATTERN_BEGIN : PATTERN_END, 0, 0);
}

static bool quantifier(struct parser *x, size_t *min, size_t *max)
{
	const char *end;

	*min = *x->at == '+';
	*max = *x->at == '?' ? 1 : SIZE_MAX;
	if (*x->at && strchr("*+?", *x->at))
		x->at++;
	else if ((end = counts(x->at, min, max)))
		x->at = end;
	else
		return false;
	x->at += *x->at == '?';		/* lazy: of no concern to whether it matches */
	return true;
}

static void again(struct parser *x, const char *atom)
{
	const char *at = x->at;

	x->at = atom;
	parse_atom(x);
	x->at = at;
}

/* What is optional, or repeats without an end, from `start` on. */
static void wrap(struct parser *x, size_t start, bool loop)
{
	if (loop)
		emit(x, PATTERN_JUMP, (uint32_t)start, 0);
	insert(x, start, PATTERN_SPLIT, (uint32_t)start + 1, (uint32_t)x->p->n + 1);
	if (loop && !x->rc)
		x->p->s[x->p->n - 1].a = (uint32_t)start;
}

static void parse_term(struct parser *x)
{
	const char *atom = x->at;
	size_t start = x->p->n, min, max;

	parse_atom(x);
	if (x->rc || !quantifier(x, &min, &max))
		return;
	if (min > REPEAT_MAX || (max != SIZE_MAX && (max > REPEAT_MAX || max < min))) {
		fail(x, BERTH_E_TYPE, "a quantifier");
		return;
	}
	if (min == 0)
		x->p->n = start;
	for (size_t i = 1; i < min && !x->rc; i++)
		again(x, atom);
	for (size_t i = min; i < (max == SIZE_MAX ? min + 1 : max) && !x->rc; i++) {
		start = x->p->n;
		again(x, atom);
		wrap(x, start, max == SIZE_MAX);
	}
}

static enum berth_err parse_alternatives(struct parser *x)
{
	size_t start = x->p->n, ends[64], n_ends = 0;

	for (;;) {
		while (!x->rc && *x->at && *x->at != '|' && *x->at != ')')
			parse_term(x);
		if (x->rc || *x->at != '|')
			break;
		if (n_ends == sizeof(ends) / sizeof(*ends)) {
			fail(x, BERTH_E_SIZE, "too many alternatives");
			break;
		}
		x->at++;
		ends[n_ends++] = emit(x, PATTERN_JUMP, 0, 0) + 1;	/* the SPLIT moves it */
		insert(x, start, PATTERN_SPLIT, (uint32_t)start + 1, (uint32_t)x->p->n + 1);
		start = x->p->n;
	}
	for (size_t i = 0; i < n_ends && !x->rc; i++)
		x->p->s[ends[i]].a = (uint32_t)x->p->n;
	return x->rc;
}

/* ---- the whole ---- */

static bool allocate(struct berth_pattern *p)
{
	p->s = calloc(BERTH_PATTERN_SIZE_MAX, sizeof(*p->s));
	p->r = calloc(RANGES_MAX, sizeof(*p->r));
	p->mark = calloc(BERTH_PATTERN_SIZE_MAX, sizeof(*p->mark));
	p->stack = calloc(2 * BERTH_PATTERN_SIZE_MAX + 2, sizeof(*p->stack));
	for (size_t i = 0; i < 2; i++)
		p->list[i] = calloc(BERTH_PATTERN_SIZE_MAX, sizeof(*p->list[i]));
	return p->s && p->r && p->mark && p->stack && p->list[0] && p->list[1];
}

void berth_pattern_free(struct berth_pattern *p)
{
	if (!p)
		return;
	free(p->s);
	free(p->r);
	free(p->mark);
	free(p->stack);
	free(p->list[0]);
	free(p->list[1]);
	free(p);
}

enum berth_err berth_pattern_parse(struct berth_pattern **out, const char *text)
{
	struct parser x = { .at = text };

	*out = NULL;
	if (strlen(text) > BERTH_PATTERN_TEXT_MAX)
		return berth_fail(BERTH_E_SIZE, "pattern of %zu bytes", strlen(text));
	if (!(x.p = calloc(1, sizeof(*x.p))) || !allocate(x.p)) {
		berth_pattern_free(x.p);
		return berth_no_memory();
	}
	parse_alternatives(&x);
	if (!x.rc && *x.at)
		fail(&x, BERTH_E_TYPE, "a ) too many");
	emit(&x, PATTERN_MATCH, 0, 0);
	if (x.rc)
		berth_pattern_free(x.p);
	else
		*out = x.p;
	return x.rc;
}
