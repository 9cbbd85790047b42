/* SPDX-License-Identifier: Apache-2.0 */
/* A set of items in use, for good or on trial: until the hooks of what is new in it have done
 * their work, and, where the owner wants that, until the device has shown in time that it can
 * still be reached.  Else the set before comes back by itself. */
#include <string.h>

#include "agent/protocol/gateway_item.h"
#include "agent/protocol/gateway_set.h"
#include "agent/protocol/item.h"

#define ACTIVE "active"
#define TRIAL "trial"
#define REFUSED "refused"
#define REVERTED "reverted"

static const struct berth_json *trial_of(const struct berth_instance *inst) { return berth_json_get(inst->data, "trial"); }

static const struct berth_json *in_use(const struct berth_instance *inst)
{
	return berth_json_get(berth_json_get(inst->data, "active"), "items");
}

/* Of a set: not what `before` has of that name. */
static bool is_new(const struct berth_json *before, const struct berth_json *item)
{
	const struct berth_json *is = gateway_items_find(before, berth_data_str(item, "id"));

	return !is || !gateway_item_same(is, item);
}

/* ---- outcomes ---- */
struct word { const char *status, *reason; };	/* reason may be NULL */

static enum berth_err push_item(struct berth_json *list, const struct berth_json *item, struct word w)
{
	struct berth_json *v = berth_json_new_object();
	enum berth_err rc;

	if (!(rc = berth_json_set_str(v, "id", berth_data_str(item, "id"))) &&
	    !(rc = berth_json_set_str(v, "sha256", berth_data_str(item, "sha256"))) &&
	    !(rc = berth_json_set_str(v, "status", w.status)) && (!w.reason || !(rc = berth_json_set_str(v, "reason", w.reason))))
		return berth_json_push(list, v);
	berth_json_free(v);
	return rc;
}

/* What is said of one item of a set that is in use, or was: what its hook said, else `otherwise`. */
static struct word word_of(const struct berth_instance *inst, const struct berth_json *item, const char *otherwise)
{
	const struct berth_json *r = berth_json_get(berth_json_get(trial_of(inst), "results"), berth_data_str(item, "id"));
	const char *refused = berth_data_str(item, "refused");

	if (refused)
		return (struct word){ REFUSED, refused };
	if (r && !(strcmp(otherwise, REVERTED) == 0 && berth_json_says(berth_json_get(r, "status"), "ok")))
		return (struct word){ berth_data_str(r, "status"), berth_data_str(r, "reason") };
	return (struct word){ otherwise, NULL };
}

/* {seq, thid, status, reason?, items}; list is taken over. */
static enum berth_err outcome(const struct berth_json *of, struct word w, struct berth_json *list, struct berth_json **out)
{
	struct berth_json *o = berth_json_new_object();
	enum berth_err rc;

	*out = NULL;
	if ((rc = berth_json_set_int(o, "seq", berth_data_int(of, "seq", 0))) ||
	    (rc = berth_json_set_str(o, "thid", berth_data_str(of, "thid"))) || (rc = berth_json_set_str(o, "status", w.status)) ||
	    (w.reason && (rc = berth_json_set_str(o, "reason", w.reason)))) {
		berth_json_free(list);
		berth_json_free(o);
		return rc;
	}
	if ((rc = berth_json_set(o, "items", list))) {
		berth_json_free(o);
		return rc;
	}
	*out = o;
	return BERTH_OK;
}

static enum berth_err say(struct berth_env *env, const struct berth_instance *inst, struct berth_effects *fx,
			  const struct berth_json *o)
{
	static const char *const members[] = { "seq", "status", "reason", "items" };
	const struct berth_identity *op = gateway_operational(env, inst);
	struct berth_json *body = berth_json_new_object();
	enum berth_err rc = op ? gateway_name_us(env, inst, body) : berth_fail(BERTH_E_INTERNAL, "a set without an identity");

	for (size_t i = 0; !rc && i < sizeof(members) / sizeof(members[0]); i++)
		if (berth_json_get(o, members[i]))
			rc = berth_json_set(body, members[i], berth_json_clone(berth_json_get(o, members[i])));
	if (rc) {
		berth_json_free(body);
		return rc;
	}
	return gateway_say(env, inst, fx, op, "set-result", berth_data_str(o, "thid"), body);
}

/* It is remembered, for an owner that asks again. */
static enum berth_err conclude(struct berth_env *env, struct berth_instance *inst, struct berth_effects *fx,
			       const struct berth_json *of, struct word w, struct berth_json *list)
{
	struct berth_json *o;
	enum berth_err rc = outcome(of, w, list, &o);

	if (rc || (rc = berth_json_set(inst->data, "outcome", o)))
		return rc;
	return say(env, inst, fx, berth_json_get(inst->data, "outcome"));
}

/* All items of the set in use; of one that is gone back from only what was new. */
static enum berth_err list_all(const struct berth_instance *inst, const char *otherwise, struct berth_json **out)
{
	bool reverted = strcmp(otherwise, REVERTED) == 0;
	struct berth_json *list = berth_json_new_array();
	enum berth_err rc = list ? BERTH_OK : berth_no_memory();

	berth_json_each(item, in_use(inst))
		if (!rc && (!reverted || is_new(berth_json_get(trial_of(inst), "items"), item)))
			rc = push_item(list, item, word_of(inst, item, otherwise));
	return berth_json_give(out, list, rc);
}

static enum berth_err say_trial(struct berth_env *env, const struct berth_instance *inst, struct berth_effects *fx)
{
	struct berth_json *list, *o;
	enum berth_err rc = list_all(inst, ACTIVE, &list);

	if (rc || (rc = outcome(trial_of(inst), (struct word){ TRIAL, NULL }, list, &o)))
		return rc;
	rc = say(env, inst, fx, o);
	berth_json_free(o);
	return rc;
}

static bool waits_for_hooks(const struct berth_instance *inst)
{
	return berth_json_len(berth_json_get(trial_of(inst), "wait")) > 0;
}

/* ---- sets that never came into use ---- */
enum berth_err gateway_refuse_set(struct berth_env *env, const struct berth_instance *inst, const struct berth_event *ev,
				  struct berth_effects *fx, int64_t seq, enum berth_err why)
{
	struct berth_json *of = berth_json_new_object(), *o = NULL;
	enum berth_err rc;

	berth_effects_audit(fx, "%s refused: %s: %s", ev->on, berth_err_name(why), berth_err_detail());
	if (!(rc = berth_json_set_int(of, "seq", seq)) && !(rc = berth_json_set_str(of, "thid", ev->in->msg.thid)) &&
	    !(rc = outcome(of, (struct word){ REFUSED, berth_err_name(why) }, berth_json_new_array(), &o)))
		rc = say(env, inst, fx, o);
	berth_json_free(of);
	berth_json_free(o);
	return rc;
}

enum berth_err gateway_drop_set(struct berth_env *env, struct berth_instance *inst, struct berth_effects *fx,
				const char *id, enum berth_err why)
{
	struct berth_json *staged = berth_json_clone(berth_json_get(inst->data, "staged")), *list = berth_json_new_array();
	enum berth_err rc = gateway_drop_staged(inst, fx);

	berth_effects_audit(fx, "set %lld of items refused: item %s: %s: %s", (long long)berth_data_int(staged, "seq", 0), id,
			    berth_err_name(why), berth_err_detail());
	berth_json_each(item, berth_json_get(staged, "items"))
		if (!rc && is_new(in_use(inst), item))
			rc = push_item(list, item, berth_json_says(berth_json_get(item, "id"), id)
						   ? (struct word){ REFUSED, berth_err_name(why) } : (struct word){ "held", NULL });
	if (!rc)
		rc = conclude(env, inst, fx, staged, (struct word){ REFUSED, berth_err_name(why) }, list);
	else
		berth_json_free(list);
	berth_json_free(staged);
	return rc;
}

/* ---- into use ---- */
static bool hooked(const struct berth_env *env, const struct berth_json *item)
{
	const struct berth_policy *p = env->policy;

	return p->hooked && p->hooked(p->hooked_by, berth_data_str(item, "type"), berth_data_str(item, "id"));
}

static enum berth_err wait_for_hooks(const struct berth_env *env, const struct berth_instance *inst, struct berth_json *wait)
{
	enum berth_err rc = BERTH_OK;

	berth_json_each(item, in_use(inst))
		if (!rc && !berth_json_get(item, "refused") && hooked(env, item) &&
		    is_new(berth_json_get(trial_of(inst), "items"), item))
			rc = berth_json_set_str(wait, berth_data_str(item, "id"), berth_data_str(item, "sha256"));
	return rc;
}

/* active.items and trial.items change places with staged.items and nothing. */
static enum berth_err swap(struct berth_instance *inst)
{
	struct berth_json *before = berth_json_clone(in_use(inst));
	struct berth_json *after = berth_json_clone(berth_json_get(berth_json_get(inst->data, "staged"), "items"));
	enum berth_err rc = berth_json_set(berth_data_obj(inst->data, "trial"), "items", before);

	return berth_json_set_made(berth_data_obj(inst->data, "active"), "items", after, rc);
}

static enum berth_err note_trial(const struct berth_env *env, struct berth_instance *inst, struct berth_effects *fx)
{
	const struct berth_json *staged = berth_json_get(inst->data, "staged");
	struct berth_json *trial = berth_data_obj(inst->data, "trial");
	int64_t confirm_s = berth_data_int(staged, "confirmS", 0);
	const char *by = berth_data_str(staged, "confirmBy");
	enum berth_err rc;

	if ((rc = berth_json_set_int(trial, "seq", berth_data_int(staged, "seq", 0))) ||
	    (rc = berth_json_set_str(trial, "thid", berth_data_str(staged, "thid"))) ||
	    (by && (rc = berth_json_set_str(trial, "by", by))) ||
	    (rc = wait_for_hooks(env, inst, berth_data_obj(trial, "wait"))) || !confirm_s)
		return rc;
	fx->due_ms = (uint64_t)confirm_s * 1000;
	return berth_json_set_int(trial, "untilS", env->uptime_s + confirm_s);
}

/* The items before have gone for good; and what hooks have made of those that are no more. */
static enum berth_err drop_before(struct berth_instance *inst, struct berth_effects *fx)
{
	enum berth_err rc = BERTH_OK;

	berth_json_each(item, berth_json_get(trial_of(inst), "items")) {
		if (rc || !is_new(in_use(inst), item))
			continue;
		rc = gateway_item_remove(fx, berth_json_get(inst->data, "active"), item);
		if (!rc && !gateway_items_find(in_use(inst), berth_data_str(item, "id")))
			rc = berth_effects_remove(fx, BERTH_NS_HOOK, berth_data_str(item, "id"));
	}
	return rc;
}

static enum berth_err confirm(struct berth_env *env, struct berth_instance *inst, struct berth_effects *fx)
{
	struct berth_json *list;
	enum berth_err rc;

	if ((rc = drop_before(inst, fx)) || (rc = list_all(inst, ACTIVE, &list)) ||
	    (rc = conclude(env, inst, fx, trial_of(inst), (struct word){ ACTIVE, NULL }, list)))
		return rc;
	berth_effects_audit(fx, "set %lld of items is active", (long long)berth_data_int(trial_of(inst), "seq", 0));
	berth_json_remove(inst->data, "trial");
	return BERTH_OK;
}

/* Whatever there is to wait for. */
static enum berth_err look(struct berth_env *env, struct berth_instance *inst, struct berth_effects *fx)
{
	const struct berth_json *trial = trial_of(inst);

	if (waits_for_hooks(inst))
		return BERTH_OK;
	if (!berth_json_get(trial, "untilS") || berth_json_get(trial, "acked"))
		return confirm(env, inst, fx);
	berth_effects_audit(fx, "set %lld of items is on trial", (long long)berth_data_int(trial, "seq", 0));
	return say_trial(env, inst, fx);
}

/* The first that no hook takes, as the configuration is by now; NULL: none. */
static const char *unhooked(const struct berth_env *env, const struct berth_instance *inst)
{
	berth_json_each(v, berth_json_get(trial_of(inst), "wait")) {
		const struct berth_json *item = gateway_items_find(in_use(inst), berth_json_key(v));

		if (!item || !hooked(env, item))
			return berth_json_key(v);
	}
	return NULL;
}

/* The owner asks, or goes on: what nobody works at is not waited for. */
enum berth_err gateway_trial_again(struct berth_env *env, struct berth_instance *inst, struct berth_effects *fx)
{
	const char *id;

	while ((id = unhooked(env, inst)))
		berth_json_remove(berth_data_obj(berth_data_obj(inst->data, "trial"), "wait"), id);
	return trial_of(inst) ? look(env, inst, fx) : BERTH_OK;
}

enum berth_err gateway_say_outcome(struct berth_env *env, struct berth_instance *inst, struct berth_effects *fx,
				   int64_t seq)
{
	const struct berth_json *o = berth_json_get(inst->data, "outcome");

	if (trial_of(inst))
		return gateway_trial_again(env, inst, fx);
	return berth_data_int(o, "seq", 0) == seq ? say(env, inst, fx, o) : BERTH_OK;
}

enum berth_err gateway_activate(struct berth_env *env, struct berth_instance *inst, struct berth_effects *fx)
{
	enum berth_err rc;

	if ((rc = swap(inst)) || (rc = note_trial(env, inst, fx)))
		return rc;
	berth_json_remove(inst->data, "staged");
	fx->may_step_generation = true;
	return look(env, inst, fx);
}

/* ---- and back ---- */
/* Hooks make of the old items what they were: what they did of the new ones is forgotten. */
static enum berth_err drop_new(struct berth_instance *inst, struct berth_effects *fx)
{
	enum berth_err rc = BERTH_OK;

	berth_json_each(item, in_use(inst))
		if (!rc && is_new(berth_json_get(trial_of(inst), "items"), item) &&
		    !(rc = gateway_item_remove(fx, berth_json_get(inst->data, "active"), item)))
			rc = berth_effects_remove(fx, BERTH_NS_HOOK, berth_data_str(item, "id"));
	return rc;
}

static enum berth_err revert(struct berth_env *env, struct berth_instance *inst, struct berth_effects *fx, const char *why)
{
	struct berth_json *list, *items;
	enum berth_err rc;

	if ((rc = drop_new(inst, fx)) || (rc = list_all(inst, REVERTED, &list)) ||
	    (rc = conclude(env, inst, fx, trial_of(inst), (struct word){ REVERTED, why }, list)))
		return rc;
	berth_effects_audit(fx, "set %lld of items: %s: back to the one before", (long long)berth_data_int(trial_of(inst), "seq", 0), why);
	items = berth_json_clone(berth_json_get(trial_of(inst), "items"));
	berth_json_remove(inst->data, "trial");
	fx->may_step_generation = true;
	return berth_json_set(berth_data_obj(inst->data, "active"), "items", items);
}

/* ---- what it waits for ---- */
bool gateway_trial_waits(const struct berth_instance *inst, const char *id, const char *sha256)
{
	return berth_json_says(berth_json_get(berth_json_get(trial_of(inst), "wait"), id), sha256);
}

enum berth_err gateway_trial_result(struct berth_env *env, struct berth_instance *inst, struct berth_effects *fx,
				    const char *id, const char *status, const char *reason)
{
	struct berth_json *trial = berth_data_obj(inst->data, "trial"), *r = berth_json_new_object();
	enum berth_err rc;

	if ((rc = berth_json_set_str(r, "status", status)) || (reason && (rc = berth_json_set_str(r, "reason", reason)))) {
		berth_json_free(r);
		return rc;
	}
	if ((rc = berth_json_set(berth_data_obj(trial, "results"), id, r)))
		return rc;
	if (strcmp(status, "ok") != 0)
		return revert(env, inst, fx, status);
	berth_json_remove(berth_data_obj(trial, "wait"), id);
	return look(env, inst, fx);
}

enum berth_err gateway_trial_due(struct berth_env *env, struct berth_instance *inst, struct berth_effects *fx)
{
	int64_t left = berth_data_int(trial_of(inst), "untilS", INT64_MAX) - env->uptime_s;

	if (!trial_of(inst) || !berth_json_get(trial_of(inst), "untilS"))
		return berth_fail(BERTH_E_NOMATCH, "nothing is on trial");
	if (left <= 0)
		return revert(env, inst, fx, "not-confirmed");
	fx->due_ms = (uint64_t)left * 1000;
	return berth_fail(BERTH_E_NOMATCH, "not yet");
}

/* The owner has it from us, so we can reach it: with the new set in use, for we said so after
 * the hooks.  Of one that an application has to confirm that is nothing. */
enum berth_err gateway_on_set_noted(struct berth_env *env, struct berth_instance *inst,
				    const struct berth_event *ev, struct berth_effects *fx)
{
	const struct berth_json *trial = trial_of(inst);
	int64_t seq;
	enum berth_err rc;

	if ((rc = gateway_from_owner_now(inst, ev)) || (rc = berth_json_req_int(ev->in->msg.body, "seq", 1, INT64_MAX, &seq)))
		return rc;
	if (!trial || seq != berth_data_int(trial, "seq", 0) || waits_for_hooks(inst) || berth_json_get(trial, "by"))
		return BERTH_OK;
	return confirm(env, inst, fx);
}

/* args: {"principal"}: that application has seen all that there is. */
enum berth_err gateway_acked(struct berth_env *env, struct berth_instance *inst,
			     const struct berth_event *ev, struct berth_effects *fx)
{
	const char *principal;
	enum berth_err rc = berth_json_req_str(ev->args, "principal", BERTH_CONFIRM_BY_MAX, &principal);

	if (rc)
		return rc;
	if (!berth_json_says(berth_json_get(trial_of(inst), "by"), principal))
		return berth_fail(BERTH_E_NOMATCH, "nothing waits for %s", principal);
	if ((rc = berth_json_set_bool(berth_data_obj(inst->data, "trial"), "acked", true)))
		return rc;
	return waits_for_hooks(inst) ? BERTH_OK : look(env, inst, fx);
}
