/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/check.h"
#include "did/base/secret.h"
#include "tests/fakes/verifier.h"

struct berth_keyring *kr;
struct berth_resolver resolver;
struct test_party issuer, holder, other;
struct berth_verify v;

void test_verifier_make(enum test_party_kind of_holder, enum test_party_kind of_other)
{
	berth_crypto_init();
	CHECK_OK(berth_keyring_local_new(&kr));
	berth_resolver_builtin_init(&resolver, NULL);
	test_party_make(&issuer, kr, PARTY_KEY_ED25519, "issuer");
	test_party_make(&holder, kr, of_holder, "holder");
	test_party_make(&other, kr, of_other, "other");
}

int test_verifier_end(void **state)
{
	(void)state;
	berth_keyring_free(kr);
	return 0;
}

void test_verifier_fresh(const char *challenge, const char *domain)
{
	v = (struct berth_verify){ .resolver = &resolver, .now_s = NOW, .challenge = challenge, .domain = domain };
}

int test_verifier_asks(void **state)
{
	(void)state;
	test_verifier_fresh(CHALLENGE, DOMAIN);
	return 0;
}
