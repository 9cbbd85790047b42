/* SPDX-License-Identifier: Apache-2.0 */
#include "did/uri_ref.h"

#include <string.h>

#include "did/base/hex.h"

static const char scheme_chars[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-.";

/* A piece of somebody else's text; p is NULL for a component that is not there. */
struct piece {
	const char *p;
	size_t n;
};

struct parts {
	struct piece path, query, fragment;
};

static struct piece piece(const char *p, size_t n)
{
	return (struct piece){ p, n };
}

/* path ["?" query] ["#" fragment] */
static struct parts split(const char *s)
{
	struct parts x = { .path = piece(s, strcspn(s, "?#")) };

	s += x.path.n;
	if (*s == '?') {
		x.query = piece(s + 1, strcspn(s + 1, "#"));
		s += 1 + x.query.n;
	}
	if (*s == '#')
		x.fragment = piece(s + 1, strlen(s + 1));
	return x;
}

static bool is_uri_text(const char *s)
{
	static const char others[] = "-._~:/?#[]@!$&'()*+,;=";

	for (; *s; s++) {
		if (*s == '%') {
			if (berth_hex_digit(s[1]) < 0 || berth_hex_digit(s[2]) < 0)
				return false;
		} else if (!strchr(scheme_chars, *s) && !strchr(others, *s)) {
			return false;
		}
	}
	return true;
}

bool berth_uri_is_local_ref(const char *text)
{
	const char *hash = strchr(text, '#');

	return is_uri_text(text) && !(hash && strchr(hash + 1, '#')) && strncmp(text, "//", 2) != 0 &&
	       text[strcspn(text, ":/?#")] != ':';
}

/* RFC 3986, 5.2.4, for a path that begins with '/'. */
static void put_without_dots(struct berth_buf *out, const char *s, size_t n)
{
	size_t start = out->len;

	while (n > 0) {
		size_t len = 1;
		bool last;

		while (len < n && s[len] != '/')
			len++;
		last = len == n;
		if (len == 3 && memcmp(s, "/..", 3) == 0) {
			while (out->len > start && out->p[--out->len] != '/')
				;
			if (last)
				berth_buf_u8(out, '/');
		} else if (len == 2 && memcmp(s, "/.", 2) == 0) {
			if (last)
				berth_buf_u8(out, '/');
		} else {
			berth_buf_put(out, s, len);
		}
		s += len;
		n -= len;
	}
}

/* 5.2.3: the reference in place of what follows the last '/' of the base's path. */
static void merge(struct berth_buf *path, struct piece base, struct piece ref)
{
	size_t keep = base.n;

	while (keep > 0 && base.p[keep - 1] != '/')
		keep--;
	if (keep == 0)
		berth_buf_u8(path, '/');
	berth_buf_put(path, base.p, keep);
	berth_buf_put(path, ref.p, ref.n);
}

static void put_path(struct berth_buf *out, struct piece base, struct piece ref)
{
	struct berth_buf merged = BERTH_BUF_INIT;

	if (ref.p[0] != '/') {
		merge(&merged, base, ref);
		ref = piece(berth_buf_cstr(&merged), merged.len);
	}
	put_without_dots(out, ref.p, ref.n);
	out->bad |= merged.bad;
	berth_buf_free(&merged);
}

static void put_component(struct berth_buf *out, char mark, struct piece c)
{
	if (!c.p)
		return;
	berth_buf_u8(out, (uint8_t)mark);
	berth_buf_put(out, c.p, c.n);
}

enum berth_err berth_uri_resolve(struct berth_buf *out, const char *base, const char *ref)
{
	size_t authority = strspn(base, scheme_chars);
	struct parts b, r = split(ref);

	if (authority == 0 || !is_uri_text(base) || strncmp(base + authority, "://", 3) != 0)
		return berth_fail(BERTH_E_RESOLVE, "the service endpoint has no place for a reference");
	authority += 3;
	authority += strcspn(base + authority, "/?#");
	b = split(base + authority);
	berth_buf_put(out, base, authority);
	if (r.path.n > 0)
		put_path(out, b.path, r.path);
	else
		berth_buf_put(out, b.path.p, b.path.n);
	put_component(out, '?', r.path.n > 0 || r.query.p ? r.query : b.query);
	put_component(out, '#', r.fragment);
	return berth_buf_status(out);
}
