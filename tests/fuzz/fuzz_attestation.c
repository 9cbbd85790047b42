/* SPDX-License-Identifier: Apache-2.0 */
/* {did, ak, body}: what a device shows in prove-device (first octet 1) or accept-ready
 * (0), to an owner whose credential says that attestation key. */
#include <stdlib.h>
#include <string.h>

#include "agent/protocol/attestation.h"
#include "did/base/secret.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static const char *text(const struct berth_json *o, const char *member)
{
	const char *s = berth_json_str(berth_json_get(o, member));

	return s ? s : "";
}

/* The Names are whatever fits, so that more than the first check is reached. */
static void credential(struct berth_key_provenance *k, const struct berth_json *o)
{
	const struct berth_json *a = berth_json_get(berth_json_get(o, "body"), "attestation");
	static const char *const members[] = { "akPub", "signPub", "agreePub" };
	uint8_t *const names[] = { k->ak_name, k->sign_name, k->agree_name };
	struct berth_tpm_public pub;

	for (size_t i = 0; i < 3; i++) {
		struct berth_buf b = BERTH_BUF_INIT;

		if (berth_body_get_b64(i ? a : o, members[i], BERTH_AK_PUB_MAX, &b) == BERTH_OK &&
		    berth_tpm_public_parse(&pub, b.p, b.len) == BERTH_OK) {
			memcpy(names[i], pub.name, BERTH_TPM_NAME_LEN);
			if (i == 0)
				memcpy(k->ak_pub, b.p, k->ak_pub_len = b.len);
		}
		berth_buf_free(&b);
	}
	k->has_tpm = true;
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static const uint8_t nonce[32] = { 7 };
	const struct berth_transcript said = { .n = 0 };
	struct berth_key_provenance keys = { .custody = "hardware" };
	struct berth_resolver resolver;
	struct berth_env env = { .resolver = &resolver };
	struct berth_json *o = NULL;

	berth_crypto_init();
	berth_resolver_builtin_init(&resolver, NULL);
	if (n == 0 || berth_json_parse_object(&o, (const char *)p + 1, n - 1, BERTH_JSON_MAX))
		return 0;
	struct berth_attest_claim claim = { .label = p[0] ? "berth-m5" : "berth-m8", .nonce = nonce, .said = &said,
		.keys = &keys, .did = text(o, "did"), .factory = p[0] };

	credential(&keys, o);
	if (berth_json_is(berth_json_get(o, "body"), BERTH_JSON_OBJECT) &&
	    berth_attest_verify(&env, &claim, berth_json_get(o, "body")) == BERTH_OK && !keys.ak_pub_len)
		abort();
	berth_json_free(o);
	return 0;
}
