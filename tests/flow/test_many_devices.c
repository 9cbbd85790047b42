/* SPDX-License-Identifier: Apache-2.0 */
/* What an owner of many devices does costs no more than what an owner of one does. */
#include <sqlite3.h>

#include "tests/fakes/story.h"
#include "tests/fakes/vfs_lossy.h"

#define MANY 60

/* The same device under other keys: at a start each is told of it like any other. */
static void multiply(struct story *s)
{
	struct berth_store *store = s->owner->store;
	struct berth_buf v = BERTH_BUF_INIT, package = BERTH_BUF_INIT;
	char key[65];
	bool found;

	CHECK_OK(berth_store_get(store, "owner", s->device, &v, &found));
	assert_true(found);
	CHECK_OK(berth_store_get(store, berth_owner_machine.apart_ns, s->device, &package, &found));
	assert_true(found);
	CHECK_OK(berth_store_begin(store));
	for (int i = 0; i < MANY; i++) {
		snprintf(key, sizeof(key), "%064x", (unsigned)i);
		CHECK_OK(berth_store_put(store, "owner", key, v.p, v.len));
		CHECK_OK(berth_store_put(store, berth_owner_machine.apart_ns, key, package.p, package.len));
	}
	CHECK_OK(berth_store_commit(store));
	berth_buf_free(&v);
	berth_buf_free(&package);
}

static long syncs_of_a_start(struct story *s)
{
	sim_off(s->owner);
	vfs_lossy_reset(VFS_NONE, 0, SQLITE_IOERR, 0);
	sim_on(s->owner);
	return vfs_lossy_syncs();
}

static void a_start_syncs_no_more_than_with_one(void **state)
{
	struct story s;
	long one, many;

	(void)state;
	vfs_lossy_install();
	story_cast(&s);
	story_birth(&s);
	story_sale(&s);
	s.owner->vfs = "lossy";
	one = syncs_of_a_start(&s);
	multiply(&s);
	many = syncs_of_a_start(&s);
	assert_true(many <= one + 2);
	assert_string_equal(sim_state(s.owner, "owner", s.device), "PUBLISHED");
	assert_string_equal(sim_state(s.owner, "owner", "0000000000000000000000000000000000000000000000000000000000000000"), "PUBLISHED");
	story_end(&s);
}

/* Items of other devices are neither sent nor looked for. */
static void a_device_gets_its_own_items(void **state)
{
	struct berth_buf v = BERTH_BUF_INIT;
	struct story s;
	char key[80];

	(void)state;
	story_begin(&s);
	berth_buf_str(&v, "what nobody here can unseal");
	CHECK_OK(berth_store_begin(s.owner->store));
	for (int i = 0; i < MANY; i++) {
		snprintf(key, sizeof(key), "%064x/wifi", (unsigned)i);
		CHECK_OK(berth_store_put(s.owner->store, "provision", key, v.p, v.len));
	}
	CHECK_OK(berth_store_commit(s.owner->store));
	assert_true(sim_run(&s.w, story_settled, 600));
	story_check_end(&s, 1);
	berth_buf_free(&v);
	story_end(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_start_syncs_no_more_than_with_one),
		cmocka_unit_test(a_device_gets_its_own_items),
	};

	return cmocka_run_group_tests_name("many devices", tests, NULL, NULL);
}
