/* SPDX-License-Identifier: Apache-2.0 */
/* coordinate-mediation 3.0, the mediator; 2.0 is answered in its own words.  One instance
 * for each client.  A DID belongs to the client that registered it first, until that
 * client removes it. */
#include <string.h>

#include "agent/protocol/mediate.h"
#include "agent/protocol/onboarding.h"
#include "did/url.h"

enum state { ASKING, GRANTED };
static const char *const states[] = { "ASKING", BERTH_MEDIATOR_GRANTED };

/* ---- answers */

/* The mediator's DID is what clients publish and forwards are for: nobody is served
 * under another one. */
static enum berth_err addressed(struct berth_env *env, const struct berth_event *ev, const struct berth_identity **me)
{
	*me = ev->in->encrypted_to_kid ? env->identity_of(env, ev->in->encrypted_to_kid) : NULL;
	if (!*me || strcmp((*me)->name, BERTH_ID_MEDIATOR) != 0)
		return berth_fail(BERTH_E_ADDR, "mediation is not asked of the mediator");
	return BERTH_OK;
}

static bool is_2(const struct berth_event *ev)
{
	return strncmp(ev->in->msg.type, BERTH_PIURI_MEDIATE_2, strlen(BERTH_PIURI_MEDIATE_2)) == 0;
}

/* Who did not ask for the answer on this link, and cannot be dialled, gets it here once
 * all the same: there is no other way to it. */
static bool only_here(struct berth_env *env, const struct berth_event *ev)
{
	struct berth_did_doc *doc = NULL;
	bool only;

	if (ev->in->msg.return_route && strcmp(ev->in->msg.return_route, "none") != 0)
		return false;
	only = berth_resolve(env->resolver, ev->sender, &doc) == BERTH_OK && !berth_did_doc_endpoint(doc, 0);
	berth_did_doc_free(doc);
	return only;
}

/* In the version that the question was in; body is taken. */
static enum berth_err reply(struct berth_env *env, struct berth_effects *fx, const struct berth_event *ev,
			    const char *name, const char *name_2, struct berth_json *body)
{
	struct berth_buf type = BERTH_BUF_INIT;
	const struct berth_identity *me;
	struct berth_send *s;
	enum berth_err rc;

	berth_buf_str(&type, is_2(ev) ? BERTH_PIURI_MEDIATE_2 : BERTH_PIURI_MEDIATE);
	berth_buf_str(&type, is_2(ev) ? name_2 : name);
	if ((rc = berth_buf_status(&type)) || (rc = addressed(env, ev, &me)))
		berth_json_free(body);
	else if (!(rc = berth_effects_send(env, fx, me, ev->sender, NULL, berth_buf_cstr(&type), ev->in->msg.thid, body, &s)))
		s->ephemeral = only_here(env, ev);
	berth_buf_free(&type);
	return rc;
}

/* ---- mediate-request */

/* 3.0 gives a list of one DID, 2.0 the DID. */
static enum berth_err grant_body(struct berth_json **out, const char *did, bool as_2)
{
	struct berth_json *list = berth_json_new_array();
	enum berth_err rc;

	*out = berth_json_new_object();
	if (as_2) {
		berth_json_free(list);
		rc = berth_json_set_str(*out, "routing_did", did);
	} else if ((rc = berth_json_push_str(list, did))) {
		berth_json_free(list);
	} else {
		rc = berth_json_set(*out, "routing_did", list);
	}
	if (rc) {
		berth_json_free(*out);
		*out = NULL;
	}
	return rc;
}

static enum berth_err on_request(struct berth_env *env, struct berth_instance *inst, const struct berth_event *ev,
				 struct berth_effects *fx)
{
	const struct berth_identity *me;
	struct berth_json *body;
	enum berth_err rc;
	bool room;

	if ((rc = addressed(env, ev, &me)))
		return rc;
	room = berth_mediate_allowed(env, ev->sender);
	if (room && inst->state != GRANTED && (rc = berth_mediate_make_room(env, fx, &room)))
		return rc;
	if (!room) {
		berth_effects_audit(fx, "mediation denied to %.80s", ev->sender);
		return reply(env, fx, ev, "mediate-deny", "mediate-deny", NULL);
	}
	if ((rc = env->learn(env, ev->sender)) || (rc = berth_json_set_str(inst->data, "client", ev->sender)) ||
	    (rc = berth_mediate_seen(env, fx, ev->sender)) ||
	    (rc = grant_body(&body, me->did_long, is_2(ev))) ||
	    (rc = reply(env, fx, ev, "mediate-grant", "mediate-grant", body)))
		return rc;
	if (inst->state != GRANTED)
		berth_effects_audit(fx, "mediation granted to %.80s", ev->sender);
	fx->state = GRANTED;
	return BERTH_OK;
}

/* ---- recipient-update, keylist-update */

static struct berth_json *dids_of(struct berth_instance *inst)
{
	struct berth_json *list = berth_json_get_mut(inst->data, "dids");

	if (!list && !berth_json_set(inst->data, "dids", berth_json_new_array()))
		list = berth_json_get_mut(inst->data, "dids");
	return list;
}

static struct berth_json *find_did(struct berth_json *list, const char *did)
{
	struct berth_json *d = berth_json_first_mut(list);

	while (d && !berth_did_same(berth_json_str(d), did))
		d = berth_json_next_mut(d);
	return d;
}

static enum berth_err put_route(struct berth_effects *fx, const char *client, const char *did)
{
	struct berth_json *v = berth_json_new_object();
	char key[65];
	enum berth_err rc;

	if (!(rc = berth_mediate_key(key, did)) && !(rc = berth_json_set_str(v, "client", client)) &&
	    !(rc = berth_json_set_str(v, "did", did)))
		rc = berth_effects_put_json(fx, BERTH_NS_ROUTE, key, v);
	berth_json_free(v);
	return rc;
}

/* Whether that DID is another client's, who still is one. */
static enum berth_err is_taken(struct berth_env *env, const char *did, const char *client, bool *taken)
{
	struct berth_buf whose = BERTH_BUF_INIT, as = BERTH_BUF_INIT;
	enum berth_err rc = berth_mediate_route(env, did, &whose, &as);

	*taken = !rc && strcmp(berth_buf_cstr(&whose), client) != 0 &&
		 berth_mediate_check_client(env, berth_buf_cstr(&whose)) == BERTH_OK;
	berth_buf_free(&whose);
	berth_buf_free(&as);
	return rc == BERTH_E_ROUTE ? BERTH_OK : rc;
}

static bool is_short_enough(const char *did)
{
	struct berth_buf shorter = BERTH_BUF_INIT;
	bool ok = berth_did_short(&shorter, did) == BERTH_OK && shorter.len <= BERTH_MEDIATE_SHORT_MAX;

	berth_buf_free(&shorter);
	return ok;
}

static enum berth_err add(struct berth_env *env, struct berth_instance *inst, const struct berth_event *ev,
			  struct berth_effects *fx, const char *did, const char **result)
{
	struct berth_json *list = dids_of(inst);
	enum berth_err rc;
	bool taken;

	*result = "client_error";
	if (!list)
		return berth_no_memory();
	if (find_did(list, did)) {
		*result = "no_change";
		return BERTH_OK;
	}
	if ((rc = is_taken(env, did, ev->sender, &taken)) || taken || env->identity_of(env, did) || !is_short_enough(did) ||
	    (int64_t)berth_json_len(list) >= env->policy->relay_dids)
		return rc;
	*result = "success";
	return (rc = put_route(fx, ev->sender, did)) ? rc : berth_json_push_str(list, did);
}

static enum berth_err take_away(struct berth_env *env, struct berth_instance *inst, const struct berth_event *ev,
				struct berth_effects *fx, const char *did, const char **result)
{
	struct berth_json *list = dids_of(inst), *d = list ? find_did(list, did) : NULL;
	char key[65];
	enum berth_err rc;
	bool taken;

	if (!d) {
		rc = is_taken(env, did, ev->sender, &taken);
		*result = taken ? "client_error" : "no_change";
		return rc;
	}
	berth_json_drop(list, d);
	*result = "success";
	return (rc = berth_mediate_key(key, did)) ? rc : berth_effects_remove(fx, BERTH_NS_ROUTE, key);
}

static enum berth_err push_result(struct berth_json *list, const char *did, const char *action, const char *result)
{
	struct berth_json *o = berth_json_new_object();
	enum berth_err rc;

	if ((rc = berth_json_set_str(o, "recipient_did", did)) || (rc = berth_json_set_str(o, "action", action)) ||
	    (rc = berth_json_set_str(o, "result", result))) {
		berth_json_free(o);
		return rc;
	}
	return berth_json_push(list, o);
}

static enum berth_err one_update(struct berth_env *env, struct berth_instance *inst, const struct berth_event *ev,
				 struct berth_effects *fx, const struct berth_json *update, struct berth_json *list)
{
	const char *did, *action, *result = "client_error";
	enum berth_err rc;

	if ((rc = berth_json_req_str(update, "recipient_did", BERTH_MEDIATE_DID_MAX, &did)) ||
	    (rc = berth_json_req_str(update, "action", 16, &action)))
		return rc;
	if (berth_is_did(did) && strcmp(action, "add") == 0)
		rc = add(env, inst, ev, fx, did, &result);
	else if (berth_is_did(did) && strcmp(action, "remove") == 0)
		rc = take_away(env, inst, ev, fx, did, &result);
	return rc ? rc : push_result(list, did, action, result);
}

static enum berth_err on_update(struct berth_env *env, struct berth_instance *inst, const struct berth_event *ev,
				struct berth_effects *fx)
{
	struct berth_json *body = berth_json_new_object(), *list = berth_json_new_array();
	const struct berth_json *updates;
	enum berth_err rc = BERTH_OK;

	if (!berth_mediate_allowed(env, ev->sender))
		rc = berth_fail(BERTH_E_AUTHZ, "%.80s may be no client any more", ev->sender);
	if (!rc && !(rc = berth_json_req_arr(ev->in->msg.body, "updates", BERTH_MEDIATE_UPDATES_MAX, &updates)))
		berth_json_each(u, updates)
			if ((rc = one_update(env, inst, ev, fx, u, list)))
				break;
	if (!rc) {
		rc = berth_json_set(body, "updated", list);
		list = NULL;
	}
	if (!rc) {
		rc = reply(env, fx, ev, "recipient-update-response", "keylist-update-response", body);
		body = NULL;
	}
	berth_json_free(list);
	berth_json_free(body);
	return rc;
}

/* ---- recipient-query, keylist-query */

struct page { int64_t limit, offset; bool asked; };

static enum berth_err read_page(const struct berth_json *body, struct page *out)
{
	const struct berth_json *p = NULL;
	enum berth_err rc;

	*out = (struct page){ .limit = INT32_MAX };
	if ((rc = berth_json_opt_obj(body, "paginate", &p)) || !p)
		return rc;
	out->asked = true;
	return (rc = berth_json_req_int(p, "limit", 0, INT32_MAX, &out->limit))
		? rc : berth_json_req_int(p, "offset", 0, INT32_MAX, &out->offset);
}

static enum berth_err set_page(struct berth_json *body, const struct page *p, int64_t count, int64_t all)
{
	struct berth_json *o = berth_json_new_object();
	int64_t left = all - p->offset - count;
	enum berth_err rc;

	if ((rc = berth_json_set_int(o, "count", count)) || (rc = berth_json_set_int(o, "offset", p->offset)) ||
	    (rc = berth_json_set_int(o, "remaining", left > 0 ? left : 0))) {
		berth_json_free(o);
		return rc;
	}
	return berth_json_set(body, "pagination", o);
}

static enum berth_err push_did(struct berth_json *list, const char *did)
{
	struct berth_json *o = berth_json_new_object();
	enum berth_err rc = berth_json_set_str(o, "recipient_did", did);

	return berth_json_push_made(list, o, rc);
}

static enum berth_err fill_page(struct berth_json *body, const struct berth_json *dids, const struct page *p, bool as_2)
{
	struct berth_json *list = berth_json_new_array();
	int64_t i = 0, count = 0;
	enum berth_err rc = BERTH_OK;

	berth_json_each(d, dids) {
		if (rc || i++ < p->offset || count >= p->limit)
			continue;
		rc = push_did(list, berth_json_str(d));
		count++;
	}
	if (rc) {
		berth_json_free(list);
		return rc;
	}
	if ((rc = berth_json_set(body, as_2 ? "keys" : "dids", list)) || !p->asked)
		return rc;
	return set_page(body, p, count, (int64_t)berth_json_len(dids));
}

static enum berth_err on_query(struct berth_env *env, struct berth_instance *inst, const struct berth_event *ev,
			       struct berth_effects *fx)
{
	struct berth_json *body = berth_json_new_object();
	struct page p;
	enum berth_err rc;

	if ((rc = read_page(ev->in->msg.body, &p)) ||
	    (rc = fill_page(body, berth_json_get(inst->data, "dids"), &p, is_2(ev)))) {
		berth_json_free(body);
		return rc;
	}
	return reply(env, fx, ev, "recipient", "keylist", body);
}

/* ---- the machine */

static enum berth_err find(struct berth_env *env, const struct berth_event *ev, char **key)
{
	char hex[65];
	enum berth_err rc = berth_mediate_key(hex, ev->sender);

	(void)env;
	if (rc)
		return rc;
	*key = strdup(hex);
	return *key ? BERTH_OK : berth_no_memory();
}

static const struct berth_transition table[] = {
	BERTH_ROW(BERTH_STATE_STAY, "mediate-request",  on_request, BERTH_STATE_STAY, BERTH_STATE_STAY),
	BERTH_ROW(GRANTED,          "recipient-update", on_update,  BERTH_STATE_STAY, BERTH_STATE_STAY),
	BERTH_ROW(GRANTED,          "recipient-query",  on_query,   BERTH_STATE_STAY, BERTH_STATE_STAY),
	BERTH_ROW(GRANTED,          "keylist-update",   on_update,  BERTH_STATE_STAY, BERTH_STATE_STAY),
	BERTH_ROW(GRANTED,          "keylist-query",    on_query,   BERTH_STATE_STAY, BERTH_STATE_STAY),
};

const struct berth_machine berth_mediator_machine = {
	.name = BERTH_NS_MEDIATOR, .piuri = BERTH_PIURI_MEDIATE, .piuri2 = BERTH_PIURI_MEDIATE_2,
	.states = states, .n_states = 2, .table = table, .table_len = sizeof(table) / sizeof(table[0]),
	.role = "mediator", .strangers = true, .find = find,
};
