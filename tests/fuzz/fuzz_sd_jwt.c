/* SPDX-License-Identifier: Apache-2.0 */
/* An SD-JWT as it is; or, '{' first, a payload under a good signature and behind the
 * first newline what follows it: lines are disclosures, as JSON, whose digests take the
 * place of "#0", "#1" and so on. */
#include "tests/fuzz/forge.h"
#include "vc/sd_jwt.h"
#include "vc/vc.h"

#define LINES_MAX 8

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void verify(const char *text, size_t n)
{
	struct berth_resolver resolver;
	struct berth_verify v = { .resolver = &resolver, .challenge = "c", .domain = "d", .now_s = 1795440600 };
	struct berth_report r;
	struct berth_json *j;

	berth_resolver_builtin_init(&resolver, NULL);
	for (int vp = 0; vp < 2; vp++) {
		enum berth_err rc = (vp ? berth_vp_sd_verify : berth_vc_sd_verify)(&r, &v, text, n);

		if (rc != r.first || r.verified != (rc == BERTH_OK) ||
		    (r.credential && r.signature != BERTH_CHECK_PASSED) ||
		    (vp && r.verified && r.holder != BERTH_CHECK_PASSED))
			abort();
		j = berth_report_json(&r);
		berth_json_free(j);
		berth_report_free(&r);
	}
}

/* What was verified can be shown again with nothing in it. */
static void present(const char *text, size_t n)
{
	const struct berth_sd_binding b = { .kid = FORGE_KID, .nonce = "c", .aud = "d", .iat_s = 1795440600 };
	struct berth_buf out = BERTH_BUF_INIT;

	if (!berth_sd_present(&out, forge_ring(), text, n, NULL, 0, &b))
		verify(berth_buf_cstr(&out), out.len);
	berth_buf_free(&out);
}

static void put_payload(struct berth_buf *out, const char *p, size_t n, char digests[LINES_MAX][BERTH_SD_DIGEST_MAX + 1])
{
	for (size_t i = 0; i < n; i++) {
		if (p[i] == '#' && i + 1 < n && p[i + 1] >= '0' && p[i + 1] < '0' + LINES_MAX)
			berth_buf_str(out, digests[p[++i] - '0']);
		else
			berth_buf_u8(out, (uint8_t)p[i]);
	}
}

static void build(struct berth_buf *out, const char *p, size_t n)
{
	char digests[LINES_MAX][BERTH_SD_DIGEST_MAX + 1] = { { 0 } };
	struct berth_buf tail = BERTH_BUF_INIT, payload = BERTH_BUF_INIT;
	size_t head = 0, i = 0;
	char *jwt;

	while (head < n && p[head] != '\n')
		head++;
	for (size_t at = head + 1; at < n && i < LINES_MAX; i++) {
		const char *nl = memchr(p + at, '\n', n - at);
		size_t len = nl ? (size_t)(nl - p) - at : n - at, from = tail.len;

		berth_b64url_encode(&tail, p + at, len);
		if (berth_sd_digest(digests[i], "sha-256", tail.p + from, tail.len - from))
			abort();
		berth_buf_u8(&tail, '~');
		at += len + 1;
	}
	put_payload(&payload, p, head, digests);
	jwt = forge_token("dc+sd-jwt", payload.p, payload.len);
	berth_buf_printf(out, "%s~%s", jwt, berth_buf_cstr(&tail));
	free(jwt);
	berth_buf_free(&tail);
	berth_buf_free(&payload);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct berth_buf text = BERTH_BUF_INIT;

	if (n == 0 || p[0] != '{') {
		verify((const char *)p, n);
		return 0;
	}
	if (n > 32768)
		return 0;
	build(&text, (const char *)p, n);
	verify(berth_buf_cstr(&text), text.len);
	present(berth_buf_cstr(&text), text.len);
	berth_buf_free(&text);
	return 0;
}
