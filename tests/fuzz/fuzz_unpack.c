/* SPDX-License-Identifier: Apache-2.0 */
/* Unpacking end to end with fixed keys: the people of the corpus are did:peer:2s, so
 * nothing is looked up.  Whatever is accepted must keep the rules. */
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

#define KEYS_MAX 9
struct kind {
	size_t n_sign, n_agree;
	enum berth_key_type types[KEYS_MAX];	/* those that sign first */
};
static const struct kind plain = { 1, 2, { BERTH_KEY_ED25519, BERTH_KEY_X25519, BERTH_KEY_P256 } };
static const struct kind rich = { 5, 4, {
	BERTH_KEY_ED25519, BERTH_KEY_P256, BERTH_KEY_P384, BERTH_KEY_P521, BERTH_KEY_SECP256K1,
	BERTH_KEY_X25519, BERTH_KEY_P256, BERTH_KEY_P384, BERTH_KEY_P521 } };

/* Somebody of the corpus: a did:peer:2 of keys whose private bytes are all the same
 * (P-521's has a 0 before them), one number after the other.  #key-1... sign, then
 * those that agree. */
static char *person(const struct kind *k, int number)
{
	struct berth_peer_spec spec = { .n_verification = k->n_sign, .n_agreement = k->n_agree };
	struct berth_privkey keys[KEYS_MAX];
	struct berth_buf did = BERTH_BUF_INIT, kid = BERTH_BUF_INIT;

	for (size_t i = 0; i < k->n_sign + k->n_agree; i++) {
		uint8_t raw[BERTH_PRIVKEY_MAX];

		memset(raw, number + (int)i, sizeof(raw));
		raw[0] = k->types[i] == BERTH_KEY_P521 ? 0 : raw[0];
		if (berth_keypair_from_private(&keys[i], k->types[i], raw, berth_key_size(k->types[i])))
			__builtin_trap();
		*(i < k->n_sign ? &spec.verification[i] : &spec.agreement[i - k->n_sign]) = keys[i].pub;
	}
	if (berth_did_peer_create(&did, 2, &spec))
		__builtin_trap();
	for (size_t i = 0; i < k->n_sign + k->n_agree; i++) {
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
	free(person(&plain, 1));
	free(person(&plain, 4));
	free(person(&rich, 0x10));
	free(person(&rich, 0x20));
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

/* Looked into before its turn, it comes to the same. */
static void check_ahead(struct berth_unpack q, const char *p, size_t n, enum berth_err rc)
{
	struct berth_unpacked u;

	if (berth_unpack_ahead(&q.ahead, &q, p, n))
		return;
	berth_unpack_ahead_inside(q.ahead, &q);
	if (berth_unpack(&u, &q, p, n) != rc)
		__builtin_trap();
	berth_unpacked_free(&u);
	berth_unpack_ahead_free(q.ahead);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	enum berth_err rc;
	struct berth_unpack q = { .resolver = &resolver, .allow_plaintext = true, .lenient_apv.for_all = n % 2 };
	struct berth_unpacked u;

	if (!keyring)
		start();
	q.keyring = keyring;
	if ((rc = berth_unpack(&u, &q, (const char *)p, n)) == BERTH_OK)
		check(&u);
	berth_unpacked_free(&u);
	check_ahead(q, (const char *)p, n, rc);
	return 0;
}
