/* SPDX-License-Identifier: Apache-2.0 */
/* A signed message, or the jws of an attachment, in JSON: its signatures taken apart, and
 * each judged by keys of which nobody signs here. */
#include <stdlib.h>
#include <string.h>

#include "did/base/secret.h"
#include "did/crypto/keypair.h"
#include "did/url.h"
#include "didcomm/signature.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static const enum berth_key_type types[] = { BERTH_KEY_ED25519, BERTH_KEY_P256, BERTH_KEY_P384, BERTH_KEY_P521,
	BERTH_KEY_SECP256K1 };
#define TYPES (sizeof(types) / sizeof(types[0]))
static struct berth_pubkey keys[TYPES];

static void start(void)
{
	berth_crypto_init();
	for (size_t i = 0; i < TYPES; i++) {
		uint8_t raw[BERTH_PRIVKEY_MAX] = { 0 };
		struct berth_privkey k;

		raw[berth_key_size(types[i]) - 1] = 77;
		if (berth_keypair_from_private(&k, types[i], raw, berth_key_size(types[i])))
			abort();
		keys[i] = k.pub;
		berth_privkey_wipe(&k);
	}
}

/* C024b, C026: as many as may be, of one DID, no key twice. */
static void check(const struct berth_signatures *s)
{
	if (!s->n || s->n > BERTH_SIGNATURES_MAX)
		abort();
	for (size_t i = 0; i < s->n; i++) {
		if (!s->sig[i].alg || !strchr(s->sig[i].kid, '#') || !berth_did_same(s->sig[i].kid, s->sig[0].kid))
			abort();
		for (size_t k = 0; k < i; k++)
			if (strcmp(s->sig[i].kid, s->sig[k].kid) == 0)
				abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct berth_signatures s;
	struct berth_json *jws;
	const char *payload;

	if (!keys[0].type)
		start();
	if (berth_json_parse_object(&jws, (const char *)p, n, BERTH_JSON_MAX))
		return 0;
	payload = berth_json_str(berth_json_get(jws, "payload"));
	if (!berth_signatures_read(&s, jws)) {
		check(&s);
		for (size_t i = 0; payload && i < s.n; i++)
			for (size_t k = 0; k < TYPES; k++)
				if (!berth_signature_verify(&s.sig[i], payload, &keys[k]))
					abort();
	}
	berth_signatures_free(&s);
	berth_json_free(jws);
	return 0;
}
