/* SPDX-License-Identifier: Apache-2.0 */
/* An owner that goes on from a backup which is older than what its devices know. */
#include <stdio.h>
#include <unistd.h>

#include "did/url.h"
#include "tests/fakes/story.h"

#define HOUR_S 3600
#define LIMIT_S 7200
#define LIFE_S (24 * HOUR_S)

static struct story *now;
static char *before;
static char backup[256], store[256];

static char *operational(struct story *s)
{
	struct berth_json *g = story_data(s, s->gateway);
	char *did = strdup(berth_data_str(berth_json_get(g, "active"), "did"));

	assert_non_null(did);
	berth_json_free(g);
	return did;
}

static bool rotated(struct sim *w)
{
	char *did;
	bool other;

	if (!story_settled(w))
		return false;
	did = operational(now);
	other = !berth_did_same(did, before);
	free(did);
	return other;
}

static int64_t stored(struct sim_node *n, const char *name)
{
	int64_t v;

	CHECK_OK(berth_store_counter_get(n->store, name, &v));
	return v;
}

static void begin(struct story *s)
{
	story_cast(s);
	s->owner->policy.credential_s = LIFE_S;
	story_birth(s);
	story_sale(s);
	sim_on(s->gateway);
	assert_true(sim_run(&s->w, story_settled, LIMIT_S));
	now = s;
}

static void take_backup(struct story *s)
{
	struct berth_buf path = BERTH_BUF_INIT;

	sim_as(s->owner);
	CHECK_OK(berth_store_snapshot(s->owner->store, &path));
	snprintf(backup, sizeof(backup), "%s/kept", s->owner->dir);
	snprintf(store, sizeof(store), "%s/state/%s", s->owner->dir, BERTH_STORE_FILE);
	assert_int_equal(rename(berth_buf_cstr(&path), backup), 0);
	berth_buf_free(&path);
}

static void renew(struct story *s)
{
	before = operational(s);
	sim_as(s->gateway);
	CHECK_OK(berth_agent_command(s->gateway->agent, "gateway", NULL, "cmd/rotate", NULL, NULL));
	assert_true(sim_run(&s->w, rotated, LIMIT_S));
	free(before);
}

static void restore(struct story *s)
{
	sim_off(s->owner);
	assert_int_equal(rename(backup, store), 0);
	sim_on(s->owner);
}

/* The owner knows neither the DID nor the credential, and refuses it; when the credential
 * ends, the device asks with the DID that its owner has known from the chain. */
static void a_device_that_was_renewed_since_is_known_again(void **state)
{
	struct story s;
	int64_t generation;

	(void)state;
	begin(&s);
	take_backup(&s);
	renew(&s);
	generation = stored(s.owner, "generation");
	restore(&s);
	assert_true(stored(s.owner, "generation") > generation);
	assert_int_equal(stored(s.owner, BERTH_COUNTER_RESTORED), 2);
	assert_false(berth_agent_quarantined(s.owner->agent));
	assert_int_equal(story_audit(s.owner, "from a backup"), 1);
	before = operational(&s);
	assert_true(sim_run(&s.w, rotated, 3 * LIFE_S));
	assert_true(story_audit(s.gateway, "asking with the factory DID") >= 1);
	assert_string_equal(sim_state(s.owner, "owner", s.device), "ACTIVE");
	free(before);
	story_end(&s);
}

/* Whoever puts a copy there that is no backup is found out as before. */
static void an_older_copy_that_is_no_backup_is_quarantined(void **state)
{
	struct berth_store *st;
	char folder[192];
	struct story s;

	(void)state;
	begin(&s);
	take_backup(&s);
	renew(&s);
	sim_off(s.owner);
	assert_int_equal(rename(backup, store), 0);
	snprintf(folder, sizeof(folder), "%s/state", s.owner->dir);
	CHECK_OK(berth_store_open(&st, folder, false));
	CHECK_OK(berth_store_begin(st));
	CHECK_OK(berth_store_counter_set(st, BERTH_COUNTER_RESTORED, 0));
	CHECK_OK(berth_store_commit(st));
	berth_store_close(st);
	sim_on(s.owner);
	assert_true(berth_agent_quarantined(s.owner->agent));
	story_end(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_device_that_was_renewed_since_is_known_again),
		cmocka_unit_test(an_older_copy_that_is_no_backup_is_quarantined),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
