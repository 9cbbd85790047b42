/* SPDX-License-Identifier: Apache-2.0 */
/* A payload ('{' first) under a good signature, or a token as it is. */
#include "tests/fuzz/forge.h"
#include "vc/vc.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void verify(const char *token, size_t n)
{
	struct berth_resolver resolver;
	struct berth_verify v = { .resolver = &resolver, .challenge = "c", .domain = "d", .now_s = 1795440600 };
	struct berth_report r;
	struct berth_json *j;
	enum berth_err rc;

	berth_resolver_builtin_init(&resolver, NULL);
	rc = berth_vp_verify(&r, &v, token, n);
	if (rc != r.first || r.verified != (rc == BERTH_OK) ||
	    (r.verified && (r.holder != BERTH_CHECK_PASSED || r.signature != BERTH_CHECK_PASSED)))
		abort();
	j = berth_report_json(&r);
	berth_json_free(j);
	berth_report_free(&r);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	char *token;

	if (n == 0 || p[0] != '{') {
		verify((const char *)p, n);
		return 0;
	}
	if (n > BERTH_VP_MAX)
		return 0;
	token = forge_token("vp+jwt", p, n);
	verify(token, strlen(token));
	free(token);
	return 0;
}
