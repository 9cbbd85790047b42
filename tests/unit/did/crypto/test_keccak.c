/* SPDX-License-Identifier: Apache-2.0 */
#include "did/crypto/keccak.h"

#include <openssl/evp.h>

#include "did/base/json.h"
#include "hex.h"
#include "tests/fakes/json.h"

static void foreign_vectors(void **s)
{
	size_t count = 0, len;
	struct berth_json *root = test_json_file("tests/vectors/ethers/hashes.json");
	uint8_t got[32], want[32];

	(void)s;
	berth_json_each(v, root) {
		uint8_t *data = unhex(berth_json_str(berth_json_get(v, "data")) + 2, &len);

		unhex_to(want, 32, berth_json_str(berth_json_get(v, "keccak256")) + 2);
		berth_keccak256(got, data, len);
		CHECK(memcmp(got, want, 32) == 0);
		free(data);
		count++;
	}
	VECTORS("ethers (keccak256)", count, berth_json_len(root));
	CHECK(count > 100);
	berth_json_free(root);
}

/* The sponge is libcrypto's, over lengths around every boundary of its rate. */
static void is_sha3_with_the_other_padding(void **s)
{
	uint8_t in[1000], ours[32], theirs[32], other[32];

	(void)s;
	for (size_t i = 0; i < sizeof(in); i++)
		in[i] = (uint8_t)(i * 73 + i / 256);
	for (size_t n = 0; n <= sizeof(in); n++) {
		uint8_t *exact = malloc(n ? n : 1);

		memcpy(exact, in, n);
		berth_keccak256_padded(ours, BERTH_SHA3_PAD, exact, n);
		assert_int_equal(EVP_Digest(exact, n, theirs, NULL, EVP_sha3_256(), NULL), 1);
		CHECK(memcmp(ours, theirs, 32) == 0);
		berth_keccak256(other, exact, n);
		CHECK(memcmp(other, theirs, 32) != 0);
		free(exact);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(foreign_vectors),
		cmocka_unit_test(is_sha3_with_the_other_padding),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
