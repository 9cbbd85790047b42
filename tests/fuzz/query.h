/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_TESTS_FUZZ_QUERY_H
#define BERTH_TESTS_FUZZ_QUERY_H

/* What fuzz_pex.c and fuzz_dcql.c have in common: the input is a query, and behind a
 * newline one more credential for the wallet. */
#include "tests/fuzz/forge.h"
#include "vc/query.h"

static inline void fuzz_fill(struct berth_wallet *w)
{
	static const char di[] = "{\"type\":[\"VerifiableCredential\",\"IDCredential\"],\"issuer\":{\"id\":\"did:example:i\"},"
		"\"credentialSubject\":{\"a\":\"x\",\"b\":{\"c\":[1,2,{\"d\":true}]}},\"proof\":{\"type\":\"DataIntegrityProof\","
		"\"cryptosuite\":\"eddsa-jcs-2022\"}}";
	static const char claims[] = "{\"vct\":\"urn:t\",\"a\":\"x\",\"b\":{\"c\":[1,2,{\"d\":true}]},\"cnf\":{\"kid\":\"did:a:b#c\"}}";
	char *jwt = forge_token("dc+sd-jwt", (const uint8_t *)claims, sizeof(claims) - 1);
	struct berth_buf sd = BERTH_BUF_INIT;

	berth_buf_printf(&sd, "%s~", jwt);
	if (berth_wallet_add(w, "di", di, sizeof(di) - 1) || berth_wallet_add(w, NULL, berth_buf_cstr(&sd), sd.len))
		abort();
	berth_buf_free(&sd);
	free(jwt);
}

/* What matches can be shown, and is shown whole. */
static inline void fuzz_use(const struct berth_query *q, const struct berth_wallet *w)
{
	struct berth_json *j, *submission;
	struct berth_answer a;

	if (berth_query_match(&a, q, w, 1795440600))
		return;
	if (a.n == 0)
		abort();
	for (size_t i = 0; i < a.n; i++)
		if (a.items[i].n == 0)
			abort();
	j = berth_answer_json(&a, w);
	if (!j || berth_query_submission(&submission, q, &a, w, "s"))
		abort();
	berth_json_free(j);
	berth_json_free(submission);
	berth_answer_free(&a);
}

static inline int
fuzz_query(enum berth_err (*read)(struct berth_query **out, const struct berth_json *doc), const uint8_t *p, size_t n)
{
	const uint8_t *nl = memchr(p, '\n', n);
	size_t first = nl ? (size_t)(nl - p) : n;
	struct berth_wallet w = { 0 };
	struct berth_json *doc;
	struct berth_query *q;

	if (berth_json_parse(&doc, (const char *)p, first, BERTH_QUERY_MAX))
		return 0;
	if (!read(&q, doc)) {
		fuzz_fill(&w);
		if (nl && berth_wallet_add(&w, "own", (const char *)nl + 1, n - first - 1) && w.n != 2)
			abort();
		fuzz_use(q, &w);
		berth_wallet_free(&w);
		berth_query_free(q);
	}
	berth_json_free(doc);
	return 0;
}

#endif
