/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/check.h"

#include "agent/protocol/object.h"
#include "agent/protocol/verified.h"
#include "tests/fakes/world.h"

static struct test_world w;

static int setup(void **state)
{
	(void)state;
	test_world_make(&w);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	test_world_free(&w);
	return 0;
}

/* Each another object: the serial number says which. */
static void device(struct berth_device_credential *out, const char *serial)
{
	struct berth_device_credential dc;
	char *token;

	test_world_dc(&w, &dc);
	dc.serial = serial;
	token = test_build_dc(&w, &w.maker, &dc);
	CHECK_OK(berth_device_credential_parse(out, token, strlen(token)));
	free(token);
}

static void what_held_is_remembered_for_its_key(void **state)
{
	struct berth_pubkey maker = w.maker.key, other = w.a.key;
	struct berth_device_credential dc;

	(void)state;
	device(&dc, "SN-1");
	CHECK(!berth_verified_is(&dc.obj, &maker));
	CHECK_OK(berth_object_verify(&dc.obj, NULL, NULL, w.maker.jkt));
	CHECK(berth_verified_is(&dc.obj, &maker) && !berth_verified_is(&dc.obj, &other));
	CHECK_OK(berth_object_verify(&dc.obj, NULL, NULL, w.maker.jkt));
	/* whose key it must be is asked each time */
	CHECK_RC(BERTH_E_AUTHZ, berth_object_verify(&dc.obj, NULL, NULL, w.a.jkt));
	CHECK_RC(BERTH_E_AUTHZ, berth_object_verify(&dc.obj, NULL, w.a.did, NULL));
	berth_object_free(&dc.obj);
}

/* The same signature in other octets, or read as something else, was not verified. */
static void it_is_bound_to_octets_and_kind(void **state)
{
	struct berth_pubkey maker = w.maker.key;
	struct berth_device_credential dc;

	(void)state;
	device(&dc, "SN-2");
	CHECK_OK(berth_object_verify(&dc.obj, NULL, NULL, NULL));
	for (size_t i = 0; i < sizeof(dc.obj.hash.b); i++) {
		dc.obj.hash.b[i] ^= 1;
		CHECK(!berth_verified_is(&dc.obj, &maker));
		dc.obj.hash.b[i] ^= 1;
	}
	dc.obj.kind = BERTH_OBJECT_BATCH;
	CHECK(!berth_verified_is(&dc.obj, &maker));
	dc.obj.kind = BERTH_OBJECT_DEVICE;
	for (size_t i = 0; i < maker.len; i++) {
		maker.b[i] ^= 1;
		CHECK(!berth_verified_is(&dc.obj, &maker));
		maker.b[i] ^= 1;
	}
	CHECK(berth_verified_is(&dc.obj, &maker));
	berth_object_free(&dc.obj);
}

/* Each character of the token once more with another in its place: what can still be
 * read is refused, although the true one has just been verified, and leaves nothing behind.
 * E_KEY: it names another key. */
static void an_altered_one_is_refused_beside_the_true_one(void **state)
{
	struct berth_pubkey maker = w.maker.key;
	struct berth_device_credential dc, bad;
	size_t altered = 0;
	char *token;

	(void)state;
	device(&dc, "SN-3");
	CHECK_OK(berth_object_verify(&dc.obj, NULL, NULL, NULL));
	token = strdup(dc.obj.compact);
	assert_non_null(token);
	for (size_t i = 0; token[i]; i++) {
		char was = token[i];

		token[i] = was == 'A' ? 'B' : 'A';
		if (was != '.' && !berth_device_credential_parse(&bad, token, strlen(token))) {
			enum berth_err rc = berth_object_verify(&bad.obj, NULL, NULL, NULL);

			CHECK((rc == BERTH_E_SIG || rc == BERTH_E_KEY) && !berth_verified_is(&bad.obj, &maker));
			berth_object_free(&bad.obj);
			altered += rc == BERTH_E_SIG;
		}
		token[i] = was;
	}
	CHECK(altered > 80);	/* all of the signature, and values of the payload */
	CHECK(berth_verified_is(&dc.obj, &maker));
	free(token);
	berth_object_free(&dc.obj);
}

static void the_oldest_gives_way(void **state)
{
	struct berth_pubkey maker = w.maker.key;
	struct berth_device_credential first, dc;
	char serial[32];

	(void)state;
	device(&first, "SN-4");
	CHECK_OK(berth_object_verify(&first.obj, NULL, NULL, NULL));
	for (int i = 1; i <= BERTH_VERIFIED_MAX; i++) {
		CHECK(berth_verified_is(&first.obj, &maker));
		snprintf(serial, sizeof(serial), "SN-4-%d", i);
		device(&dc, serial);
		CHECK_OK(berth_object_verify(&dc.obj, NULL, NULL, NULL));
		CHECK_OK(berth_object_verify(&dc.obj, NULL, NULL, NULL));	/* takes no second place */
		berth_object_free(&dc.obj);
	}
	CHECK(!berth_verified_is(&first.obj, &maker));
	CHECK_OK(berth_object_verify(&first.obj, NULL, NULL, NULL));	/* and is good all the same */
	CHECK(berth_verified_is(&first.obj, &w.maker.key));
	berth_verified_forget();
	CHECK(!berth_verified_is(&first.obj, &w.maker.key));
	berth_object_free(&first.obj);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_held_is_remembered_for_its_key),
		cmocka_unit_test(it_is_bound_to_octets_and_kind),
		cmocka_unit_test(an_altered_one_is_refused_beside_the_true_one),
		cmocka_unit_test(the_oldest_gives_way),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
