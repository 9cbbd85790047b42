/* SPDX-License-Identifier: Apache-2.0 */
/* M10 after the run, on the owner's side: a device that is in use is told when what is provided
 * for it has changed, gets what of that it asks for, and says what became of it.  Of data:
 *
 *	provision {changed?, status, seq, thid, items [], confirmS?, confirmBy?, tries, dueS, gaveS?}
 *			under way; status: waiting, sent, trial
 *	set {seq, status, reason?, items [], atS, results {id: {status, reason?}}}	the last one
 *			that the device has dealt with; results: of what was new in it, or of all */
#include <string.h>

#include "agent/protocol/item.h"
#include "agent/protocol/owner_items.h"
#include "did/base/rand.h"
#include "did/url.h"

#define AGAIN_S 60
#define DOUBLED_MAX 10		/* so often; then it is 17 hours */
#define GIVE_AGAIN_S 30		/* the items of a set go to their device so often at most */

static const struct berth_json *under_way(const struct berth_instance *inst) { return berth_json_get(inst->data, "provision"); }

/* ---- something has changed ---- */
/* It has its items, or they are on their way; one that is let go may stay after all. */
static bool has_items(const struct berth_instance *inst)
{
	return inst->state == OW_ISSUED || inst->state == OW_COMMITTED || inst->state == OW_ACTIVE ||
	       inst->state == OW_RENEW_PENDING || inst->state == OW_SUSPENDED || inst->state == OW_TRANSFERRING ||
	       inst->state == OW_RETIRING;
}

static bool is_in_use(const struct berth_instance *inst)
{
	return inst->state == OW_ACTIVE || inst->state == OW_RENEW_PENDING;
}

static enum berth_err set_confirmation(struct berth_json *provision, const struct berth_json *args)
{
	int64_t confirm_s = 0;
	const char *by = NULL;
	enum berth_err rc;

	if ((rc = berth_json_opt_int(args, "confirmWithin", BERTH_CONFIRM_MIN_S, BERTH_CONFIRM_MAX_S, &confirm_s)) ||
	    (rc = berth_json_opt_str(args, "confirmBy", BERTH_CONFIRM_BY_MAX, &by)) ||
	    (confirm_s && (rc = berth_json_set_int(provision, "confirmS", confirm_s))))
		return rc;
	if (by && !berth_json_get(provision, "confirmS"))
		return berth_fail(BERTH_E_TYPE, "confirmBy without confirmWithin");
	return by ? berth_json_set_str(provision, "confirmBy", by) : BERTH_OK;
}

/* What changes within a moment goes together. */
enum berth_err owner_note_change(struct berth_env *env, struct berth_instance *inst, struct berth_effects *fx,
				 const struct berth_json *args)
{
	int64_t after_ms = berth_data_int(args, "afterMs", OWNER_LOOK_MS);
	struct berth_json *provision;
	enum berth_err rc;

	if (!has_items(inst))
		return BERTH_OK;
	if ((rc = owner_check_scope(env, inst, BERTH_SCOPE_CONFIGURE)))
		return rc;
	provision = berth_data_obj(inst->data, "provision");
	if ((rc = set_confirmation(provision, args)) || (rc = berth_json_set_bool(provision, "changed", true)) ||
	    (rc = berth_json_set_int(provision, "tries", 0)) ||
	    (rc = berth_json_set_int(provision, "dueS", env->uptime_s + (after_ms + 999) / 1000)))
		return rc;
	if (!berth_json_get(provision, "status") && (rc = berth_json_set_str(provision, "status", "waiting")))
		return rc;
	if (is_in_use(inst))
		fx->timer_ms = (uint64_t)after_ms;
	return BERTH_OK;
}

enum berth_err owner_note_issued(struct berth_instance *inst)
{
	struct berth_json *set = berth_json_new_object();
	struct berth_json *items = berth_json_clone(berth_json_get(berth_json_get(inst->data, "issued"), "items"));
	enum berth_err rc;

	if ((rc = berth_json_set(set, "items", items)) || (rc = berth_json_set_int(set, "seq", 0)) ||
	    (rc = berth_json_set_str(set, "status", "active"))) {
		berth_json_free(set);
		return rc;
	}
	return berth_json_set(inst->data, "set", set);
}

/* The device has dealt with it: nothing more is said of it, unless something has changed. */
static enum berth_err conclude(struct berth_env *env, struct berth_instance *inst, const char *status, const char *reason,
			       const struct berth_json *results)
{
	struct berth_json *set = berth_json_new_object(), *provision = berth_data_obj(inst->data, "provision");
	struct berth_json *items = berth_json_clone(berth_json_get(provision, "items"));
	enum berth_err rc;

	if ((rc = berth_json_set(set, "items", items)) ||
	    (rc = berth_json_set_int(set, "seq", berth_data_int(provision, "seq", 0))) ||
	    (rc = berth_json_set_str(set, "status", status)) || (reason && (rc = berth_json_set_str(set, "reason", reason))) ||
	    (rc = berth_json_set_int(set, "atS", env->now_s < 0 ? 0 : env->now_s)) ||
	    (results && (rc = berth_json_set(set, "results", berth_json_clone(results))))) {
		berth_json_free(set);
		return rc;
	}
	if (!berth_json_get(provision, "changed"))
		berth_json_remove(inst->data, "provision");
	return berth_json_set(inst->data, "set", set);
}

/* ---- provision-set ---- */
/* At least the time, so that an owner that was restored does not fall behind. */
static int64_t next_seq(const struct berth_env *env, const struct berth_instance *inst)
{
	int64_t last = berth_data_int(inst->data, "itemSeq", 0);

	return env->now_s > last ? env->now_s : last + 1;
}

static bool is_active_there(const struct berth_instance *inst, const struct berth_json *list)
{
	const struct berth_json *set = berth_json_get(inst->data, "set");

	return berth_json_says(berth_json_get(set, "status"), "active") && berth_json_equal(berth_json_get(set, "items"), list);
}

/* One is under way, of which the device may make any use yet. */
static bool is_said(const struct berth_instance *inst)
{
	return berth_data_int(under_way(inst), "seq", 0) > berth_data_int(berth_json_get(inst->data, "set"), "seq", 0);
}

static enum berth_err number(struct berth_env *env, struct berth_instance *inst, struct berth_json *provision)
{
	int64_t seq = next_seq(env, inst);
	uint8_t thid[16];
	enum berth_err rc;

	berth_json_remove(provision, "gaveS");
	berth_random(thid, sizeof(thid));
	if ((rc = berth_json_set_b64url(provision, "thid", thid, sizeof(thid))) ||
	    (rc = berth_json_set_int(provision, "seq", seq)))
		return rc;
	return berth_json_set_int(inst->data, "itemSeq", seq);
}

static enum berth_err drop_said(const struct berth_instance *inst, struct berth_effects *fx)
{
	const char *thid = berth_data_str(under_way(inst), "thid");
	struct berth_buf peer = BERTH_BUF_INIT;
	enum berth_err rc = thid ? berth_did_short(&peer, berth_data_str(inst->data, "operationalDid")) : BERTH_OK;

	if (thid && !rc)
		rc = berth_effects_drop(fx, berth_buf_cstr(&peer), thid);
	berth_buf_free(&peer);
	return rc;
}

/* A set of the items as they are now, under the next number.  *same: the device has that, and
 * has heard of no other. */
static enum berth_err make_set(struct berth_env *env, struct berth_instance *inst, struct berth_effects *fx, bool *same)
{
	struct berth_json *provision, *list = berth_json_new_array();
	enum berth_err rc = owner_items_announce(env, inst, list);

	if (!rc)
		rc = drop_said(inst, fx);
	if (rc || (*same = !is_said(inst) && is_active_there(inst, list))) {
		berth_json_free(list);
		return rc;
	}
	provision = berth_data_obj(inst->data, "provision");
	berth_json_remove(provision, "changed");
	berth_json_remove(provision, "status");		/* of the one before */
	if ((rc = berth_json_set(provision, "items", list)))
		return rc;
	return number(env, inst, provision);
}

static enum berth_err set_body(struct berth_env *env, const struct berth_instance *inst, struct berth_json *body)
{
	const struct berth_json *p = under_way(inst);
	int64_t confirm_s = berth_data_int(p, "confirmS", 0);
	const char *by = berth_data_str(p, "confirmBy");
	enum berth_err rc;

	if ((rc = berth_json_set_int(body, "epoch", berth_data_int(inst->data, "epoch", 0))) ||
	    (rc = berth_json_set_int(body, "seq", berth_data_int(p, "seq", 0))) ||
	    (rc = berth_json_set(body, "items", berth_json_clone(berth_json_get(p, "items")))) ||
	    (confirm_s && (rc = berth_json_set_int(body, "confirmWithin", confirm_s))) ||
	    (by && (rc = berth_json_set_str(body, "confirmBy", by))))
		return rc;
	return owner_set_delegation(env, inst, body);
}

static enum berth_err say_set(struct berth_env *env, const struct berth_instance *inst, struct berth_effects *fx)
{
	struct berth_json *body = berth_json_new_object();
	enum berth_err rc = set_body(env, inst, body);

	if (rc) {
		berth_json_free(body);
		return rc;
	}
	return berth_effects_send(env, fx, owner_us(env, inst), berth_data_str(inst->data, "operationalDid"), NULL,
				  BERTH_PIURI_ONBOARDING "provision-set", berth_data_str(under_way(inst), "thid"), body, NULL);
}

static enum berth_err note_said(struct berth_env *env, struct berth_instance *inst)
{
	struct berth_json *provision = berth_data_obj(inst->data, "provision");
	int64_t tries = berth_data_int(provision, "tries", 0);
	enum berth_err rc = berth_json_set_int(provision, "tries", tries < DOUBLED_MAX ? tries + 1 : tries);

	if (!rc && !berth_json_says(berth_json_get(provision, "status"), "trial"))
		rc = berth_json_set_str(provision, "status", "sent");
	return rc ? rc : berth_json_set_int(provision, "dueS", env->uptime_s + ((int64_t)AGAIN_S << tries));
}

/* Of items for it, for its model and for all there are too many together. */
static enum berth_err too_many(struct berth_env *env, struct berth_instance *inst, struct berth_effects *fx)
{
	struct berth_json *provision = berth_data_obj(inst->data, "provision"), *none = berth_json_new_array();
	enum berth_err rc;

	berth_effects_audit(fx, "device %s: %s", berth_data_str(inst->data, "serial"), berth_err_detail());
	berth_json_remove(provision, "changed");
	if ((rc = berth_json_set(provision, "items", none)))
		return rc;
	return conclude(env, inst, "refused", berth_err_name(BERTH_E_QUOTA), NULL);
}

/* For ever, ever more seldom, to a device that is in use. */
enum berth_err owner_provision_again(struct berth_env *env, struct berth_instance *inst,
				     const struct berth_event *ev, struct berth_effects *fx)
{
	bool changed = berth_json_get(under_way(inst), "changed") != NULL, same = false;
	enum berth_err rc;

	(void)ev;
	if (!under_way(inst) || !is_in_use(inst))
		return berth_fail(BERTH_E_NOMATCH, "nothing to provide");
	if ((rc = owner_is_due(env, fx, under_way(inst))))
		return rc;
	rc = changed ? make_set(env, inst, fx, &same) : drop_said(inst, fx);
	if (rc == BERTH_E_QUOTA)
		return too_many(env, inst, fx);
	if (same)
		berth_json_remove(inst->data, "provision");
	return rc || same || (rc = note_said(env, inst)) ? rc : say_set(env, inst, fx);
}

/* ---- set-wanted ---- */
struct sending {
	struct berth_env *env;
	struct berth_instance *inst;
	struct berth_effects *fx;
	const struct berth_json *ids;
};

/* As it was announced: what has changed since then comes with the next set. */
static bool is_announced(const struct berth_instance *inst, const struct berth_json *announced)
{
	berth_json_each(item, berth_json_get(under_way(inst), "items"))
		if (berth_json_equal(item, announced))
			return true;
	return false;
}

static enum berth_err send_one(void *arg, const struct berth_json *announced, const struct berth_buf *bytes)
{
	const struct sending *s = arg;
	size_t at = s->fx->n_sends;
	enum berth_err rc;

	if (!berth_json_says(s->ids, berth_data_str(announced, "id")) || !is_announced(s->inst, announced))
		return BERTH_OK;
	rc = berth_effects_send(s->env, s->fx, owner_us(s->env, s->inst), berth_data_str(s->inst->data, "operationalDid"), NULL,
				BERTH_PIURI_ONBOARDING "provision-item", berth_data_str(under_way(s->inst), "thid"),
				berth_json_clone(announced), NULL);
	return rc ? rc : owner_item_attach(&s->fx->sends[at], bytes);
}

static enum berth_err read_seq(const struct berth_instance *inst, const struct berth_event *ev, int64_t *seq)
{
	enum berth_err rc = owner_check_device(inst, ev);

	return rc ? rc : berth_json_req_int(ev->in->msg.body, "seq", 1, INT64_MAX, seq);
}

/* A moment ago: they are on their way, and a question costs its device much less than the answer us. */
static bool were_given(const struct berth_env *env, const struct berth_json *provision)
{
	return berth_json_get(provision, "gaveS") && env->uptime_s - berth_data_int(provision, "gaveS", 0) < GIVE_AGAIN_S;
}

enum berth_err owner_on_set_wanted(struct berth_env *env, struct berth_instance *inst,
				   const struct berth_event *ev, struct berth_effects *fx)
{
	struct sending s = { .env = env, .inst = inst, .fx = fx };
	int64_t seq;
	enum berth_err rc;

	if ((rc = read_seq(inst, ev, &seq)) || (rc = berth_json_req_arr(ev->in->msg.body, "items", BERTH_ITEMS_MAX, &s.ids)))
		return rc;
	if (!under_way(inst) || seq != berth_data_int(under_way(inst), "seq", 0))
		return berth_fail(BERTH_E_REPLAY, "items of an earlier set");
	if (were_given(env, under_way(inst)))
		return BERTH_OK;
	if ((rc = drop_said(inst, fx)) || (rc = berth_json_set_int(berth_data_obj(inst->data, "provision"), "gaveS", env->uptime_s)))
		return rc;
	return owner_items_each(env, inst, send_one, &s);
}

/* ---- set-result ---- */
static enum berth_err note_item(struct berth_instance *inst, const struct berth_json *item, struct berth_json *of_set, struct berth_buf *line)
{
	const char *id, *status, *reason = "";
	struct berth_json *results = berth_data_obj(inst->data, "results"), *v;
	enum berth_err rc;

	if ((rc = berth_json_req_str(item, "id", 63, &id)) || (rc = berth_json_req_str(item, "status", 15, &status)) ||
	    (rc = berth_json_opt_str(item, "reason", 64, &reason)))
		return rc;
	v = berth_data_obj(of_set, id);
	if ((rc = berth_json_set_str(v, "status", status)) || (*reason && (rc = berth_json_set_str(v, "reason", reason))))
		return rc;
	berth_buf_printf(line, ", item %s %s %s", id, status, reason);
	return berth_json_len(results) < 2 * BERTH_ITEMS_MAX ? berth_json_set_str(results, id, status) : BERTH_OK;
}

/* Of all of a set that is active, and of what was new in any other. */
static enum berth_err note_items(struct berth_instance *inst, const struct berth_json *items, const char *status,
				 struct berth_json *of_set, struct berth_buf *line)
{
	enum berth_err rc = BERTH_OK;

	if (strcmp(status, "active") == 0)
		berth_json_remove(inst->data, "results");
	berth_json_each(item, items)
		if (!rc)
			rc = note_item(inst, item, of_set, line);
	return rc ? rc : berth_buf_status(line);
}

static enum berth_err say_noted(struct berth_env *env, const struct berth_instance *inst, const struct berth_event *ev,
				struct berth_effects *fx, int64_t seq)
{
	struct berth_json *body = berth_json_new_object();
	enum berth_err rc;

	if ((rc = berth_json_set_int(body, "epoch", berth_data_int(inst->data, "epoch", 0))) ||
	    (rc = berth_json_set_int(body, "seq", seq))) {
		berth_json_free(body);
		return rc;
	}
	return berth_effects_send(env, fx, owner_us(env, inst), ev->sender, NULL, BERTH_PIURI_ONBOARDING "set-noted",
				  ev->in->msg.thid, body, NULL);
}

static enum berth_err note_result(struct berth_env *env, struct berth_instance *inst, const struct berth_event *ev,
				  struct berth_effects *fx, int64_t seq)
{
	const char *status, *reason = NULL;
	const struct berth_json *items;
	struct berth_json *of_set = berth_json_new_object();
	struct berth_buf line = BERTH_BUF_INIT;
	enum berth_err rc;

	if ((rc = berth_json_req_str(ev->in->msg.body, "status", 15, &status)) ||
	    (rc = berth_json_opt_str(ev->in->msg.body, "reason", 64, &reason)) ||
	    (rc = berth_json_req_arr(ev->in->msg.body, "items", 2 * BERTH_ITEMS_MAX, &items)) ||
	    (rc = note_items(inst, items, status, of_set, &line)))
		goto out;
	berth_effects_audit(fx, "device %s: set %lld of items %s%s%s%s", berth_data_str(inst->data, "serial"), (long long)seq, status,
			    reason ? " " : "", reason ? reason : "", line.len ? berth_buf_cstr(&line) : "");
	rc = strcmp(status, "trial") == 0 ? berth_json_set_str(berth_data_obj(inst->data, "provision"), "status", status)
					  : conclude(env, inst, status, reason, of_set);
out:
	berth_json_free(of_set);
	berth_buf_free(&line);
	return rc;
}

enum berth_err owner_on_set_result(struct berth_env *env, struct berth_instance *inst,
				   const struct berth_event *ev, struct berth_effects *fx)
{
	int64_t seq;
	enum berth_err rc;

	if ((rc = read_seq(inst, ev, &seq)) || (rc = drop_said(inst, fx)))
		return rc;
	if (under_way(inst) && seq == berth_data_int(under_way(inst), "seq", 0))
		rc = note_result(env, inst, ev, fx, seq);
	if (rc)
		return rc;
	/* the next one has waited for that */
	if (under_way(inst) && !berth_json_says(berth_json_get(under_way(inst), "status"), "trial"))
		rc = berth_json_set_int(berth_data_obj(inst->data, "provision"), "dueS", env->uptime_s);
	if (is_in_use(inst))
		fx->timer_ms = OWNER_LOOK_MS;
	return rc ? rc : say_noted(env, inst, ev, fx, seq);
}
