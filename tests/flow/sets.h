/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_TESTS_FLOW_SETS_H
#define BERTH_TESTS_FLOW_SETS_H

/* M10 beyond the run: an owner and its gateway, in use, and what the owner provides for it. */
#include "did/crypto/hash.h"
#include "tests/fakes/forge.h"
#include "tests/fakes/provide.h"

#define LIMIT_S 14400

static struct story *now;

static inline bool says(const struct berth_json *o, const char *key, const char *want)
{
	return berth_json_says(berth_json_get(o, key), want);
}

static inline void check_set(const char *status, const char *reason)
{
	struct berth_json *data = story_data(now, now->owner);
	const struct berth_json *set = berth_json_get(data, "set");

	if (!says(set, "status", status) || (reason && !says(set, "reason", reason)))
		fail_msg("the owner's set: %s %s", berth_data_str(set, "status"), berth_data_str(set, "reason"));
	assert_null(berth_json_get(data, "provision"));
	berth_json_free(data);
}

static inline void check_told(const char *id, const char *want)
{
	struct berth_json *data = story_data(now, now->owner);

	if (!says(berth_json_get(data, "results"), id, want))
		fail_msg("the owner knows of %s: %s", id, berth_data_str(berth_json_get(data, "results"), id));
	berth_json_free(data);
}

static inline void provide(const char *id, const char *type, const char *value)
{
	CHECK_OK(provide_order(now, "cmd/provision", id, type, value, 0, NULL));
}

static inline bool dealt_with(struct sim *w) { (void)w; return provide_dealt_with(now); }
static inline void settle(void) { assert_true(sim_run(&now->w, dealt_with, LIMIT_S)); }

static inline bool is_on_trial(struct sim *w)
{
	struct berth_json *data = story_data(now, now->gateway);
	bool yes = berth_json_get(data, "trial") != NULL;

	(void)w;
	berth_json_free(data);
	return yes;
}

static inline bool is_over(struct sim *w) { return !is_on_trial(w); }

static inline void on_trial(void) { assert_true(sim_run_steps(&now->w, is_on_trial, LIMIT_S)); }

static inline void begin(struct story *s)
{
	now = s;
	story_in_use(s);
	provide_check(now, "wifi", "ssid=plant psk=correct horse");
	provide_check_records(now, 2);
}

static const char *the_hook;

static inline bool hooked(const void *by, const char *type, const char *id)
{
	(void)by;
	(void)id;
	return strcmp(type, the_hook) == 0;
}

static inline void with_hook(const char *type)
{
	the_hook = type;
	now->gateway->policy.hooked = hooked;
}

static inline enum berth_err hook_says(const char *id, const char *value, const char *status, const char *version)
{
	struct berth_json *args = berth_json_new_object(), *record = berth_data_obj(args, "record");
	uint8_t h[32];
	enum berth_err rc;

	sim_as(now->gateway);
	berth_sha256(h, value, strlen(value));
	CHECK_OK(berth_json_set_b64url(args, "sha256", h, 32));
	CHECK_OK(berth_json_set_str(args, "id", id));
	CHECK_OK(berth_json_set_str(args, "status", status));
	CHECK_OK(berth_json_set_str(record, "hook", "net"));
	CHECK_OK(berth_json_set_b64url(record, "sha256", h, 32));
	CHECK_OK(berth_json_set_str(record, "result", status));
	if (version)
		CHECK_OK(berth_json_set_str(args, "version", version));
	rc = berth_agent_command(now->gateway->agent, "gateway", NULL, "cmd/item-result", args, NULL);
	berth_json_free(args);
	return rc;
}

static inline struct berth_json *set_body(int64_t seq)
{
	struct berth_json *body = berth_json_new_object(), *items = berth_json_new_array();

	CHECK_OK(berth_json_set_int(body, "epoch", 0));
	CHECK_OK(berth_json_set_int(body, "seq", seq));
	CHECK_OK(berth_json_set(body, "items", items));
	return body;
}

static inline void say_to_gateway(struct sim_node *from, struct berth_json *body)
{
	struct berth_json *data = story_data(now, now->gateway);
	char *did = strdup(story_identity(now->gateway, berth_data_str(berth_json_get(data, "active"), "identity"))->did_long);
	const struct forge_say what = { .from = from, .identity = BERTH_ID_OWNER, .to = now->gateway, .to_did = did, .name = "provision-set" };

	berth_json_free(data);
	forge_say(&what, body);
	free(did);
}

/* A gateway with a hook for that type, which works on an item of it. */
static inline void begin_with_hook(struct story *s, const char *type, const char *id, const char *value)
{
	begin(s);
	with_hook(type);
	provide(id, type, value);
	on_trial();
}

#endif
