/* SPDX-License-Identifier: Apache-2.0 */
/* P8, P12 with a real TPM 2.0 (swtpm): a thief has a copy of everything on the disk from
 * before the release, and the device itself.  And a device that goes through two owners. */
#include <sys/stat.h>
#include <time.h>

#include "did/url.h"
#include "tests/fakes/keys_local.h"
#include "tests/fakes/resale.h"
#include "tests/fakes/shell.h"
#include "tests/fakes/swtpm.h"
#include "tests/fakes/tpm_story.h"

#define LIMIT_S 14400

static char copy[160];			/* of the gateway's disk */
static struct sim_node *a, *b;		/* its owner, and the next one */

static void begin(struct tpm_story *x)
{
	tpm_story_cast(x);
	snprintf(copy, sizeof(copy), "%s/copy", x->s.w.root);
	a = x->s.owner;
	b = forge_mallory(&x->s, "owner-b", "nng+tcp://owner-b.test:1");
	story_start(&x->s);
	resale_watch(&x->s);
	story_settle(&x->s);
}

static void let_go(struct tpm_story *x)
{
	berth_json_free(resale_command(a, x->s.device, "cmd/transfer", story_identity(b, BERTH_ID_OWNER)->did_long,
				       BERTH_OK));
	assert_true(sim_run(&x->s.w, resale_released, LIMIT_S));
}

/* ---- the thief ---- */
struct thief { struct berth_keystore *ks; struct berth_store *store; };

static void steal(struct tpm_story *x)
{
	sim_off(x->s.gateway);
	test_sh("rm -rf %s && cp -a %s %s", copy, x->s.gateway->dir, copy);
	sim_on(x->s.gateway);
}

static void open_copy(struct tpm_story *x, struct thief *t)
{
	char uri[TPM_STORY_URI], dir[200];
	struct berth_keystore_config cfg = { .uri = uri };

	sim_off(x->s.gateway);	/* the TPM has one user at a time */
	snprintf(uri, sizeof(uri), "tpm2:?dir=%s/keys&tcti=%s", copy, x->t.tcti);
	snprintf(dir, sizeof(dir), "%s/state", copy);
	CHECK_OK(berth_keystore_open(&t->ks, &cfg));
	CHECK_OK(berth_store_open(&t->store, dir, false));
}

static void close_copy(struct tpm_story *x, struct thief *t)
{
	berth_store_close(t->store);
	berth_keystore_close(t->ks);
	sim_on(x->s.gateway);
}

/* The Wi-Fi password that owner A had provisioned. */
static enum berth_err read_wifi(struct thief *t)
{
	struct berth_buf box = BERTH_BUF_INIT, plain = BERTH_BUF_INIT;
	bool found;
	enum berth_err rc;

	CHECK_OK(berth_store_get(t->store, "item-a", "wifi", &box, &found));
	assert_true(found);
	rc = berth_keystore_unseal(t->ks, "item/wifi", 0, box.p, box.len, &plain);
	berth_buf_free(&box);
	berth_buf_free(&plain);
	return rc;
}

static enum berth_err sign_as_operational(struct thief *t)
{
	struct berth_key_info info;
	uint8_t sig[BERTH_SIG_MAX];
	size_t n;

	for (size_t i = 0; i < berth_keystore_count(t->ks); i++) {
		CHECK_OK(berth_keystore_at(t->ks, i, &info));
		if (strncmp(info.name, "op-", 3) == 0 && info.usage == BERTH_USAGE_SIGN)
			return berth_keystore_sign(t->ks, info.name, "x", 1, sig, &n);
	}
	return BERTH_E_NOMATCH;
}

static void p8_no_copy_of_the_disk_opens_what_the_last_owner_left(void **state)
{
	struct tpm_story x;
	struct thief t;

	(void)state;
	begin(&x);
	steal(&x);
	open_copy(&x, &t);	/* the twin: while the epoch lasts, who has disk and TPM has it all */
	CHECK_OK(read_wifi(&t));
	CHECK_OK(sign_as_operational(&t));
	close_copy(&x, &t);
	let_go(&x);
	resale_check_gone(&x.s, 1);
	open_copy(&x, &t);
	CHECK_RC(BERTH_E_DECRYPT, read_wifi(&t));
	CHECK_RC(BERTH_E_KEYSTORE, sign_as_operational(&t));
	close_copy(&x, &t);
	tpm_story_end(&x);
}

/* Nor does the copy come to life in its place: its counters are behind. */
static void the_copy_put_back_is_quarantined(void **state)
{
	struct tpm_story x;

	(void)state;
	begin(&x);
	steal(&x);
	let_go(&x);
	sim_off(x.s.gateway);
	test_sh("rm -rf %s && cp -a %s %s", x.s.gateway->dir, copy, x.s.gateway->dir);
	sim_on(x.s.gateway);
	assert_string_equal(story_state(&x.s, x.s.gateway), "QUARANTINED");
	tpm_story_end(&x);
}

static void the_next_owner_gets_new_keys_of_the_same_tpm(void **state)
{
	struct berth_json *data;
	struct tpm_story x;
	char *before;

	(void)state;
	begin(&x);
	data = story_data(&x.s, x.s.owner);
	before = strdup(berth_data_str(data, "operationalDid"));
	berth_json_free(data);
	let_go(&x);
	data = story_data(&x.s, a);	/* P15: what kind of erasure it was */
	assert_string_equal(berth_data_str(berth_json_get(data, "ended"), "erasure"), "counter");
	berth_json_free(data);
	resale_take(&x.s, b);
	story_settle(&x.s);
	data = story_data(&x.s, b);
	assert_string_equal(berth_data_str(data, "custody"), "hardware");
	assert_false(berth_did_same(berth_data_str(data, "operationalDid"), before));
	berth_json_free(data);
	free(before);
	tpm_story_end(&x);
}

static void a_retired_device_has_no_key_in_its_tpm(void **state)
{
	struct tpm_story x;
	unsigned kept;

	(void)state;
	begin(&x);
	kept = test_swtpm_handles(&x.t, 0x81);
	berth_json_free(resale_command(a, x.s.device, "cmd/retire", NULL, BERTH_OK));
	assert_true(sim_run(&x.s.w, resale_retired, LIMIT_S));
	resale_check_gone(&x.s, 1);
	assert_int_equal(berth_keystore_count(x.s.gateway->ks), 0);
	assert_int_equal(test_swtpm_handles(&x.t, 0x81), kept - 1);	/* the attestation key; others' stay */
	sim_off(x.s.gateway);
	sim_on(x.s.gateway);
	assert_string_equal(story_state(&x.s, x.s.gateway), "RETIRED");
	tpm_story_end(&x);
}

static enum berth_err retire(struct tpm_story *x)
{
	struct berth_json *args = berth_json_new_object();
	enum berth_err rc;

	sim_as(a);
	CHECK_OK(berth_json_set_bool(args, "clearTpm", true));
	rc = berth_agent_command(a->agent, "owner", x->s.device, "cmd/retire", args, NULL);
	berth_json_free(args);
	return rc;
}

static bool cleared(struct sim *w)
{
	struct tpm_story *x = (struct tpm_story *)(void *)w;	/* the story is its first member, and the sim the story's */

	return resale_retired(w) && berth_keystore_state(x->s.gateway->ks) == BERTH_KEYSTORE_LOST;
}

/* --clear-tpm: not even the storage key is left, so a copy from before is of no use at all. */
static void the_tpm_is_cleared_where_the_device_allows_it(void **state)
{
	struct berth_keystore_config cfg = { .uri = NULL };
	struct berth_keystore *ks;
	struct tpm_story x;
	char uri[TPM_STORY_URI];

	(void)state;
	begin(&x);
	steal(&x);
	snprintf(uri, sizeof(uri), "tpm2:?dir=%s/keys&tcti=%s", copy, x.t.tcti);
	cfg.uri = uri;
	CHECK_OK(retire(&x));	/* the twin: by default it does not */
	story_settle(&x.s);
	assert_string_equal(story_state(&x.s, x.s.gateway), "OPERATIONAL");
	x.s.gateway->policy.clear_tpm = true;
	CHECK_OK(retire(&x));
	assert_true(sim_run(&x.s.w, cleared, LIMIT_S));
	assert_int_equal(story_audit(x.s.gateway, "the TPM is cleared"), 1);
	resale_check_receipt(a, x.s.device, "RETIRED");
	sim_off(x.s.gateway);
	CHECK_RC(BERTH_E_KEYSTORE, berth_keystore_open(&ks, &cfg));
	tpm_story_end(&x);
}

/* ---- the power goes ---- */
#define SAMPLES 5

static bool dead(struct sim_node *n) { return n->keys && test_keys_local_dead(n->keys); }

static bool dead_or_released(struct sim *w)
{
	struct tpm_story *x = (struct tpm_story *)(void *)w;

	return dead(x->s.gateway) || resale_released(w);
}

static void ask(struct tpm_story *x)
{
	berth_json_free(resale_command(a, x->s.device, "cmd/transfer", NULL, BERTH_OK));
}

/* Before or after the n-th operation of the device on its TPM; 0: how many there are. */
static long cut_at(long n)
{
	struct tpm_story x;
	long moments;

	begin(&x);
	test_keys_local_die(x.s.gateway->keys, n);
	x.s.gateway->dead = dead;
	ask(&x);
	assert_true(sim_run_steps(&x.s.w, dead_or_released, LIMIT_S));
	moments = test_keys_local_moments(x.s.gateway->keys);
	sim_off(x.s.gateway);
	x.s.gateway->dead = NULL;
	sim_on(x.s.gateway);
	if (!sim_run(&x.s.w, resale_released, LIMIT_S))
		fail_msg("killed at operation %ld: gateway %s", n, story_state(&x.s, x.s.gateway));
	resale_check_gone(&x.s, 1);
	resale_check_receipt(a, x.s.device, "TRANSFERRED");
	assert_int_equal(story_audit(x.s.gateway, "epoch 0 is over"), 1);
	tpm_story_end(&x);
	return moments;
}

static void p10_a_power_cut_between_operations_of_the_tpm(void **state)
{
	const char *given = getenv("BERTH_SEED");
	uint32_t seed = given ? (uint32_t)strtoul(given, NULL, 10) : (uint32_t)time(NULL);
	bool all = getenv("BERTH_SOAK") != NULL;
	long n = cut_at(0);

	(void)state;
	printf("seed %u, %ld moments\n", seed, n);
	assert_true(n > 10);
	for (long i = 1; i <= (all ? n : SAMPLES); i++) {
		seed = seed * 1664525u + 1013904223u;
		cut_at(all ? i : 1 + (long)((seed >> 8) % (uint32_t)n));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(p8_no_copy_of_the_disk_opens_what_the_last_owner_left),
		cmocka_unit_test(the_copy_put_back_is_quarantined),
		cmocka_unit_test(the_next_owner_gets_new_keys_of_the_same_tpm),
		cmocka_unit_test(a_retired_device_has_no_key_in_its_tpm),
		cmocka_unit_test(the_tpm_is_cleared_where_the_device_allows_it),
		cmocka_unit_test(p10_a_power_cut_between_operations_of_the_tpm),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
