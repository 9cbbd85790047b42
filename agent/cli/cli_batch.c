/* SPDX-License-Identifier: Apache-2.0 */
/* A factory's batch for one buyer: {batch, count, devices, signed, chains}. */
#include "agent/cli/cli_client.h"

#include <string.h>

#include "did/codec/base64url.h"
#include "did/crypto/hash.h"
#include "did/url.h"
#include "did/verify.h"

#define TOKEN_MAX ((size_t)24 << 10)

bool berth_cli_is_batch(const struct berth_json *file)
{
	return berth_json_get(file, "signed") != NULL;
}

/* The first entry of a chain, or its last. */
static const char *entry_of(const struct berth_json *chain, bool last)
{
	const struct berth_json *entries = berth_json_get(chain, "entries");
	size_t n = berth_json_len(entries);

	return n ? berth_json_str(berth_json_at(entries, last ? n - 1 : 0)) : NULL;
}

/* By the ownershipRoot that has sold it, which is whoever signed the batch. */
static enum berth_err check_seller(const struct berth_json *chain, const char *kid)
{
	const char *first = entry_of(chain, false);
	struct berth_jws j = { .header = NULL };
	enum berth_err rc;

	if (!first || !entry_of(chain, true))
		return berth_fail(BERTH_E_VC, "batch: a chain without entries");
	if ((rc = berth_jws_parse(&j, first, strlen(first), TOKEN_MAX)) || (rc = berth_jws_require_kid(&j)))
		goto out;
	if (!berth_did_same(j.kid, kid))
		rc = berth_fail(BERTH_E_AUTHZ, "batch: a chain that begins with %.80s", j.kid);
out:
	berth_jws_free(&j);
	return rc;
}

/* The hash over all of them, in their order; none is there twice. */
static enum berth_err hash_chains(uint8_t out[32], const struct berth_json *chains, const char *kid)
{
	struct berth_buf hashes = BERTH_BUF_INIT;
	enum berth_err rc = BERTH_OK;
	uint8_t h[32];

	berth_json_each(chain, chains) {
		const char *tip = entry_of(chain, true);

		if ((rc = check_seller(chain, kid)))
			goto out;
		berth_sha256(h, tip, strlen(tip));
		for (size_t i = 0; i < hashes.len; i += sizeof(h))
			if (memcmp(hashes.p + i, h, sizeof(h)) == 0) {
				rc = berth_fail(BERTH_E_REPLAY, "batch: chain %zu is there twice", i / sizeof(h) + 1);
				goto out;
			}
		berth_buf_put(&hashes, h, sizeof(h));
		if ((rc = berth_buf_status(&hashes)))
			goto out;
	}
	berth_sha256(out, hashes.p, hashes.len);
out:
	berth_buf_free(&hashes);
	return rc;
}

static enum berth_err check_subject(const struct berth_json *vc, const struct berth_json *chains, const char *kid)
{
	const struct berth_json *subject = berth_json_get(vc, "credentialSubject");
	uint8_t theirs[32], h[32];
	const char *text;
	int64_t count;
	enum berth_err rc;

	if (!berth_json_says(berth_json_get(vc, "type"), "BerthBatchCredential"))
		return berth_fail(BERTH_E_VC, "batch: no BerthBatchCredential");
	if ((rc = berth_json_req_int(subject, "count", 1, INT32_MAX, &count)) ||
	    (rc = berth_json_req_str(subject, "chains", 64, &text)) ||
	    (rc = berth_b64url_decode_fixed(theirs, sizeof(theirs), text, strlen(text))) ||
	    (rc = hash_chains(h, chains, kid)))
		return rc;
	if ((size_t)count != berth_json_len(chains) || memcmp(h, theirs, sizeof(h)) != 0)
		return berth_fail(BERTH_E_SIG, "batch: not the chains that were signed");
	return BERTH_OK;
}

enum berth_err berth_cli_batch_check(const struct berth_json *file)
{
	const struct berth_json *chains = berth_json_get(file, "chains");
	struct berth_jws j = { .header = NULL };
	struct berth_resolver resolver;
	struct berth_json *vc = NULL;
	const char *token;
	enum berth_err rc;

	if (!berth_json_is(chains, BERTH_JSON_ARRAY))
		return berth_fail(BERTH_E_VC, "batch: no chains");
	if (berth_json_len(chains) > BERTH_CLI_BATCH_COUNT_MAX)
		return berth_fail(BERTH_E_SIZE, "batch: more than %d chains", BERTH_CLI_BATCH_COUNT_MAX);
	if ((rc = berth_json_req_str(file, "signed", TOKEN_MAX, &token)) ||
	    (rc = berth_jws_parse(&j, token, strlen(token), TOKEN_MAX)))
		goto out;
	berth_resolver_builtin_init(&resolver, NULL);
	if ((rc = berth_jws_verify_by_did(&j, &resolver)) ||
	    (rc = berth_json_parse_object(&vc, berth_buf_cstr(&j.payload), j.payload.len, TOKEN_MAX)))
		goto out;
	rc = check_subject(vc, chains, j.kid);
out:
	berth_json_free(vc);
	berth_jws_free(&j);
	return rc;
}
