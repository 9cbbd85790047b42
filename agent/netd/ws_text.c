/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/netd/ws_text.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "agent/netd/http_text.h"
#include "did/base/buf.h"
#include "did/codec/base64url.h"

#define FIELD_OVERHEAD 4	/* colon, space, line end */
#define BLANK " \t"

/* Whether a list of tokens has that one. */
static bool has_token(const char *list, size_t n, const char *token)
{
	size_t len = strlen(token);

	for (size_t i = 0; i < n;) {
		size_t from = i, to;

		while (i < n && list[i] != ',')
			i++;
		to = i++;
		while (from < to && strchr(BLANK, list[from]))
			from++;
		while (to > from && strchr(BLANK, list[to - 1]))
			to--;
		if (to - from == len && strncasecmp(list + from, token, len) == 0)
			return true;
	}
	return false;
}

static bool is_key(const char *s)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	return strlen(s) == BERTH_WS_KEY_LEN && strspn(s, digits) == BERTH_WS_KEY_LEN - 2 &&
	       strcmp(s + BERTH_WS_KEY_LEN - 2, "==") == 0;
}

void berth_ws_head_add(struct berth_ws_head *h, const char *name, const char *value)
{
	value = value ? value : "";
	h->bytes += strlen(name) + strlen(value) + FIELD_OVERHEAD;
	if (strcasecmp(name, "Upgrade") == 0) {
		h->upgrade |= has_token(value, strlen(value), "websocket");
	} else if (strcasecmp(name, "Connection") == 0) {
		h->connection |= has_token(value, strlen(value), "upgrade");
	} else if (strcasecmp(name, "Sec-WebSocket-Version") == 0) {
		h->versions++;
		h->version_13 = strcmp(value, "13") == 0;
	} else if (strcasecmp(name, "Sec-WebSocket-Key") == 0) {
		h->keys++;
		if (is_key(value))
			memcpy(h->key, value, sizeof(h->key));
	} else if (strcasecmp(name, "Origin") == 0) {
		h->origins++;
		snprintf(h->origin, sizeof(h->origin), "%s", value);
	} else if (strcasecmp(name, "Transfer-Encoding") == 0 ||
		   (strcasecmp(name, "Content-Length") == 0 && strcmp(value, "0") != 0)) {
		h->bodies++;
	}
}

static bool is_word(const char *words, const char *word)
{
	size_t len = strlen(word);

	for (const char *p = words; len && (p = strstr(p, word)); p += len)
		if ((p == words || p[-1] == ' ') && (p[len] == ' ' || p[len] == '\0'))
			return true;
	return false;
}

int berth_ws_judge(const struct berth_ws_head *h, const char *method, const char *path, const char *ours,
		   const char *origins)
{
	if (h->bytes + strlen(path) > BERTH_HTTP_HEADERS_MAX)
		return 431;
	if (strcmp(path, ours) != 0)
		return 404;
	if (strcmp(method, "GET") != 0)
		return 405;
	if (!h->upgrade || !h->connection || (h->versions == 1 && !h->version_13))
		return 426;
	if (h->versions != 1 || h->keys != 1 || !h->key[0] || h->bodies)
		return 400;
	if (h->origins > 1 || (h->origins && !is_word(origins, h->origin)))
		return 403;
	return 101;
}

/* Our alphabet is that of URLs. */
static void base64(char *out, size_t size, const uint8_t *p, size_t n, const char *end)
{
	struct berth_buf b = BERTH_BUF_INIT;

	berth_b64url_encode(&b, p, n);
	berth_buf_str(&b, end);
	snprintf(out, size, "%s", b.bad ? "" : berth_buf_cstr(&b));
	for (; *out; out++)
		*out = *out == '-' ? '+' : *out == '_' ? '/' : *out;
	berth_buf_free(&b);
}

void berth_ws_key_text(char out[BERTH_WS_KEY_LEN + 1], const uint8_t random[16])
{
	base64(out, BERTH_WS_KEY_LEN + 1, random, 16, "==");
}

void berth_ws_accept_text(char out[BERTH_WS_ACCEPT_LEN + 1], const uint8_t sha1[20])
{
	base64(out, BERTH_WS_ACCEPT_LEN + 1, sha1, 20, "=");
}

/* What an answer must have, each once: bits of `got`. */
static void read_field(const char *line, size_t n, const char *accept, unsigned *got)
{
	const char *colon = memchr(line, ':', n), *value;
	size_t name, len;

	if (!colon)
		return;
	name = (size_t)(colon - line);
	value = colon + 1;
	while (value < line + n && strchr(BLANK, *value))
		value++;
	len = (size_t)(line + n - value);
	while (len && strchr(BLANK, value[len - 1]))
		len--;
	if (name == 7 && strncasecmp(line, "Upgrade", 7) == 0 && has_token(value, len, "websocket"))
		*got |= 1;
	else if (name == 10 && strncasecmp(line, "Connection", 10) == 0 && has_token(value, len, "upgrade"))
		*got |= 2;
	else if (name == 20 && strncasecmp(line, "Sec-WebSocket-Accept", 20) == 0)
		*got |= len == strlen(accept) && memcmp(value, accept, len) == 0 ? 4 : 8;
	/* we have asked for neither */
	else if ((name == 22 && strncasecmp(line, "Sec-WebSocket-Protocol", 22) == 0) ||
		 (name == 24 && strncasecmp(line, "Sec-WebSocket-Extensions", 24) == 0))
		*got |= 8;
}

enum berth_err berth_ws_answer(const char *text, size_t n, const char *accept, size_t *end, int *status)
{
	const char *stop = memmem(text, n, "\r\n\r\n", 4), *line = text, *eol;
	unsigned got = 0;

	*end = 0;
	*status = 0;
	if (!stop)
		return n >= BERTH_WS_ANSWER_MAX ? berth_fail(BERTH_E_ENV, "websocket: an answer without an end") : BERTH_OK;
	if (memchr(text, 0, (size_t)(stop - text)) || stop - text < 12 || strncmp(text, "HTTP/1.1 ", 9) != 0)
		return berth_fail(BERTH_E_ENV, "websocket: no HTTP");
	for (int i = 9; i < 12; i++)
		*status = *status * 10 + (text[i] - '0');
	for (; line < stop; line = eol + 2) {
		if (!(eol = memmem(line, (size_t)(stop + 2 - line), "\r\n", 2)))
			break;
		read_field(line, (size_t)(eol - line), accept, &got);
	}
	if (*status != 101 || got != 7)
		return berth_fail(BERTH_E_ENV, "websocket: status %d, and not what was asked for", *status);
	*end = (size_t)(stop + 4 - text);
	return BERTH_OK;
}
