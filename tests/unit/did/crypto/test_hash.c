/* SPDX-License-Identifier: Apache-2.0 */
#include "did/crypto/hash.h"

#include "hex.h"

#include <pthread.h>

/* Two libraries, three functions: the examples of FIPS 180-4 (NIST's SHA256.pdf), and each
 * other over every length around the blocks. */
static void light_is_sha256(void **s)
{
	static const struct { const char *in, *hash; } rows[] = {
		{ "", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" },
		{ "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
		{ "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
		  "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1" },
	};
	uint8_t in[300], light[BERTH_SHA256_LEN], other[BERTH_SHA256_LEN];

	(void)s;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		unhex_to(other, sizeof(other), rows[i].hash);
		berth_sha256_light(light, rows[i].in, strlen(rows[i].in));
		assert_memory_equal(other, light, sizeof(light));
	}
	for (size_t n = 0; n < sizeof(in); n++) {
		in[n] = (uint8_t)(n * 73);
		berth_sha256_light(light, in, n);
		berth_sha256(other, in, n);
		assert_memory_equal(other, light, sizeof(light));
		berth_sha256_secret(other, in, n);
		assert_memory_equal(other, light, sizeof(light));
	}
}

static void *hash_much(void *arg)
{
	uint8_t first[BERTH_SHA256_LEN], again[BERTH_SHA256_LEN];

	berth_sha256(first, arg, 1);
	for (size_t i = 0; i < 20000; i++) {
		berth_sha256(again, arg, 1);
		assert_memory_equal(first, again, sizeof(first));
	}
	memcpy((uint8_t *)arg + 1, first, sizeof(first));
	return NULL;
}

/* Each has a context of its own, and takes it along. */
static void threads_do_not_meet(void **s)
{
	uint8_t of[4][1 + BERTH_SHA256_LEN], want[BERTH_SHA256_LEN];
	pthread_t t[4];

	(void)s;
	for (size_t i = 0; i < 4; i++) {
		of[i][0] = (uint8_t)i;
		assert_int_equal(pthread_create(&t[i], NULL, hash_much, of[i]), 0);
	}
	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(pthread_join(t[i], NULL), 0);
		berth_sha256_light(want, of[i], 1);
		assert_memory_equal(of[i] + 1, want, sizeof(want));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(light_is_sha256), cmocka_unit_test(threads_do_not_meet),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
