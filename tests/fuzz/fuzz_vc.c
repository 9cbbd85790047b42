/* SPDX-License-Identifier: Apache-2.0 */
/* A payload ('{' first) under a good signature, as vc+jwt and as a JWT of VCDM 1.1, or a
 * token as it is. */
#include "tests/fuzz/forge.h"
#include "vc/vc.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

typedef enum berth_err verify_fn(struct berth_report *r, const struct berth_verify *v, const char *token, size_t n);

/* A verdict and its code always agree, and nothing unsigned is shown. */
static void verify(verify_fn *fn, const char *token, size_t n)
{
	struct berth_resolver resolver;
	const char *trust[] = { FORGE_DID };
	struct berth_verify v = { .resolver = &resolver, .trust = trust, .n_trust = 1, .now_s = 1795440600 };
	struct berth_report r;
	struct berth_json *j;
	enum berth_err rc;

	berth_resolver_builtin_init(&resolver, NULL);
	rc = fn(&r, &v, token, n);
	if (rc != r.first || r.verified != (rc == BERTH_OK) ||
	    (r.credential && r.signature != BERTH_CHECK_PASSED) ||
	    (r.verified && (r.issuer != BERTH_CHECK_PASSED || !r.credential)))
		abort();
	j = berth_report_json(&r);
	berth_json_free(j);
	berth_report_free(&r);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	char *token;

	if (n == 0 || p[0] != '{') {
		verify(berth_vc_verify, (const char *)p, n);
		verify(berth_vc_jwt1_verify, (const char *)p, n);
		return 0;
	}
	if (n > BERTH_VC_MAX)
		return 0;
	token = forge_token("vc+jwt", p, n);
	verify(berth_vc_verify, token, strlen(token));
	free(token);
	token = forge_token("JWT", p, n);
	verify(berth_vc_jwt1_verify, token, strlen(token));
	free(token);
	return 0;
}
