/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fakes/provide.h"

#include <stdlib.h>
#include <string.h>

#include "agent/protocol/gateway_item.h"

/* The item in use, opened; NULL: none of that name. */
static char *value_of(struct story *s, const char *id)
{
	struct berth_json *data = story_data(s, s->gateway), *o = NULL;
	const struct berth_json *active = berth_json_get(data, "active");
	const struct berth_json *item = gateway_items_find(berth_json_get(active, "items"), id);
	struct berth_env *env = berth_agent_env(s->gateway->agent);
	struct berth_buf box = BERTH_BUF_INIT, plain = BERTH_BUF_INIT, value = BERTH_BUF_INIT;
	char ns[GATEWAY_ITEM_NS_LEN], label[80], *text = NULL;

	if (item && !berth_json_get(item, "refused")) {
		gateway_item_ns(ns, active, item);
		snprintf(label, sizeof(label), "item/%s", id);
		CHECK_OK(env->records->get(env->records, ns, id, &box));
		CHECK_OK(env->keys->ops->unseal(env->keys, label, 0, box.p, box.len, &plain));
		CHECK_OK(berth_json_parse_object(&o, (const char *)plain.p, plain.len, BERTH_JSON_MAX));
		CHECK_OK(berth_body_get_b64(o, "value", BERTH_ITEM_MAX, &value));
		text = strdup(berth_buf_cstr(&value));
	}
	berth_buf_free(&box);
	berth_buf_free(&plain);
	berth_buf_free(&value);
	berth_json_free(o);
	berth_json_free(data);
	return text;
}

void provide_check(struct story *s, const char *id, const char *want)
{
	char *have = value_of(s, id);

	if (!want != !have || (want && strcmp(want, have) != 0))
		fail_msg("item %s: %s, not %s", id, have ? have : "none", want ? want : "none");
	free(have);
}

/* One record for each item, in whichever slot. */
void provide_check_records(struct story *s, int64_t want)
{
	int64_t a, b;

	CHECK_OK(berth_store_count(s->gateway->store, "item-a", &a));
	CHECK_OK(berth_store_count(s->gateway->store, "item-b", &b));
	assert_int_equal(want, a + b);
}

enum berth_err provide_order(struct story *s, const char *on, const char *id, const char *type, const char *value,
			     int64_t confirm_s, const char *by)
{
	struct berth_json *args = berth_json_new_object();
	enum berth_err rc;

	sim_as(s->owner);
	CHECK_OK(berth_json_set_str(args, "id", id));
	if (value) {
		CHECK_OK(berth_json_set_str(args, "type", type));
		CHECK_OK(berth_json_set_b64url(args, "value", value, strlen(value)));
	}
	if (confirm_s)
		CHECK_OK(berth_json_set_int(args, "confirmWithin", confirm_s));
	if (by)
		CHECK_OK(berth_json_set_str(args, "confirmBy", by));
	rc = berth_agent_command(s->owner->agent, "owner", s->device, on, args, NULL);
	berth_json_free(args);
	return rc;
}

bool provide_dealt_with(struct story *s)
{
	struct berth_json *data;
	bool yes;

	if (!story_quiet(&s->w))
		return false;
	data = story_data(s, s->owner);
	yes = berth_json_get(data, "provision") == NULL;
	berth_json_free(data);
	return yes;
}
