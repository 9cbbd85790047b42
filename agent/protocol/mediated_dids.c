/* SPDX-License-Identifier: Apache-2.0 */
/* coordinate-mediation, the client: which of our DIDs its mediator should know, and what
 * it says to that. */
#include <string.h>

#include "agent/protocol/mediate.h"
#include "agent/protocol/mediated.h"
#include "did/url.h"

static bool is_in(const struct berth_json *list, const char *did)
{
	berth_json_each(d, list)
		if (berth_did_same(berth_json_str(d), did))
			return true;
	return false;
}

static enum berth_err push_update(struct berth_json *list, const char *did, const char *action)
{
	struct berth_json *o = berth_json_new_object();
	enum berth_err rc;

	if ((rc = berth_json_set_str(o, "recipient_did", did)) || (rc = berth_json_set_str(o, "action", action))) {
		berth_json_free(o);
		return rc;
	}
	return berth_json_push(list, o);
}

/* In both forms: senders say the one they know, and not every mediator knows that the
 * two are one. */
static enum berth_err push_both(struct berth_json *list, const struct berth_identity *id, const char *action)
{
	enum berth_err rc = push_update(list, id->did_long, action);

	return rc || strcmp(id->did, id->did_long) == 0 ? rc : push_update(list, id->did, action);
}

static bool full(const struct berth_json *list) { return berth_json_len(list) + 2 > BERTH_MEDIATE_UPDATES_MAX; }

static enum berth_err add_new(struct berth_env *env, const struct berth_json *data, struct berth_json *list)
{
	const struct berth_identity *id;
	enum berth_err rc = BERTH_OK;

	for (size_t i = 0; !rc && !full(list) && (id = env->identity_at(env, i)); i++)
		if (id->via && !is_in(berth_json_get(data, "registered"), id->did) && !is_in(berth_json_get(data, "refused"), id->did))
			rc = push_both(list, id, "add");
	return rc;
}

static enum berth_err remove_old(struct berth_env *env, const struct berth_json *data, struct berth_json *list)
{
	enum berth_err rc = BERTH_OK;

	berth_json_each(d, berth_json_get(data, "registered"))
		if (!rc && !full(list) && !env->identity_of(env, berth_json_str(d)))
			rc = push_update(list, berth_json_str(d), "remove");
	return rc;
}

enum berth_err berth_mediated_update(struct berth_env *env, struct berth_instance *inst, struct berth_effects *fx)
{
	struct berth_json *body = berth_json_new_object(), *list = berth_json_new_array();
	enum berth_err rc;

	if (!(rc = add_new(env, inst->data, list)) && !(rc = remove_old(env, inst->data, list)) && berth_json_len(list) == 0)
		rc = berth_fail(BERTH_E_NOMATCH, "all DIDs are registered");
	if (!rc) {
		rc = berth_json_set(body, "updates", list);
		list = NULL;
	}
	berth_json_free(list);
	if (rc) {
		berth_json_free(body);
		return rc;
	}
	return berth_mediated_ask(env, fx, BERTH_PIURI_MEDIATE "recipient-update", body);
}

void berth_mediated_forget(struct berth_env *env, struct berth_instance *inst)
{
	struct berth_json *list = berth_json_get_mut(inst->data, "registered"), *d = berth_json_first_mut(list), *next;

	for (; d; d = next) {
		next = berth_json_next_mut(d);
		if (env->identity_of(env, berth_json_str(d)))
			berth_json_drop(list, d);
	}
	berth_json_remove(inst->data, "refused");
}

static struct berth_json *list_in(struct berth_json *data, const char *name)
{
	if (!berth_json_get(data, name) && berth_json_set(data, name, berth_json_new_array()))
		return NULL;
	return berth_json_get_mut(data, name);
}

static enum berth_err note(struct berth_json *data, const char *name, const char *did, bool there)
{
	struct berth_buf shorter = BERTH_BUF_INIT;
	struct berth_json *list = list_in(data, name), *d = berth_json_first_mut(list);
	enum berth_err rc = list ? berth_did_short(&shorter, did) : berth_no_memory();

	while (d && !berth_did_same(berth_json_str(d), did))
		d = berth_json_next_mut(d);
	if (!rc && there && !d)
		rc = berth_json_push_str(list, berth_buf_cstr(&shorter));
	else if (!rc && !there && d)
		berth_json_drop(list, d);
	berth_buf_free(&shorter);
	return rc;
}

/* What we did not ask for changes nothing; one form of a DID that was taken is enough. */
static enum berth_err one_result(struct berth_env *env, struct berth_instance *inst, const struct berth_json *u,
				 struct berth_effects *fx)
{
	const char *did, *action, *result;
	enum berth_err rc;
	bool good;

	if ((rc = berth_json_req_str(u, "recipient_did", BERTH_DID_URL_MAX, &did)) ||
	    (rc = berth_json_req_str(u, "action", 16, &action)) || (rc = berth_json_req_str(u, "result", 32, &result)))
		return rc;
	good = strcmp(result, "success") == 0 || strcmp(result, "no_change") == 0;
	if (strcmp(action, "remove") == 0)
		return note(inst->data, "registered", did, false);
	if (!env->identity_of(env, did) || is_in(berth_json_get(inst->data, "registered"), did))
		return BERTH_OK;
	if (!good)
		berth_effects_audit(fx, "our mediator does not take %.80s: %.32s", did, result);
	if ((rc = note(inst->data, "refused", did, !good)))
		return rc;
	return good ? note(inst->data, "registered", did, true) : BERTH_OK;
}

enum berth_err berth_mediated_on_updated(struct berth_env *env, struct berth_instance *inst, const struct berth_event *ev,
					 struct berth_effects *fx)
{
	const struct berth_json *list;
	enum berth_err rc;

	if ((rc = berth_mediated_check_sender(env, ev)) ||
	    (rc = berth_json_req_arr(ev->in->msg.body, "updated", 2 * BERTH_MEDIATE_UPDATES_MAX, &list)))
		return rc;
	berth_json_each(u, list)
		if ((rc = one_result(env, inst, u, fx)))
			return rc;
	return BERTH_OK;
}
