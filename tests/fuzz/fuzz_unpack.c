/* SPDX-License-Identifier: Apache-2.0 */
/* Unpacking end to end with fixed keys: both people of the corpus are did:peer:2s,
 * so nothing is looked up.  Whatever is accepted must keep the rules. */
#include <stdlib.h>
#include <string.h>

#include "did/base/secret.h"
#include "did/crypto/keypair.h"
#include "did/method_peer.h"
#include "did/url.h"
#include "didcomm/unpack.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static struct berth_keyring *keyring;
static struct berth_resolver resolver;

/* Person n of the corpus: a did:peer:2 of three keys whose private bytes are all
 * the same, one number for each key.  #key-1 signs, #key-2 and #key-3 agree. */
static char *person(uint8_t n)
{
	static const enum berth_key_type types[] = { BERTH_KEY_ED25519, BERTH_KEY_X25519, BERTH_KEY_P256 };
	struct berth_peer_spec spec = { .n_verification = 1, .n_agreement = 2 };
	struct berth_privkey keys[3];
	struct berth_buf did = BERTH_BUF_INIT, kid = BERTH_BUF_INIT;

	for (size_t i = 0; i < 3; i++) {
		uint8_t raw[32];

		memset(raw, n * 3 + (int)i + 1, sizeof(raw));
		if (berth_keypair_from_private(&keys[i], types[i], raw, sizeof(raw)))
			__builtin_trap();
		*(i ? &spec.agreement[i - 1] : &spec.verification[0]) = keys[i].pub;
	}
	if (berth_did_peer_create(&did, 2, &spec))
		__builtin_trap();
	for (size_t i = 0; i < 3; i++) {
		berth_buf_reset(&kid);
		berth_buf_printf(&kid, "%s#key-%zu", berth_buf_cstr(&did), i + 1);
		if (berth_keyring_local_add(keyring, berth_buf_cstr(&kid), &keys[i]))
			__builtin_trap();
	}
	berth_buf_free(&kid);
	return berth_buf_take_str(&did);
}

static void start(void)
{
	berth_crypto_init();
	berth_resolver_builtin_init(&resolver, NULL);
	if (berth_keyring_local_new(&keyring))
		__builtin_trap();
	free(person(0));
	free(person(1));
}

static void check(const struct berth_unpacked *u)
{
	struct berth_json *meta = berth_unpacked_metadata(u, 0);

	if (!meta || !u->msg.json || !u->msg.id)
		__builtin_trap();
	berth_json_free(meta);
	if (u->encrypted_from_kid && !berth_did_same(u->encrypted_from_kid, u->msg.from))
		__builtin_trap();
	if (u->sign_from && !berth_did_same(u->sign_from, u->msg.from))
		__builtin_trap();
	if (u->encrypted && u->sign_from && !u->msg.to)
		__builtin_trap();
	if (u->authenticated != (u->encrypted_from_kid || u->sign_from))
		__builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct berth_unpack q = { .resolver = &resolver, .allow_plaintext = true };
	struct berth_unpacked u;

	if (!keyring)
		start();
	q.keyring = keyring;
	if (berth_unpack(&u, &q, (const char *)p, n) == BERTH_OK)
		check(&u);
	berth_unpacked_free(&u);
	return 0;
}
