/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fakes/resale.h"

#include "did/base/clock.h"
#include "did/url.h"

static struct story *now;

void resale_watch(struct story *s) { now = s; }

struct berth_json *resale_command(struct sim_node *owner, const char *device, const char *on, const char *to,
				  enum berth_err want)
{
	struct berth_json *args = berth_json_new_object(), *out = NULL;

	sim_as(owner);
	if (to)
		CHECK_OK(berth_json_set_str(args, "to", to));
	CHECK_RC(want, berth_agent_command(owner->agent, "owner", device, on, args, &out));
	berth_json_free(args);
	return out;
}

enum berth_err resale_consent(struct sim_node *gateway, bool yes)
{
	struct berth_json *args = berth_json_new_object();
	enum berth_err rc;

	sim_as(gateway);
	CHECK_OK(berth_json_set_bool(args, "consent", yes));
	rc = berth_agent_command(gateway->agent, "gateway", NULL, "cmd/consent", args, NULL);
	berth_json_free(args);
	return rc;
}

static bool quiet(struct sim *w)
{
	struct berth_store_counts c;

	for (size_t i = 0; i < w->n; i++) {
		if (!w->node[i].agent)
			continue;
		CHECK_OK(berth_store_counts(w->node[i].store, &c));
		if (c.out)
			return false;
	}
	return true;
}

bool resale_released(struct sim *w)
{
	return strcmp(story_state(now, now->owner), "TRANSFERRED") == 0 && quiet(w);
}

bool resale_retired(struct sim *w)
{
	return strcmp(story_state(now, now->owner), "RETIRED") == 0 && strcmp(story_state(now, now->gateway), "RETIRED") == 0 &&
	       quiet(w) && berth_agent_identity_count(now->gateway->agent) == 0;
}

void resale_take(struct story *s, struct sim_node *to)
{
	struct berth_json *v = resale_command(s->owner, s->device, "cmd/transfer", NULL, BERTH_OK);
	const struct berth_json *chain = berth_json_get(v, "chain");

	assert_non_null(chain);
	CHECK_OK(berth_owner_key(chain, s->device));
	CHECK_OK(story_import(to, chain, NULL, NULL));
	s->owner = to;
	berth_json_free(v);
}

static struct berth_json *delegation(struct story *s, struct sim_node *agent)
{
	struct berth_json *args = berth_json_new_object(), *chain = NULL;
	char until[BERTH_RFC3339_LEN + 1];

	sim_as(s->owner);
	berth_rfc3339_format(until, berth_clock_now_s() + 30 * 86400);
	CHECK_OK(berth_json_set_str(args, "to", story_identity(agent, BERTH_ID_OWNER)->did_long));
	CHECK_OK(berth_json_set_str(args, "until", until));
	CHECK_OK(berth_agent_command(s->owner->agent, "owner", s->device, "cmd/delegate", args, &chain));
	berth_json_free(args);
	return chain;
}

struct sim_node *resale_by_delegate(struct story *s, struct sim_node **agent)
{
	struct sim_node *owner;
	struct berth_json *chain;

	story_cast(s);
	story_birth(s);
	owner = s->owner;
	owner->policy.n_rendezvous = 0;
	chain = story_chain(s);
	CHECK_OK(story_import(owner, chain, NULL, NULL));
	berth_json_free(chain);
	*agent = forge_mallory(s, "agent", "nng+tcp://agent.test:1");
	chain = delegation(s, *agent);
	CHECK_OK(story_import(*agent, chain, NULL, NULL));
	berth_json_free(chain);
	s->owner = *agent;
	resale_watch(s);
	sim_on(s->gateway);
	return owner;
}

static int64_t count(struct sim_node *n, const char *ns)
{
	int64_t v;

	CHECK_OK(berth_store_count(n->store, ns, &v));
	return v;
}

static void check_keys(struct sim_node *n)
{
	struct berth_key_info info;

	for (size_t i = 0; i < berth_keystore_count(n->ks); i++) {
		CHECK_OK(berth_keystore_at(n->ks, i, &info));
		if (strncmp(info.name, "op-", 3) == 0 || strncmp(info.name, "to-", 3) == 0)
			fail_msg("key %s has outlived its epoch", info.name);
	}
}

static void check_counters(struct sim_node *n, int64_t epoch)
{
	static const struct { const char *name; enum berth_counter c; } counters[] = {
		{ "epoch", BERTH_COUNTER_EPOCH }, { "generation", BERTH_COUNTER_GENERATION } };
	uint64_t device;
	bool protected_;
	int64_t stored;

	for (int i = 0; i < 2; i++) {
		CHECK_OK(berth_store_counter_get(n->store, counters[i].name, &stored));
		CHECK_OK(n->keys->ops->counter_read(n->keys, counters[i].c, &device, &protected_));
		assert_int_equal(device, stored);
		if (i == 0)
			assert_int_equal(stored, epoch);
	}
}

void resale_check_gone(struct story *s, int64_t epoch)
{
	static const char *const spaces[] = { "operational", "item-a", "item-b", "cred", "app-box", "app-thread", "relation", "doomed" };
	static const char *const members[] = { "active", "release", "renewal", "old", "offer", "slot", "quarantine", "statusSeq" };
	struct berth_json *data = story_data(s, s->gateway);

	assert_int_equal(berth_data_int(data, "epoch", -1), epoch);
	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++)
		if (berth_json_get(data, members[i]))
			fail_msg("%s is still there", members[i]);
	assert_non_null(berth_json_get(data, "tip"));
	berth_json_free(data);
	for (size_t i = 0; i < sizeof(spaces) / sizeof(spaces[0]); i++)
		assert_int_equal(count(s->gateway, spaces[i]), 0);
	check_keys(s->gateway);
	check_counters(s->gateway, epoch);
}

void resale_check_receipt(struct sim_node *owner, const char *device, const char *state)
{
	struct berth_json *v = NULL;
	const struct berth_json *data;
	struct berth_receipt r = { 0 };
	const char *receipt;

	sim_as(owner);
	CHECK_OK(berth_agent_instance(owner->agent, "owner", device, &v));
	data = berth_json_get(v, "data");
	assert_string_equal(berth_data_str(v, "state"), state);
	receipt = berth_data_str(berth_json_get(data, "ended"), "receipt");
	assert_non_null(receipt);
	CHECK_OK(berth_receipt_parse(&r, receipt, strlen(receipt)));
	/* by nothing but itself: its kid is the long form */
	CHECK_OK(berth_object_verify(&r.obj, NULL, NULL, NULL));
	assert_true(berth_did_same(r.obj.issuer, berth_data_str(data, "factoryDid")));
	assert_int_equal(r.epoch, berth_data_int(data, "epoch", 0) + 1);
	assert_null(berth_json_get(data, "transfer"));
	assert_null(berth_json_get(data, "credential"));
	assert_int_equal(count(owner, "doomed"), 0);
	berth_object_free(&r.obj);
	berth_json_free(v);
}
