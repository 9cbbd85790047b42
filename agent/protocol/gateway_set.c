/* SPDX-License-Identifier: Apache-2.0 */
/* M10 after the run, on the device: the owner announces another set of items.  What of it is
 * new comes beside what is in use, item by item, and when all of it is there and holds, the
 * set becomes the active one in one step (gateway_trial.c).  Until then nothing has changed. */
#include <string.h>

#include "agent/protocol/gateway_item.h"
#include "agent/protocol/gateway_set.h"
#include "agent/protocol/item.h"
#include "agent/protocol/object.h"
#include "did/url.h"

/* ---- the announcement ---- */
struct set {
	int64_t seq, confirm_s;		/* confirm_s 0: nobody has to confirm it */
	const char *by;			/* the application that does; NULL: the owner's answer will do */
	struct berth_json *announced;	/* {"items"}, owned */
};

static enum berth_err each_once(const struct berth_json *items)
{
	berth_json_each(item, items)
		if (gateway_items_find(items, berth_data_str(item, "id")) != item)
			return berth_fail(BERTH_E_TYPE, "item %s is there twice", berth_data_str(item, "id"));
	return BERTH_OK;
}

static enum berth_err read_set(struct set *s, const struct berth_json *body)
{
	enum berth_err rc;

	if ((rc = berth_json_req_int(body, "seq", 1, INT64_MAX, &s->seq)) ||
	    (rc = berth_json_opt_int(body, "confirmWithin", BERTH_CONFIRM_MIN_S, BERTH_CONFIRM_MAX_S, &s->confirm_s)) ||
	    (rc = berth_json_opt_str(body, "confirmBy", BERTH_CONFIRM_BY_MAX, &s->by)) ||
	    (rc = gateway_items_announced(s->announced, body)))
		return rc;
	return each_once(berth_json_get(s->announced, "items"));
}

/* ---- beside what is in use ---- */
static const char *other(const char *slot) { return slot && strcmp(slot, "a") == 0 ? "b" : "a"; }

/* An item that is as it was stays where it is, also when it is one that was refused. */
static enum berth_err place(const struct berth_json *active, const struct berth_json *item, struct berth_json *list)
{
	const struct berth_json *is = gateway_items_find(berth_json_get(active, "items"), berth_data_str(item, "id"));
	const char *refused = is ? berth_data_str(is, "refused") : NULL, *slot = gateway_item_slot(active, is);
	struct berth_json *v = berth_json_clone(item);
	bool kept = is && gateway_item_same(is, item);
	enum berth_err rc;

	if (!(rc = berth_json_set_str(v, "slot", kept ? slot : other(slot))) &&
	    (!kept || !refused || !(rc = berth_json_set_str(v, "refused", refused))))
		return berth_json_push(list, v);
	berth_json_free(v);
	return rc;
}

static enum berth_err place_all(const struct berth_json *active, const struct berth_json *items, struct berth_json *staged)
{
	struct berth_json *list = berth_json_new_array();
	enum berth_err rc = list ? BERTH_OK : berth_no_memory();

	berth_json_each(item, items)
		if (rc || (rc = place(active, item, list)))
			break;
	return berth_json_set_made(staged, "items", list, rc);
}

static bool is_missing(const struct berth_instance *inst, const struct berth_json *item)
{
	const struct berth_json *staged = berth_json_get(inst->data, "staged");
	const struct berth_json *items = berth_json_get(berth_json_get(inst->data, "active"), "items");
	const struct berth_json *is = gateway_items_find(items, berth_data_str(item, "id"));

	return !(is && gateway_item_same(is, item)) &&
	       !berth_json_says(berth_json_get(berth_json_get(staged, "stored"), berth_data_str(item, "id")),
				berth_data_str(item, "sha256"));
}

static enum berth_err list_missing(const struct berth_instance *inst, struct berth_json *list)
{
	enum berth_err rc = list ? BERTH_OK : berth_no_memory();

	berth_json_each(item, berth_json_get(berth_json_get(inst->data, "staged"), "items"))
		if (!rc && is_missing(inst, item))
			rc = berth_json_push_str(list, berth_data_str(item, "id"));
	return rc;
}

static enum berth_err say_wanted(struct berth_env *env, const struct berth_instance *inst, struct berth_effects *fx,
				 struct berth_json *ids)
{
	const struct berth_json *staged = berth_json_get(inst->data, "staged");
	struct berth_json *body = berth_json_new_object();
	enum berth_err rc;

	if ((rc = gateway_name_us(env, inst, body)) ||
	    (rc = berth_json_set_int(body, "seq", berth_data_int(staged, "seq", 0)))) {
		berth_json_free(ids);
		berth_json_free(body);
		return rc;
	}
	if ((rc = berth_json_set(body, "items", ids))) {
		berth_json_free(body);
		return rc;
	}
	return gateway_say(env, inst, fx, gateway_operational(env, inst), "set-wanted", berth_data_str(staged, "thid"), body);
}

/* Asks for what is missing, when asked to ask; activates what is complete. */
static enum berth_err go_on(struct berth_env *env, struct berth_instance *inst, struct berth_effects *fx, bool ask)
{
	struct berth_json *ids = berth_json_new_array();
	enum berth_err rc = list_missing(inst, ids);

	if (!rc && berth_json_len(ids) && ask)
		return say_wanted(env, inst, fx, ids);
	if (!rc && !berth_json_len(ids))
		rc = gateway_activate(env, inst, fx);
	berth_json_free(ids);
	return rc;
}

enum berth_err gateway_drop_staged(struct berth_instance *inst, struct berth_effects *fx)
{
	const struct berth_json *staged = berth_json_get(inst->data, "staged");
	enum berth_err rc = BERTH_OK;

	berth_json_each(item, berth_json_get(staged, "items"))
		if (!rc && berth_json_get(berth_json_get(staged, "stored"), berth_data_str(item, "id")))
			rc = gateway_item_remove(fx, NULL, item);
	berth_json_remove(inst->data, "staged");
	return rc;
}

static enum berth_err begin(struct berth_env *env, struct berth_instance *inst, struct berth_effects *fx,
			    const struct set *s, const char *thid)
{
	struct berth_json *staged;
	enum berth_err rc = gateway_drop_staged(inst, fx);

	staged = berth_data_obj(inst->data, "staged");
	if (rc || (rc = place_all(berth_json_get(inst->data, "active"), berth_json_get(s->announced, "items"), staged)) ||
	    (rc = berth_json_set_int(staged, "seq", s->seq)) || (rc = berth_json_set_str(staged, "thid", thid)) ||
	    (s->confirm_s && (rc = berth_json_set_int(staged, "confirmS", s->confirm_s))) ||
	    (s->by && (rc = berth_json_set_str(staged, "confirmBy", s->by))) ||
	    (rc = berth_json_set_int(inst->data, "itemSeq", s->seq)))
		return rc;
	berth_effects_audit(fx, "the owner has set %lld of items for us", (long long)s->seq);
	return go_on(env, inst, fx, true);
}

/* ---- provision-set ---- */
static bool same_items(const struct berth_json *a, const struct berth_json *b)
{
	berth_json_each(item, a) {
		const struct berth_json *is = gateway_items_find(b, berth_data_str(item, "id"));

		if (!is || !gateway_item_same(is, item))
			return false;
	}
	return berth_json_len(a) == berth_json_len(b);
}

/* The one that we have heard of: where it stands. */
static enum berth_err again(struct berth_env *env, struct berth_instance *inst, struct berth_effects *fx, const struct set *s)
{
	const struct berth_json *staged = berth_json_get(inst->data, "staged");

	if (!staged)
		return gateway_say_outcome(env, inst, fx, s->seq);
	if (!same_items(berth_json_get(staged, "items"), berth_json_get(s->announced, "items")))
		return berth_fail(BERTH_E_REPLAY, "another set of items under the number %lld", (long long)s->seq);
	return go_on(env, inst, fx, true);
}

/* One on trial is done with first; the owner, who hears of its end, says the next one again. */
static enum berth_err take(struct berth_env *env, struct berth_instance *inst, const struct berth_event *ev,
			   struct berth_effects *fx, const struct set *s)
{
	int64_t last = berth_data_int(inst->data, "itemSeq", 0);
	enum berth_err rc;

	if (s->seq < last)
		return berth_fail(BERTH_E_REPLAY, "set %lld of items after %lld", (long long)s->seq, (long long)last);
	if (s->seq == last)
		return again(env, inst, fx, s);
	if ((rc = gateway_trial_again(env, inst, fx)))
		return rc;
	if (!berth_json_get(inst->data, "trial"))
		return begin(env, inst, fx, s, ev->in->msg.thid);
	berth_effects_audit(fx, "set %lld of items has to wait: another one is on trial", (long long)s->seq);
	return BERTH_OK;
}

enum berth_err gateway_on_set(struct berth_env *env, struct berth_instance *inst,
			      const struct berth_event *ev, struct berth_effects *fx)
{
	struct set s = { .announced = berth_json_new_object() };
	enum berth_err rc;

	if (!(rc = gateway_from_owner_now(inst, ev))) {
		if (!(rc = read_set(&s, ev->in->msg.body)) &&
		    !(rc = gateway_check_delegation(env, inst, ev->in->msg.body, BERTH_SCOPE_CONFIGURE)))
			rc = take(env, inst, ev, fx, &s);
		if (rc && s.seq && berth_err_exit(rc) < 4)
			rc = gateway_refuse_set(env, inst, ev, fx, s.seq, rc);
	}
	berth_json_free(s.announced);
	return rc;
}

/* ---- provision-item ---- */
static const struct berth_json *expected(const struct berth_instance *inst, const struct gateway_item *it)
{
	const struct berth_json *item = gateway_items_find(berth_json_get(berth_json_get(inst->data, "staged"), "items"), it->id);

	return item && berth_json_says(berth_json_get(item, "sha256"), it->sha) && is_missing(inst, item) ? item : NULL;
}

/* As it was announced: what else the message says of it does not count. */
static enum berth_err keep(struct berth_env *env, struct berth_instance *inst, struct berth_effects *fx,
			   struct gateway_item *it, const struct berth_json *item)
{
	char ns[GATEWAY_ITEM_NS_LEN];
	enum berth_err rc;

	it->type = berth_data_str(item, "type");
	it->sensitivity = berth_data_str(item, "sensitivity");
	it->seq = berth_data_int(item, "seq", 0);
	gateway_item_ns(ns, NULL, item);
	if ((rc = gateway_item_seal(env, fx, ns, berth_data_int(inst->data, "epoch", 0), it)))
		return rc;
	return berth_json_set_str(berth_data_obj(berth_data_obj(inst->data, "staged"), "stored"), it->id, it->sha);
}

/* One that is whole and nothing for this device refuses the set: it is taken as it is meant,
 * or not at all. */
static enum berth_err settle(struct berth_env *env, struct berth_instance *inst, struct berth_effects *fx,
			     struct gateway_item *it, const struct berth_json *item)
{
	enum berth_err why = berth_item_check(env, berth_data_str(item, "type"), &it->bytes, NULL), rc;

	if (why && berth_err_exit(why) >= 4)	/* not now; it is asked for again */
		return why;
	if (why)
		return gateway_drop_set(env, inst, fx, it->id, why);
	if ((rc = keep(env, inst, fx, it, item)))
		return rc;
	return go_on(env, inst, fx, false);
}

enum berth_err gateway_on_set_item(struct berth_env *env, struct berth_instance *inst,
				   const struct berth_event *ev, struct berth_effects *fx)
{
	const struct berth_json *staged = berth_json_get(inst->data, "staged"), *item;
	struct gateway_item it = { .bytes = BERTH_BUF_INIT };
	enum berth_err rc;

	if ((rc = gateway_from_owner(inst, ev)) || (rc = gateway_item_read(&it, &ev->in->msg)))
		return rc;
	item = expected(inst, &it);
	if (!item || !berth_json_says(berth_json_get(staged, "thid"), ev->in->msg.thid))
		rc = berth_fail(BERTH_E_AUTHZ, "item %s was not announced, or is here", it.id);
	else if (!(rc = gateway_item_check(&it, &ev->in->msg)))
		rc = settle(env, inst, fx, &it, item);
	berth_buf_free(&it.bytes);
	return rc;
}
