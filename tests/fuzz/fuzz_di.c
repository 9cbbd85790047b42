/* SPDX-License-Identifier: Apache-2.0 */
/* A credential or presentation with proofs: as it is, and with a good proof added to
 * what it says, so that the fuzzer comes past the signature. */
#include "tests/fuzz/forge.h"
#include "vc/jsonld/di_rdf.h"
#include "vc/vc.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

typedef enum berth_err verify_fn(struct berth_report *r, const struct berth_verify *v, const char *text, size_t n);

static void verify(verify_fn *fn, const char *text, size_t n)
{
	struct berth_resolver resolver;
	struct berth_verify v = { .resolver = &resolver, .challenge = "c", .domain = "d", .now_s = 1795440600 };
	struct berth_report r;
	struct berth_json *j;
	enum berth_err rc;

	berth_resolver_builtin_init(&resolver, NULL);
	rc = fn(&r, &v, text, n);
	if (rc != r.first || r.verified != (rc == BERTH_OK) ||
	    (r.verified && r.signature != BERTH_CHECK_PASSED) ||
	    (r.credential && !r.presentation && r.signature != BERTH_CHECK_PASSED))
		abort();
	j = berth_report_json(&r);
	berth_json_free(j);
	berth_report_free(&r);
}

static void sign_and_verify(const char *suite, const char *purpose, verify_fn *fn, const uint8_t *p, size_t n)
{
	const struct berth_di_options o = {
		.suite = suite, .purpose = purpose, .challenge = "c", .domain = "d", .created_s = -1
	};
	struct berth_buf text = BERTH_BUF_INIT;
	struct berth_json *doc;

	if (berth_json_parse_exact(&doc, (const char *)p, n, BERTH_VC_MAX))
		return;
	if (berth_json_is(doc, BERTH_JSON_OBJECT) && !berth_di_proof_add(doc, forge_ring(), FORGE_KID, &o) &&
	    !berth_json_print(&text, doc))
		verify(fn, berth_buf_cstr(&text), text.len);
	berth_buf_free(&text);
	berth_json_free(doc);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	berth_jsonld_for_proofs();
	verify(berth_vc_di_verify, (const char *)p, n);
	verify(berth_vp_di_verify, (const char *)p, n);
	for (int i = 0; i < 2; i++) {
		const char *suite = i ? "eddsa-rdfc-2022" : "eddsa-jcs-2022";

		sign_and_verify(suite, "assertionMethod", berth_vc_di_verify, p, n);
		sign_and_verify(suite, "authentication", berth_vp_di_verify, p, n);
	}
	return 0;
}
