/* SPDX-License-Identifier: Apache-2.0 */
#include "vc/json_path.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vc/sd_jwt.h"

/* ---- reading ---- */

static enum berth_err bad(const char *text, const char *what)
{
	return berth_fail(BERTH_E_TYPE, "path %.80s: %s", text, what);
}

void berth_path_free(struct berth_path *p)
{
	for (size_t i = 0; i < p->n; i++)
		free(p->steps[i].name);
	free(p->steps);
	memset(p, 0, sizeof(*p));
}

/* name NULL: none; copied. */
static enum berth_err add(struct berth_path *p, enum berth_step_kind kind, const char *name, size_t len, size_t index)
{
	struct berth_path_step *grown;

	if (p->n == BERTH_PATH_STEPS_MAX)
		return berth_fail(BERTH_E_SIZE, "a path of more than %d steps", BERTH_PATH_STEPS_MAX);
	if (!(grown = realloc(p->steps, (p->n + 1) * sizeof(*grown))))
		return berth_no_memory();
	p->steps = grown;
	grown[p->n] = (struct berth_path_step){ .kind = kind, .index = index };
	if (name && !(grown[p->n].name = strndup(name, len)))
		return berth_no_memory();
	p->n++;
	return BERTH_OK;
}

/* A name behind a dot: letters, digits, _ - @ and all that is not ASCII; the @ is not the
 * RFC's, but $.@context and the like are written by many. */
static size_t name_len(const char *s)
{
	static const char ascii[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-@";
	size_t n = 0;

	while (s[n] && ((unsigned char)s[n] >= 0x80 || strchr(ascii, s[n])))
		n++;
	return n;
}

static enum berth_err read_dot(struct berth_path *p, const char **at, const char *text)
{
	enum berth_step_kind kind = BERTH_STEP_NAME;
	size_t n;
	enum berth_err rc;

	if (*++*at == '.') {
		kind = BERTH_STEP_DEEP;
		++*at;
	}
	if (**at == '*') {
		++*at;
		return add(p, kind == BERTH_STEP_DEEP ? kind : BERTH_STEP_ALL, NULL, 0, 0);
	}
	if (!(n = name_len(*at)))
		return bad(text, "no name behind a dot");
	rc = add(p, kind, *at, n, 0);
	*at += n;
	return rc;
}

/* 'name' or "name"; a backslash only before itself and the quote. */
static enum berth_err read_quoted(struct berth_path *p, const char **at, const char *text)
{
	char quote = *(*at)++, name[BERTH_PATH_TEXT_MAX];
	size_t n = 0;

	for (; **at && **at != quote; ++*at) {
		if (**at == '\\' && (*++*at != '\\' && **at != quote))
			return bad(text, "an escape that is not supported");
		name[n++] = **at;
	}
	if (!**at)
		return bad(text, "a name without an end");
	++*at;
	return add(p, BERTH_STEP_NAME, name, n, 0);
}

static enum berth_err read_index(struct berth_path *p, const char **at, const char *text)
{
	size_t n = strspn(*at, "0123456789"), v = 0;

	if (n == 0 || n > 9 || (n > 1 && **at == '0'))
		return bad(text, "what stands in [ ] is not supported");
	for (size_t i = 0; i < n; i++)
		v = v * 10 + (size_t)(*(*at)++ - '0');
	return add(p, BERTH_STEP_INDEX, NULL, 0, v);
}

static enum berth_err read_bracket(struct berth_path *p, const char **at, const char *text)
{
	enum berth_err rc;

	++*at;
	if (**at == '*') {
		++*at;
		rc = add(p, BERTH_STEP_ALL, NULL, 0, 0);
	} else if (**at == '\'' || **at == '"') {
		rc = read_quoted(p, at, text);
	} else {
		rc = read_index(p, at, text);
	}
	if (rc)
		return rc;
	return *(*at)++ == ']' ? BERTH_OK : bad(text, "what stands in [ ] is not supported");
}

enum berth_err berth_path_parse(struct berth_path *out, const char *text)
{
	const char *at = text;
	enum berth_err rc = BERTH_OK;

	memset(out, 0, sizeof(*out));
	if (strlen(text) >= BERTH_PATH_TEXT_MAX)
		return berth_fail(BERTH_E_SIZE, "a path of %zu bytes", strlen(text));
	if (*at++ != '$')
		return bad(text, "does not begin with $");
	while (!rc && *at) {
		if (*at == '.')
			rc = read_dot(out, &at, text);
		else if (*at == '[')
			rc = read_bracket(out, &at, text);
		else
			rc = bad(text, "not a path");
	}
	if (rc)
		berth_path_free(out);
	return rc;
}

static enum berth_err read_component(struct berth_path *p, const struct berth_json *v)
{
	const char *name = berth_json_str(v);
	double d = berth_json_num(v);

	if (name)
		return add(p, BERTH_STEP_NAME, name, strlen(name), 0);
	if (berth_json_is(v, BERTH_JSON_NULL))
		return add(p, BERTH_STEP_ALL, NULL, 0, 0);
	if (!berth_json_is(v, BERTH_JSON_NUMBER) || !(d >= 0 && d < 1e9) || d != (double)(size_t)d)
		return berth_fail(BERTH_E_TYPE, "path: neither a name, nor an index, nor null");
	return add(p, BERTH_STEP_INDEX, NULL, 0, (size_t)d);
}

enum berth_err berth_path_read(struct berth_path *out, const struct berth_json *array)
{
	enum berth_err rc = BERTH_OK;

	memset(out, 0, sizeof(*out));
	out->elements_only = true;
	if (!berth_json_is(array, BERTH_JSON_ARRAY) || berth_json_len(array) == 0)
		return berth_fail(BERTH_E_TYPE, "path: not a list of steps");
	for (const struct berth_json *it = berth_json_first(array); it && !rc; it = berth_json_next(it))
		rc = read_component(out, it);
	if (rc)
		berth_path_free(out);
	return rc;
}

/* ---- walking ---- */

struct walk {
	const struct berth_path *p;
	size_t *budget;
	berth_path_fn *fn;
	void *arg;
	struct berth_buf pointer;
	bool enough;
};

static enum berth_err walk(struct walk *w, const struct berth_json *v, size_t step);

/* On into a child, whose name or index goes behind the pointer meanwhile. */
static enum berth_err enter(struct walk *w, const struct berth_json *child, size_t index, size_t step)
{
	size_t before = w->pointer.len;
	char text[24];
	enum berth_err rc;

	if (*w->budget == 0)
		return berth_fail(BERTH_E_SIZE, "path: too much work");
	--*w->budget;
	snprintf(text, sizeof(text), "%zu", index);
	berth_sd_pointer_add(&w->pointer, berth_json_key(child) ? berth_json_key(child) : text);
	if (!(rc = berth_buf_status(&w->pointer)))
		rc = walk(w, child, step);
	w->pointer.len = before;
	if (w->pointer.p)
		w->pointer.p[before] = '\0';
	return rc;
}

static bool is_container(const struct berth_json *v)
{
	return berth_json_is(v, BERTH_JSON_OBJECT) || berth_json_is(v, BERTH_JSON_ARRAY);
}

static enum berth_err all(struct walk *w, const struct berth_json *v, size_t step)
{
	size_t i = 0;
	enum berth_err rc = BERTH_OK;

	if (!is_container(v))
		return BERTH_OK;
	for (const struct berth_json *it = berth_json_first(v); it && !rc && !w->enough; it = berth_json_next(it))
		rc = enter(w, it, i++, step + 1);
	return rc;
}

/* Here, and then in everything within. */
static enum berth_err deep(struct walk *w, const struct berth_json *v, size_t step)
{
	const char *name = w->p->steps[step].name;
	size_t i = 0;
	enum berth_err rc = BERTH_OK;

	if (!is_container(v))
		return BERTH_OK;
	for (const struct berth_json *it = berth_json_first(v); it && !rc && !w->enough; it = berth_json_next(it), i++)
		if (!name || (berth_json_key(it) && !strcmp(berth_json_key(it), name)))
			rc = enter(w, it, i, step + 1);
	i = 0;
	for (const struct berth_json *it = berth_json_first(v); it && !rc && !w->enough; it = berth_json_next(it))
		rc = enter(w, it, i++, step);
	return rc;
}

/* DCQL: one value of another kind than the step is for, and nothing is selected. */
static bool fits(const struct walk *w, const struct berth_path_step *s, const struct berth_json *v)
{
	return !w->p->elements_only || berth_json_is(v, s->kind == BERTH_STEP_NAME ? BERTH_JSON_OBJECT : BERTH_JSON_ARRAY);
}

static enum berth_err walk(struct walk *w, const struct berth_json *v, size_t step)
{
	const struct berth_path_step *s;
	const struct berth_json *child;

	if (step == w->p->n)
		return w->fn(w->arg, v, berth_buf_cstr(&w->pointer), &w->enough);
	s = &w->p->steps[step];
	if (!fits(w, s, v))
		return berth_fail(BERTH_E_NOMATCH, "path: a value of another kind");
	switch (s->kind) {
	case BERTH_STEP_NAME:
		child = berth_json_is(v, BERTH_JSON_OBJECT) ? berth_json_get(v, s->name) : NULL;
		return child ? enter(w, child, 0, step + 1) : BERTH_OK;
	case BERTH_STEP_INDEX:
		child = berth_json_is(v, BERTH_JSON_ARRAY) ? berth_json_at(v, s->index) : NULL;
		return child ? enter(w, child, s->index, step + 1) : BERTH_OK;
	case BERTH_STEP_ALL:
		return all(w, v, step);
	case BERTH_STEP_DEEP:
		return deep(w, v, step);
	}
	return berth_fail(BERTH_E_INTERNAL, "path");
}

enum berth_err berth_path_select(const struct berth_path *p, const struct berth_json *root, size_t *budget,
				 berth_path_fn *fn, void *arg)
{
	struct walk w = { .p = p, .budget = budget, .fn = fn, .arg = arg, .pointer = BERTH_BUF_INIT };
	enum berth_err rc = walk(&w, root, 0);

	berth_buf_free(&w.pointer);
	return rc;
}
