/* SPDX-License-Identifier: Apache-2.0 */
/* HTTP of registry adapters: first octet 'p', an egress policy between processes; 'u', a
 * URL; else lines of a reply's head. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "agent/ipc/http_policy.h"
#include "agent/resolverd/http_head.h"
#include "agent/resolverd/http_url.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

/* What decodes is encoded as it was. */
static void policy(const uint8_t *p, size_t n)
{
	struct berth_cur c = berth_cur(p, n);
	struct berth_res_http_policy q;
	struct berth_buf b = BERTH_BUF_INIT;

	if (!berth_res_http_policy_decode(&q, &c)) {
		berth_res_http_policy_encode(&b, &q);
		if (b.bad || b.len != n - c.n || strncasecmp(q.ca_file, "/", q.ca_file[0] != 0) != 0)
			abort();
		berth_buf_free(&b);
	}
	berth_res_http_policy_free(&q);
}

static void url(const uint8_t *p, size_t n)
{
	char *text = calloc(1, n + 1);
	struct berth_http_uri u;
	const char *dots;

	if (!text)
		return;
	memcpy(text, p, n);
	if (!berth_res_url_parse(&u, text)) {
		dots = strstr(u.path, "/../");
		if (!u.host[0] || u.ws || strpbrk(u.host, "/?@#\\[] ") || strpbrk(text, "#@\\\r\n") ||
		    (dots && dots < u.path + strcspn(u.path, "?")) ||
		    strncmp(text, u.tls ? "https://" : "http://", u.tls ? 8 : 7) != 0)
			abort();
		if (!berth_res_url_check_port(&u) && (u.port == 0 || u.port == 22 || u.port == 25))
			abort();
	}
	free(text);
}

static void head(const uint8_t *p, size_t n)
{
	struct berth_res_head h = { 0 };
	const char *text = (const char *)p;
	size_t all = n;

	while (n) {
		const char *end = memchr(text, '\n', n);
		size_t len = end ? (size_t)(end - text) + 1 : n;

		if (!berth_res_head_line(&h, text, len))
			break;
		text += len;
		n -= len;
	}
	if (h.end.bytes > all || berth_res_head_fresh_s(&h) > h.max_age_s)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	if (n == 0)
		return 0;
	if (p[0] == 'p')
		policy(p + 1, n - 1);
	else if (p[0] == 'u')
		url(p + 1, n - 1);
	else
		head(p, n);
	return 0;
}
