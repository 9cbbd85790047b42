/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/resolverd/http_head.h"

#include <string.h>
#include <strings.h>

/* Text within a line. */
struct text {
	const char *p;
	size_t n;
};

static bool is(struct text t, const char *word) { return t.n == strlen(word) && strncasecmp(t.p, word, t.n) == 0; }
static bool blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

static struct text trim(const char *p, size_t n)
{
	for (; n && blank(*p); n--)
		p++;
	while (n && blank(p[n - 1]))
		n--;
	return (struct text){ p, n };
}

static struct text cut(struct text *rest, size_t n, size_t more)
{
	struct text t = trim(rest->p, n);

	n += more;
	rest->p += n;
	rest->n -= n;
	return t;
}

/* Up to the next comma that is not in quotes. */
static struct text next_item(struct text *rest)
{
	bool quoted = false;
	size_t i;

	for (i = 0; i < rest->n; i++) {
		if (quoted && rest->p[i] == '\\' && i + 1 < rest->n)
			i++;
		else if (rest->p[i] == '"')
			quoted = !quoted;
		else if (rest->p[i] == ',' && !quoted)
			break;
	}
	return cut(rest, i, i < rest->n);
}

/* Seconds; too large a number is the largest (RFC 9111, 1.2.2), anything else 0. */
static uint32_t seconds(struct text t)
{
	uint64_t v = 0;

	if (t.n >= 2 && t.p[0] == '"' && t.p[t.n - 1] == '"')
		t = (struct text){ t.p + 1, t.n - 2 };
	for (size_t i = 0; i < t.n; i++) {
		if (t.p[i] < '0' || t.p[i] > '9')
			return 0;
		v = v * 10 + (uint64_t)(t.p[i] - '0');
		v = v > INT32_MAX ? INT32_MAX : v;
	}
	return (uint32_t)v;
}

static void cache_control(struct berth_res_head *h, struct text value)
{
	while (value.n) {
		struct text arg = next_item(&value), name;
		const char *eq = memchr(arg.p, '=', arg.n);
		uint32_t s;

		name = eq ? cut(&arg, (size_t)(eq - arg.p), 1) : arg;
		if (is(name, "no-store") || is(name, "no-cache"))
			h->no_store = true;
		if (!is(name, "max-age"))
			continue;
		s = eq ? seconds(trim(arg.p, arg.n)) : 0;
		if (!h->has_max_age || s < h->max_age_s)
			h->max_age_s = s;
		h->has_max_age = true;
	}
}

static void codings(struct berth_res_head *h, struct text value, const char *fine)
{
	while (value.n) {
		struct text one = next_item(&value);

		h->encoded |= one.n && !is(one, fine);
	}
}

static void field(struct berth_res_head *h, struct text name, struct text value)
{
	if (is(name, "Cache-Control"))
		cache_control(h, value);
	else if (is(name, "Age"))
		h->age_s = seconds(value) > h->age_s ? seconds(value) : h->age_s;
	else if (is(name, "Content-Encoding"))
		codings(h, value, "identity");
	else if (is(name, "Transfer-Encoding"))
		codings(h, value, "chunked");
}

bool berth_res_head_line(struct berth_res_head *h, const char *p, size_t n)
{
	const char *colon = memchr(p, ':', n);

	if (berth_http_end_line(&h->end, p, n))
		*h = (struct berth_res_head){ .end = h->end };
	else if (colon && !blank(*p) && !h->end.complete)	/* folded lines and trailers say nothing to us */
		field(h, trim(p, (size_t)(colon - p)), trim(colon + 1, n - (size_t)(colon - p) - 1));
	return h->end.bytes <= BERTH_RES_HEAD_MAX;
}

uint32_t berth_res_head_fresh_s(const struct berth_res_head *h)
{
	return h->no_store || h->max_age_s <= h->age_s ? 0 : h->max_age_s - h->age_s;
}
