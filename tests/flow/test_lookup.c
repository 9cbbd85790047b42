/* SPDX-License-Identifier: Apache-2.0 */
/* A rendezvous: who registers relies on it, who asks does not.  What is on its disk before it
 * answers, and what is left when its power goes behind that. */
#include "tests/fakes/story.h"
#include "tests/fakes/vfs_lossy.h"

static struct story s;

static void begin(void)
{
	vfs_lossy_install();
	story_cast(&s);
	sim_off(s.rendezvous);
	vfs_lossy_reset(VFS_NONE, 0, 0, 0);
	s.rendezvous->vfs = "lossy";
	sim_on(s.rendezvous);
	story_birth(&s);
}

static void the_power_goes(void)
{
	vfs_lossy_trouble(VFS_LOSE, 1);
	sim_off(s.rendezvous);
	vfs_lossy_reset(VFS_NONE, 0, 0, 0);
	sim_on(s.rendezvous);
}

static int64_t registered(void)
{
	int64_t n;

	CHECK_OK(berth_store_count(s.rendezvous->store, "registration", &n));
	return n;
}

static void a_registration_is_on_the_disk(void **state)
{
	long syncs;

	(void)state;
	begin();
	syncs = vfs_lossy_syncs();
	story_sale(&s);
	assert_true(vfs_lossy_syncs() > syncs);
	assert_int_equal(story_audit(s.rendezvous, "an owner registered a device"), 1);
	the_power_goes();
	assert_int_equal(registered(), 1);
	assert_int_equal(story_audit(s.rendezvous, "an owner registered a device"), 1);
	sim_on(s.gateway);
	assert_true(sim_run(&s.w, story_settled, STORY_LIMIT_S));
	story_check_end(&s, 1);
	story_end(&s);
}

static void an_answer_waits_for_no_disk(void **state)
{
	long syncs;

	(void)state;
	begin();
	story_sale(&s);
	syncs = vfs_lossy_syncs();
	sim_on(s.gateway);
	assert_true(sim_run(&s.w, story_settled, STORY_LIMIT_S));
	assert_int_equal(vfs_lossy_syncs(), syncs);
	assert_int_equal(story_audit(s.rendezvous, "a device asked who owns it"), 1);
	the_power_goes();
	assert_int_equal(story_audit(s.rendezvous, "a device asked who owns it"), 0);
	assert_int_equal(registered(), 1);
	story_check_end(&s, 1);
	story_end(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_registration_is_on_the_disk), cmocka_unit_test(an_answer_waits_for_no_disk),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
