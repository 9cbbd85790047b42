/* SPDX-License-Identifier: Apache-2.0 */
/* All live states of a pattern advance together, a character at a time. */
#include <string.h>

#include "did/base/utf8.h"
#include "vc/pattern_internal.h"

#define NO_CHAR UINT32_MAX

struct search {
	struct berth_pattern *p;
	uint32_t before, now;	/* the characters around the place; NO_CHAR: none */
	uint32_t round;
	size_t *budget, n[2];
	bool found;
};

static bool is_word(uint32_t c)
{
	return c < 128 && ((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || c == '_' || (c >= 'a' && c <= 'z'));
}

/* Whether a state that takes no character lets through here. */
static bool passes(const struct search *x, enum pattern_op op)
{
	switch (op) {
	case PATTERN_BEGIN:
		return x->before == NO_CHAR;
	case PATTERN_END:
		return x->now == NO_CHAR;
	case PATTERN_WORD_EDGE:
		return is_word(x->before) != is_word(x->now);
	default:
		return is_word(x->before) == is_word(x->now);
	}
}

/* Adds a state, and what it leads to without a character, to a list. */
static void add(struct search *x, size_t which, uint32_t first)
{
	struct berth_pattern *p = x->p;
	size_t n = 0;

	p->stack[n++] = (uint16_t)first;
	while (n) {
		uint16_t i = p->stack[--n];
		const struct pattern_state *s = &p->s[i];

		if (p->mark[i] == x->round)
			continue;
		p->mark[i] = x->round;
		*x->budget -= *x->budget > 0;
		if (s->op == PATTERN_SPLIT)
			p->stack[n++] = (uint16_t)s->b;
		if (s->op == PATTERN_SPLIT || s->op == PATTERN_JUMP)
			p->stack[n++] = (uint16_t)s->a;
		else if (s->op == PATTERN_MATCH)
			x->found = true;
		else if (s->op < PATTERN_BEGIN)
			p->list[which][x->n[which]++] = i;
		else if (passes(x, s->op))
			p->stack[n++] = (uint16_t)(i + 1);
	}
}

static bool takes(const struct berth_pattern *p, const struct pattern_state *s, uint32_t c)
{
	bool in = false;

	if (s->op == PATTERN_CHAR)
		return s->a == c;
	if (s->op == PATTERN_ANY)
		return c != '\n' && c != '\r' && c != 0x2028 && c != 0x2029;
	for (uint32_t i = 0; i < s->b && !in; i++)
		in = c >= p->r[s->a + i].from && c <= p->r[s->a + i].to;
	return in == (s->op == PATTERN_SET);
}

/* The live states of one list over one character into the other. */
static void advance(struct search *x, size_t from, uint32_t c)
{
	struct berth_pattern *p = x->p;

	for (size_t i = 0; i < x->n[from]; i++) {
		const struct pattern_state *s = &p->s[p->list[from][i]];

		*x->budget -= *x->budget > 0;
		if (takes(p, s, c))
			add(x, !from, (uint32_t)(s - p->s) + 1);
	}
}

static uint32_t peek(const char *text, size_t n, size_t *step)
{
	uint32_t c = NO_CHAR;

	*step = n ? berth_utf8_next(text, n, &c) : 0;
	return *step ? c : NO_CHAR;
}

enum berth_err berth_pattern_search(struct berth_pattern *p, const char *text, size_t *budget, bool *found)
{
	struct search x = { .p = p, .before = NO_CHAR, .round = 1, .budget = budget };
	size_t left = strlen(text), step, which = 0;

	memset(p->mark, 0, BERTH_PATTERN_SIZE_MAX * sizeof(*p->mark));
	x.now = peek(text, left, &step);
	for (;;) {
		uint32_t c = x.now;

		add(&x, which, 0);	/* it may begin at any place */
		if (x.found || c == NO_CHAR || *budget == 0)
			break;
		text += step;
		left -= step;
		x.before = c;
		x.now = peek(text, left, &step);
		x.round++;
		x.n[!which] = 0;
		advance(&x, which, c);
		which = !which;
		if (x.found)
			break;
	}
	*found = x.found;
	return x.found || *budget ? BERTH_OK : berth_fail(BERTH_E_SIZE, "pattern: too much work");
}
