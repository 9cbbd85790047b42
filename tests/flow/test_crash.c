/* SPDX-License-Identifier: Apache-2.0 */
/* P10, C146: the power goes at any write to the store, or before or after any operation
 * on the keys, of either side, in the middle of the onboarding, of a rotation of keys, of a
 * release, of a retirement or of a change of what is provisioned.
 * What was not synced is lost, torn or kept, of the store and of the file of the keys; nothing
 * leaves the dead process any more.
 * It starts again on what is on disk, and the end is the same. */
#include <time.h>

#include "did/url.h"
#include "tests/fakes/disk.h"
#include "tests/fakes/keys_local.h"
#include "tests/fakes/ldevid.h"
#include "tests/fakes/provide.h"
#include "tests/fakes/resale.h"
#include "tests/fakes/vfs_lossy.h"

#define LIMIT_S 14400
#define SAMPLES 40

static long dies_at;		/* disk call of the victim; 0: never */

static bool dead(struct sim_node *n)
{
	return (dies_at && vfs_lossy_calls() >= dies_at) || (n->keys && test_keys_local_dead(n->keys));
}

static struct sim_node *victim_of(struct story *s, bool owner) { return owner ? s->owner : s->gateway; }

/* ---- what goes on: from prepared to done ---- */
struct scene {
	const char *name;
	void (*before)(struct story *s);	/* on an ordinary disk; the victim is switched on after it */
	void (*start)(struct story *s);
	bool (*done)(struct sim *w);		/* and settled */
	bool (*ended)(struct sim *w);		/* with messages still under way */
	void (*check)(struct story *s);
};

static struct story *now;
static char old_did[256];

static void sold(struct story *s)
{
	story_birth(s);
	story_sale(s);
}

static void switch_on(struct story *s)
{
	if (!s->gateway->agent)
		sim_on(s->gateway);
}

static void onboarded(struct story *s)
{
	sold(s);
	sim_on(s->gateway);
	story_settle(s);
	snprintf(old_did, sizeof(old_did), "%s", story_operational_did(s));
}

/* After a power cut that took the command itself with it, the operator asks again. */
static void rotate(struct story *s)
{
	sim_as(s->gateway);
	if (strcmp(story_state(s, s->gateway), "OPERATIONAL") != 0 || !berth_did_same(story_operational_did(s), old_did))
		return;
	if (berth_agent_command(s->gateway->agent, "gateway", NULL, "cmd/rotate", NULL, NULL) && !s->gateway->dead)
		fail_msg("rotate: %s", berth_err_detail());
}

static bool rotated(struct sim *w)
{
	return story_operational(w) && !berth_did_same(story_operational_did(now), old_did);
}

static bool rotation_settled(struct sim *w) { return rotated(w) && story_settled(w); }

/* M13: the owner's DID for this device */
static const char *peer_did(struct story *s)
{
	static char did[256];
	struct berth_json *data = story_data(s, s->gateway);
	const char *text = berth_data_str(berth_json_get(data, "active"), "peer");

	snprintf(did, sizeof(did), "%s", text ? text : "");
	berth_json_free(data);
	return did;
}

static bool under_way(struct story *s)
{
	struct berth_json *data = story_data(s, s->owner);
	bool yes = berth_json_get(data, "next") != NULL;

	berth_json_free(data);
	return yes;
}

static void rotate_owner(struct story *s)
{
	if (*peer_did(s) || under_way(s))
		return;
	sim_as(s->owner);
	if (berth_agent_command(s->owner->agent, "owner", s->device, "cmd/rotate", NULL, NULL) && !s->owner->dead)
		fail_msg("rotate: %s", berth_err_detail());
}

static bool owner_rotated(struct sim *w)
{
	return story_operational(w) && *peer_did(now) && !under_way(now);
}

static bool owner_rotation_settled(struct sim *w) { return owner_rotated(w) && story_settled(w); }

static void check_owned(struct story *s) { story_check_end(s, story_audit(s->owner, "operational credential issued")); }

/* M15, M16: the owner's command, once more where the power cut took it too. */
static void let_go(struct story *s, const char *on)
{
	struct berth_json *none = berth_json_new_object();

	sim_as(s->owner);
	if (strcmp(story_state(s, s->owner), "ACTIVE") == 0 &&
	    berth_agent_command(s->owner->agent, "owner", s->device, on, none, NULL) && !s->owner->dead)
		fail_msg("%s: %s", on, berth_err_detail());
	berth_json_free(none);
}

static void release(struct story *s) { let_go(s, "cmd/transfer"); }
static void retire(struct story *s) { let_go(s, "cmd/retire"); }
static void to_be_let_go(struct story *s) { onboarded(s); resale_watch(s); }
static bool released(struct sim *w) { (void)w; return strcmp(story_state(now, now->owner), "TRANSFERRED") == 0; }

/* The last key goes with the last look, long after the last message. */
static bool retired(struct sim *w)
{
	(void)w;
	return strcmp(story_state(now, now->owner), "RETIRED") == 0 && now->gateway->agent &&
	       berth_agent_identity_count(now->gateway->agent) == 0;
}

static void check_let_go(struct story *s, const char *state, const char *gateway)
{
	resale_check_gone(s, 1);
	resale_check_receipt(s->owner, s->device, state);
	assert_int_equal(story_audit(s->gateway, "epoch 0 is over"), 1);
	assert_int_equal(story_audit(s->owner, "it has signed for that"), 1);
	assert_string_equal(story_state(s, s->gateway), gateway);
}

static void check_released(struct story *s) { check_let_go(s, "TRANSFERRED", "SEEKING"); }

static void check_retired(struct story *s)
{
	check_let_go(s, "RETIRED", "RETIRED");
	assert_int_equal(berth_keystore_count(s->gateway->ks), 0);
}

/* M14: out of service, back, and what was revoked once more from the beginning. */
static bool knows(struct story *s)
{
	struct berth_json *data = story_data(s, s->owner);
	bool yes = berth_json_get(data, "notice") == NULL;

	berth_json_free(data);
	return yes;
}

static bool is_out(const char *owner)
{
	return strcmp(story_state(now, now->owner), owner) == 0 && strcmp(story_state(now, now->gateway), "QUARANTINED") == 0 &&
	       knows(now);
}

static bool suspended(struct sim *w) { (void)w; return is_out("SUSPENDED"); }
static bool suspension_settled(struct sim *w) { return suspended(w) && story_quiet(w); }
static bool revoked(struct sim *w) { (void)w; return is_out("REVOKED"); }
static bool back(struct sim *w) { return story_operational(w) && knows(now); }
static bool back_settled(struct sim *w) { return back(w) && story_settled(w); }
static bool anew(struct sim *w) { return story_operational(w) && story_audit(now->owner, " is active") == 2; }
static bool anew_settled(struct sim *w) { return anew(w) && story_settled(w); }

/* The owner's word, unless it has been heard already. */
static void tell(struct story *s, const char *when, const char *on)
{
	sim_as(s->owner);
	if (strcmp(story_state(s, s->owner), when) == 0 &&
	    berth_agent_command(s->owner->agent, "owner", s->device, on, NULL, NULL) && !s->owner->dead)
		fail_msg("%s: %s", on, berth_err_detail());
}

static void suspend(struct story *s) { tell(s, "ACTIVE", "cmd/suspend"); }
static void take_back(struct story *s) { tell(s, "SUSPENDED", "cmd/resume"); }
static void let_in_again(struct story *s) { tell(s, "REVOKED", "cmd/approve"); }

static void to_be_taken_back(struct story *s)
{
	onboarded(s);
	suspend(s);
	assert_true(sim_run(&s->w, suspension_settled, LIMIT_S));
}

static void to_be_let_in_again(struct story *s)
{
	onboarded(s);
	tell(s, "ACTIVE", "cmd/revoke");
	assert_true(sim_run(&s->w, revoked, LIMIT_S));
}

/* It can come back, so nothing was lost. */
static void check_suspended(struct story *s)
{
	take_back(s);
	assert_true(sim_run(&s->w, back_settled, LIMIT_S));
	check_owned(s);
}

static void check_anew(struct story *s)
{
	int64_t a, b;

	assert_false(berth_did_same(story_operational_did(s), old_did));
	assert_int_equal(berth_agent_identity_count(s->gateway->agent), 2);
	CHECK_OK(berth_store_count(s->gateway->store, "item-a", &a));
	CHECK_OK(berth_store_count(s->gateway->store, "item-b", &b));
	assert_int_equal(a + b, 2);
	assert_int_equal(story_audit(s->gateway, "revoked, and begins anew"), 1);
}

/* An owner that certifies operational keys: certificate and credential are one record. */
static struct test_ldevid ldevid;

static void sold_with_ca(struct story *s)
{
	test_ldevid_free(&ldevid);
	test_ldevid_begin(&ldevid, s->owner, 400 * 86400);
	sold(s);
}

static void onboarded_with_ca(struct story *s)
{
	test_ldevid_free(&ldevid);
	test_ldevid_begin(&ldevid, s->owner, 400 * 86400);
	onboarded(s);
}

/* Also right after the power has come back. */
static void check_pair(struct story *s)
{
	struct berth_json *data = s->gateway->agent && !dead(s->gateway) ? story_data(s, s->gateway) : NULL;

	if (berth_json_get(data, "active"))
		assert_true(test_ldevid_is_pair(s));
	berth_json_free(data);
}

static void switch_on_with_ca(struct story *s)
{
	switch_on(s);
	check_pair(s);
}

static void rotate_with_ca(struct story *s)
{
	check_pair(s);
	rotate(s);
}

static void check_certified(struct story *s)
{
	struct berth_json *g = story_data(s, s->gateway), *o = story_data(s, s->owner);
	char serial[2 * BERTH_X509_SERIAL_MAX + 1];
	struct berth_x509_chain c;

	check_owned(s);
	assert_true(test_ldevid_is_pair(s));
	assert_true(test_ldevid_chain(&c, berth_json_get(berth_json_get(g, "active"), "ldevid")));
	berth_x509_serial(serial, c.at[0]);
	assert_string_equal(berth_data_str(berth_json_get(o, "ldevid"), "serial"), serial);
	berth_x509_chain_free(&c);
	berth_json_free(g);
	berth_json_free(o);
}

/* The same with keys of before that stay for an application, which never says anything. */
static void to_keep_old(struct story *s)
{
	onboarded(s);
	s->gateway->policy.grace_s = 120;
	s->gateway->policy.confirm[s->gateway->policy.n_confirm++] = "modem";
}

static bool grace_over(struct sim *w)
{
	struct berth_json *data;
	bool yes;

	if (!rotated(w) || !now->gateway->agent)
		return false;
	data = story_data(now, now->gateway);
	yes = !berth_json_get(data, "old") && !berth_json_get(data, "grace");
	berth_json_free(data);
	return yes;
}

static bool grace_settled(struct sim *w) { return grace_over(w) && story_settled(w); }

static void check_grace(struct story *s)
{
	check_owned(s);
	assert_int_equal(story_audit(s->gateway, "the time for that is over"), 1);
}

/* M10 after the run: another item, which stays; and one that nobody confirms. */
#define WIFI "ssid=plant psk=correct horse"
#define OTHER "ssid=plant psk=battery staple"

static bool was_told(struct story *s)
{
	struct berth_json *data = story_data(s, s->owner);
	bool yes = berth_json_get(data, "provision") || berth_data_int(berth_json_get(data, "set"), "seq", 0);

	berth_json_free(data);
	return yes;
}

static void give(struct story *s, int64_t confirm_s, const char *by)
{
	if (!was_told(s) && provide_order(s, "cmd/provision", "wifi", "network", OTHER, confirm_s, by) && !s->owner->dead)
		fail_msg("provision: %s", berth_err_detail());
}

static void give_other(struct story *s) { give(s, 0, NULL); }
static void give_unconfirmed(struct story *s) { give(s, 60, "nobody"); }
static bool given(struct sim *w) { (void)w; return was_told(now) && provide_dealt_with(now); }

static void check_given(struct story *s, const char *value, const char *audit)
{
	struct berth_json *g = story_data(s, s->gateway);

	assert_null(berth_json_get(g, "staged"));
	assert_null(berth_json_get(g, "trial"));
	provide_check(s, "wifi", value);
	provide_check(s, "app.conf", "interval = 5\n");
	provide_check_records(s, 2);
	assert_int_equal(story_audit(s->gateway, audit), 1);
	berth_json_free(g);
}

static void check_other(struct story *s) { check_given(s, OTHER, "of items is active"); }
static void check_unconfirmed(struct story *s) { check_given(s, WIFI, "back to the one before"); }

static const struct scene scenes[] = {
	{ "onboarding", sold, switch_on, story_settled, story_operational, check_owned },
	{ "rotation", onboarded, rotate, rotation_settled, rotated, check_owned },
	{ "owner's rotation", onboarded, rotate_owner, owner_rotation_settled, owner_rotated, check_owned },
	{ "release", to_be_let_go, release, resale_released, released, check_released },
	{ "retirement", to_be_let_go, retire, resale_retired, retired, check_retired },
	{ "suspension", onboarded, suspend, suspension_settled, suspended, check_suspended },
	{ "return", to_be_taken_back, take_back, back_settled, back, check_owned },
	{ "beginning anew", to_be_let_in_again, let_in_again, anew_settled, anew, check_anew },
	{ "onboarding with a certificate", sold_with_ca, switch_on_with_ca, story_settled, story_operational, check_certified },
	{ "rotation with a certificate", onboarded_with_ca, rotate_with_ca, rotation_settled, rotated, check_certified },
	{ "another set of items", onboarded, give_other, given, given, check_other },
	{ "rotation with a grace", to_keep_old, rotate, grace_settled, grace_over, check_grace },
	{ "a set that nobody confirms", onboarded, give_unconfirmed, given, given, check_unconfirmed },
};
static const struct scene *scene;

/* The victim on a disk of its own kind, everything ready to start. */
static struct sim_node *prepare(struct story *s, bool owner)
{
	struct sim_node *v;

	dies_at = 0;
	story_cast(s);
	now = s;
	scene->before(s);
	v = victim_of(s, owner);
	sim_off(v);
	vfs_lossy_reset(VFS_NONE, 0, 0, 0);
	v->vfs = "lossy";
	sim_on(v);
	return v;
}

struct kill { bool owner, key; long at; enum vfs_trouble how; uint32_t seed; };

static bool is_dead(struct sim *w)
{
	for (size_t i = 0; i < w->n; i++)
		if (w->node[i].dead && w->node[i].dead(&w->node[i]))
			return true;
	return scene->ended(w);
}

static void no_end(struct story *s, const struct kill *k)
{
	struct berth_store_counts g, o;

	CHECK_OK(berth_store_counts(s->gateway->store, &g));
	CHECK_OK(berth_store_counts(s->owner->store, &o));
	print_error("gateway %s, %lld messages wait\n", story_state(s, s->gateway), (long long)g.out);
	print_error("owner %s, %lld messages wait\n", story_state(s, s->owner), (long long)o.out);
	fail_msg("%s: killed %s at %s %ld (%d, BERTH_SEED=%u): no end", scene->name, k->owner ? "owner" : "gateway",
		 k->key ? "key" : "disk", k->at, (int)k->how, k->seed);
}

/* Of the keys' file the disk keeps what the store's does; a process that is only killed loses nothing. */
static void end(struct sim_node *v, const struct kill *k)
{
	disk_power_off(k->how, k->seed + (uint32_t)k->at);
	sim_off(v);
	disk_power_back();
}

static void watch_keys(const struct sim_node *v)
{
	char path[192];

	snprintf(path, sizeof(path), "%s/keys", v->dir);
	disk_watch(path);
}

/* false: the moment never came */
static bool survive(const struct kill *k)
{
	struct story s;
	struct sim_node *v = prepare(&s, k->owner);
	bool hit;

	v->dead = dead;
	watch_keys(v);
	if (k->key) {
		test_keys_local_die(v->keys, k->at);
	} else {
		dies_at = vfs_lossy_calls() + k->at;
		vfs_lossy_trouble(k->how, k->at);
	}
	scene->start(&s);
	assert_true(sim_run_steps(&s.w, is_dead, LIMIT_S));
	hit = v->dead(v);
	end(v, k);
	dies_at = 0;
	v->dead = NULL;
	vfs_lossy_reset(VFS_NONE, 0, 0, 0);
	sim_on(v);
	scene->start(&s);
	if (!sim_run(&s.w, scene->done, LIMIT_S))
		no_end(&s, k);
	scene->check(&s);
	story_end(&s);
	return hit;
}

/* How many moments there are. */
static long moments(bool owner, bool key)
{
	struct story s;
	struct sim_node *v = prepare(&s, owner);
	long before = vfs_lossy_calls(), n;

	test_keys_local_die(v->keys, 0);
	scene->start(&s);
	assert_true(sim_run(&s.w, scene->ended, LIMIT_S));
	n = key ? test_keys_local_moments(v->keys) : vfs_lossy_calls() - before;
	story_end(&s);
	return n;
}

static uint32_t draw(uint32_t *seed)
{
	return (*seed = *seed * 1664525u + 1013904223u) >> 8;
}

static void at_any_moment(const struct scene *which)
{
	static const enum vfs_trouble how[] = { VFS_LOSE, VFS_SHUFFLE, VFS_KEEP };
	const char *given = getenv("BERTH_SEED");
	uint32_t seed = given ? (uint32_t)strtoul(given, NULL, 10) : (uint32_t)time(NULL), start = seed;
	bool all = getenv("BERTH_SOAK") != NULL;
	int kills = 0;

	scene = which;
	vfs_lossy_install();
	printf("seed %u\n", start);
	for (int side = 0; side < 4; side++) {
		bool owner = side & 1, key = side & 2;
		long n = moments(owner, key), samples = all ? n : SAMPLES / 4;

		assert_true(n > 1);	/* before and after one operation at the least */
		for (long i = 1; i <= samples; i++) {
			struct kill k = { .owner = owner, .key = key, .at = all ? i : 1 + (long)(draw(&seed) % (uint32_t)n),
				.how = how[draw(&seed) % 3], .seed = start };

			kills += survive(&k);
		}
	}
	/* each of them ended as it must, or we would not be here */
	printf("crash: %s, kills %d, lost 0, duplicated 0, diverged 0\n", which->name, kills);
	assert_true(kills >= SAMPLES / 2);
}

static void p10_a_power_cut_at_any_moment(void **state) { (void)state; at_any_moment(&scenes[0]); }
static void p10_a_power_cut_in_a_rotation(void **state) { (void)state; at_any_moment(&scenes[1]); }
static void p10_a_power_cut_in_the_owners_rotation(void **state) { (void)state; at_any_moment(&scenes[2]); }
static void p10_a_power_cut_in_a_release(void **state) { (void)state; at_any_moment(&scenes[3]); }
static void p10_a_power_cut_in_a_retirement(void **state) { (void)state; at_any_moment(&scenes[4]); }

static void p10_a_power_cut_in_a_suspension(void **state) { (void)state; at_any_moment(&scenes[5]); }
static void p10_a_power_cut_in_a_return(void **state) { (void)state; at_any_moment(&scenes[6]); }
static void p10_a_power_cut_when_it_begins_anew(void **state) { (void)state; at_any_moment(&scenes[7]); }
static void p10_a_power_cut_with_a_certificate(void **state) { (void)state; at_any_moment(&scenes[8]); }
static void p10_a_power_cut_in_a_rotation_with_a_certificate(void **state) { (void)state; at_any_moment(&scenes[9]); }
static void p10_a_power_cut_when_items_change(void **state) { (void)state; at_any_moment(&scenes[10]); }
static void p10_a_power_cut_when_items_go_back(void **state) { (void)state; at_any_moment(&scenes[12]); }
static void p10_a_power_cut_in_a_grace(void **state) { (void)state; at_any_moment(&scenes[11]); }

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(p10_a_power_cut_at_any_moment),
		cmocka_unit_test(p10_a_power_cut_in_a_rotation),
		cmocka_unit_test(p10_a_power_cut_in_the_owners_rotation),
		cmocka_unit_test(p10_a_power_cut_in_a_release),
		cmocka_unit_test(p10_a_power_cut_in_a_retirement),
		cmocka_unit_test(p10_a_power_cut_in_a_suspension),
		cmocka_unit_test(p10_a_power_cut_in_a_return),
		cmocka_unit_test(p10_a_power_cut_when_it_begins_anew),
		cmocka_unit_test(p10_a_power_cut_with_a_certificate),
		cmocka_unit_test(p10_a_power_cut_in_a_rotation_with_a_certificate),
		cmocka_unit_test(p10_a_power_cut_when_items_change),
		cmocka_unit_test(p10_a_power_cut_when_items_go_back),
		cmocka_unit_test(p10_a_power_cut_in_a_grace),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
