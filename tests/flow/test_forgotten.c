/* SPDX-License-Identifier: Apache-2.0 */
/* What a gateway stores until it accepts an owner does not wait for the disk, and may be lost
 * with the power although what it said has left (tentative in agent/protocol/protocol.h). */
#include <sqlite3.h>

#include "agent/core/backend.h"
#include "agent/core/backend_internal.h"
#include "tests/fakes/keys_local.h"
#include "tests/fakes/ldevid.h"
#include "tests/fakes/story.h"
#include "tests/fakes/vfs_lossy.h"

#define SENT_MAX 32
#define TORN 4		/* so often */

static struct story s;
static char states[SENT_MAX][20];	/* of the gateway, when its frames left */
static int sent, cut_at;
static uint32_t seed;
static bool written;	/* what may be lost goes to the file, not to the disk, before each of them */

static void on_send(struct sim_node *from, const char *uri)
{
	(void)uri;
	if (from != s.gateway || sent == SENT_MAX)
		return;
	if (written) {	/* whoever else begins a transaction has it in front of it */
		CHECK_OK(berth_store_begin(from->store));
		berth_store_rollback(from->store);
	}
	snprintf(states[sent++], sizeof(states[0]), "%s", story_state(&s, s.gateway));
}

static bool is_cut(struct sim_node *n) { (void)n; return cut_at && sent >= cut_at; }
static bool is_over(struct sim *w) { return is_cut(s.gateway) || story_settled(w); }

/* Born and sold, and switched on again from a disk that loses what was not synced. */
static void begin(int at)
{
	cut_at = 0;
	vfs_lossy_install();
	story_cast(&s);
	story_birth(&s);
	story_sale(&s);
	vfs_lossy_reset(VFS_NONE, 0, 0, seed);
	s.gateway->vfs = "lossy";
	s.w.on_send = on_send;
	sent = 0;
	sim_on(s.gateway);
	cut_at = at;
	s.gateway->dead = is_cut;
}

static int64_t generation(void)
{
	int64_t v;

	CHECK_OK(berth_store_counter_get(s.gateway->store, "generation", &v));
	return v;
}

static void three_syncs_and_three_steps(void **state)
{
	long syncs;
	int64_t before;

	(void)state;
	begin(0);
	syncs = vfs_lossy_syncs();
	before = generation();
	assert_true(sim_run(&s.w, story_operational, 120));
	printf("%ld syncs, then %ld\n", syncs, vfs_lossy_syncs() - syncs);
	assert_int_equal(vfs_lossy_syncs() - syncs, 3);
	assert_int_equal(generation() - before, 3);
	story_end(&s);
}

/* What was not synced is lost, torn or kept. */
static void the_power_goes(enum vfs_trouble how)
{
	vfs_lossy_trouble(how, 1);
	sim_off(s.gateway);
	cut_at = 0;
	vfs_lossy_reset(VFS_NONE, 0, 0, 0);
}

static bool is_tentative(const char *state)
{
	return berth_gateway_machine.tentative >> berth_machine_state(&berth_gateway_machine, state) & 1;
}

/* In what state it is switched on again. */
static void look(char out[20])
{
	struct berth_store *store;
	struct berth_buf text = BERTH_BUF_INIT;
	char state_dir[160];
	bool found;

	snprintf(state_dir, sizeof(state_dir), "%s/state", s.gateway->dir);
	CHECK_OK(berth_store_open(&store, state_dir, false));
	CHECK_OK(berth_store_get(store, "gateway", "self", &text, &found));
	assert_true(found && sscanf(berth_buf_cstr(&text), "{\"state\":\"%19[A-Z_]\"", out) == 1);
	berth_buf_free(&text);
	berth_store_close(store);
}

/* Of what left in one state: nothing of it, some, or all is on the disk.  What was not even in
 * the file whoever ends the process takes along. */
static bool may_be_found(enum vfs_trouble how, const char *left, const char *found)
{
	if (!is_tentative(left) || (written && how == VFS_KEEP))
		return strcmp(found, left) == 0;
	return !written || how == VFS_LOSE ? strcmp(found, "INITIALIZED") == 0 : is_tentative(found);
}

/* The n-th frame has left, and with it the power.  What comes for the run that is forgotten,
 * acknowledged or not, is in nobody's way, and the next one ends as if it were the first. */
static bool survives(int n, enum vfs_trouble how)
{
	char found[20];

	begin(n);
	assert_true(sim_run_steps(&s.w, is_over, STORY_LIMIT_S));
	if (sent >= n) {
		the_power_goes(how);
		look(found);
		printf("frame %d left in %s, found %s\n", n, states[n - 1], found);
		assert_true(may_be_found(how, states[n - 1], found));
		sim_on(s.gateway);
		assert_false(berth_agent_quarantined(s.gateway->agent));
		story_settle(&s);
		story_check_end(&s, story_audit(s.owner, "operational credential issued"));
	}
	story_end(&s);
	return sent >= n;
}

static void whatever_has_left(bool in_the_file)
{
	int n = 1;

	written = in_the_file;
	for (; n < SENT_MAX && survives(n, VFS_LOSE); n++)
		for (seed = 1; seed <= TORN; seed++)
			assert_true(survives(n, VFS_SHUFFLE));
	assert_in_range(n, 7, SENT_MAX - 1);
	while (--n)
		assert_true(survives(n, VFS_KEEP));
	written = false;
}

static void whatever_has_left_before_a_power_cut(void **state) { (void)state; whatever_has_left(false); }
static void whatever_has_left_and_is_in_the_file(void **state) { (void)state; whatever_has_left(true); }

/* ---- a disk that fails while the device is on */
#define BROKEN_S 20
#define AGAIN_S 60	/* a tenth of what a run may take */

/* What was in memory alone goes with what could not be written, and is begun again as after a
 * power cut: what the owner says to the run before is in nobody's way. */
static void a_disk_that_fails_takes_the_run_back(void **state)
{
	(void)state;
	begin(0);
	assert_true(story_run_to(&s, s.gateway, "DEVICE_PROVED"));
	vfs_lossy_reset(VFS_NONE, 0, SQLITE_IOERR_WRITE, 0);
	vfs_lossy_trouble(VFS_BROKEN, 1);
	sim_wait(&s.w, BROKEN_S);
	assert_string_equal(story_state(&s, s.gateway), "");	/* it cannot be read */
	vfs_lossy_heal();
	assert_true(sim_run(&s.w, story_operational, AGAIN_S));
	story_settle(&s);
	story_check_end(&s, story_audit(s.owner, "operational credential issued"));
	story_end(&s);
}

/* ---- the keys of a run that was forgotten, which nobody has been shown */
static bool has_died(struct sim_node *n) { return test_keys_local_dead(n->keys); }
static bool has_died_or_ended(struct sim *w) { return has_died(s.gateway) || story_settled(w); }

/* The power goes when they have been made and before the store has their name: the owner of
 * that run wanted a certificate for them. */
static void make_and_forget(struct test_ldevid *ca)
{
	char found[20];

	for (long n = 1;; n++) {
		begin(0);
		test_ldevid_begin(ca, s.owner, 400 * 86400);
		test_keys_local_die(s.gateway->keys, n);
		s.gateway->dead = has_died;
		assert_true(sim_run_steps(&s.w, has_died_or_ended, STORY_LIMIT_S));
		assert_true(has_died(s.gateway));
		the_power_goes(VFS_LOSE);
		look(found);
		s.gateway->dead = NULL;
		sim_on(s.gateway);
		if (strcmp(found, "INITIALIZED") == 0 && berth_keystore_has(s.gateway->ks, "op-0-1-sign"))
			return;
		story_end(&s);
		test_ldevid_free(ca);
	}
}

static int64_t attempts(void)
{
	struct berth_json *data = story_data(&s, s.gateway);
	int64_t n = berth_data_int(data, "attempts", 0);

	berth_json_free(data);
	return n;
}

static void keys_that_nobody_was_shown_are_the_next_runs(void **state)
{
	struct test_ldevid ca;

	(void)state;
	make_and_forget(&ca);
	story_settle(&s);
	story_check_end(&s, 1);
	assert_int_equal(attempts(), 1);
	assert_true(test_ldevid_is_pair(&s));
	story_end(&s);
	test_ldevid_free(&ca);
}

/* They go with that run, which cannot use them, and the one after it has its own. */
static void keys_of_another_kind_are_in_nobodys_way(void **state)
{
	struct test_ldevid ca;

	(void)state;
	make_and_forget(&ca);
	s.owner->policy.ldevid_ca = NULL;
	story_settle(&s);
	story_check_end(&s, 1);
	assert_int_equal(attempts(), 2);
	assert_false(berth_keystore_has(s.gateway->ks, "op-0-1-sign"));
	story_end(&s);
	test_ldevid_free(&ca);
}

/* ---- the numbers of what applications watch (backend_watch.c) */
static struct berth_backend backend;
static struct berth_api_backend api;
static bool listens;

static void watch(void)
{
	berth_json_free(backend.watched);
	backend = (struct berth_backend){ .agent = s.gateway->agent };
	berth_backend_init(&backend, &api);
	berth_backend_watch_look(&backend);
}

static bool watched(struct sim *w)
{
	berth_backend_watch_look(&backend);
	if (listens)
		(void)api.generation(&backend);
	return is_cut(s.gateway) || story_operational(w);
}

static int64_t number(void) { return berth_data_int(backend.watched, "generation", 0); }

static void numbers_that_nobody_hears_wait_for_no_disk(void **state)
{
	long syncs;

	(void)state;
	listens = false;
	begin(0);
	watch();
	syncs = vfs_lossy_syncs();
	assert_true(sim_run_steps(&s.w, watched, STORY_LIMIT_S));
	assert_int_equal(vfs_lossy_syncs() - syncs, 3);
	assert_true(number() > 3);
	assert_int_equal(api.generation(&backend), number());
	assert_int_equal(vfs_lossy_syncs() - syncs, 4);
	assert_int_equal(api.generation(&backend), number());
	assert_int_equal(vfs_lossy_syncs() - syncs, 4);
	story_end(&s);
}

/* How far the number has come when the power goes, and what it is afterwards. */
static void cut_while_watched(bool heard, int64_t *before, int64_t *after)
{
	listens = heard;
	begin(4);
	watch();
	assert_true(sim_run_steps(&s.w, watched, STORY_LIMIT_S));
	(void)watched(&s.w);
	*before = number();
	the_power_goes(VFS_LOSE);
	sim_on(s.gateway);
	watch();
	*after = api.generation(&backend);
	story_settle(&s);
	story_check_end(&s, 1);
	story_end(&s);
}

static void a_number_that_was_heard_is_no_other_changes(void **state)
{
	int64_t before, after;

	(void)state;
	cut_while_watched(true, &before, &after);
	assert_true(before > 1 && after >= before);
	cut_while_watched(false, &before, &after);	/* the twin: it is somebody else's, whom nobody has heard */
	assert_true(after < before);
	berth_json_free(backend.watched);
	backend.watched = NULL;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(three_syncs_and_three_steps),
		cmocka_unit_test(whatever_has_left_before_a_power_cut),
		cmocka_unit_test(whatever_has_left_and_is_in_the_file),
		cmocka_unit_test(a_disk_that_fails_takes_the_run_back),
		cmocka_unit_test(keys_that_nobody_was_shown_are_the_next_runs),
		cmocka_unit_test(keys_of_another_kind_are_in_nobodys_way),
		cmocka_unit_test(numbers_that_nobody_hears_wait_for_no_disk),
		cmocka_unit_test(a_number_that_was_heard_is_no_other_changes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
