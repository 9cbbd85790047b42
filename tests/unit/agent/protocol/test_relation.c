/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/protocol/relation.h"

#include <string.h>

#include "did/base/hex.h"
#include "did/crypto/hash.h"
#include "tests/check.h"

static void is_key_of(const char *name)
{
	uint8_t h[32];
	char key[65], want[65];

	berth_name_key(key, name, strlen(name));
	berth_sha256(h, name, strlen(name));
	berth_hex_encode(want, h, sizeof(h));
	assert_string_equal(key, want);
}

/* Whatever was asked for before: the same, its beginning, something longer than is remembered. */
static void a_key_is_the_hash_of_its_name(void **state)
{
	char of_128[129], of_129[130];
	const char *const names[] = { "", "did:a:b", "did:a:bc", "did:a:b did:a:c", "did:a:c did:a:b", of_128, of_129 };
	const size_t n = sizeof(names) / sizeof(names[0]);

	(void)state;
	memset(of_128, 'x', sizeof(of_128));
	memset(of_129, 'x', sizeof(of_129));
	of_128[128] = of_129[129] = '\0';
	for (size_t i = 0; i < n * n * n; i++) {
		is_key_of(names[i / n / n]);
		is_key_of(names[i / n % n]);
		is_key_of(names[i % n]);
	}
}

static void a_peer_has_one_key_in_both_forms(void **state)
{
	char key[65], other[65];

	(void)state;
	CHECK_OK(berth_peer_key(key, "did:peer:4zQmA"));
	CHECK_OK(berth_peer_key(other, "did:peer:4zQmA:zDoc"));
	assert_string_equal(key, other);
	CHECK_OK(berth_peer_key(other, "did:peer:4zQmB"));
	assert_string_not_equal(key, other);
	CHECK_RC(BERTH_E_DID, berth_peer_key(key, "did:peer:4zQmA#key-1"));
	CHECK_RC(BERTH_E_DID, berth_peer_key(key, "peer"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_key_is_the_hash_of_its_name),
		cmocka_unit_test(a_peer_has_one_key_in_both_forms),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
