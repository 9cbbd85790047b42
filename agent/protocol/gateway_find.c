/* SPDX-License-Identifier: Apache-2.0 */
/* Where is my owner?  A device in use whose owner has not answered for long asks whoever may
 * know: the addresses that the owner named, DHCP and DNS, the rendezvous agents.  What they
 * say is only where to ask (`where`); an address is taken when the owner itself has answered
 * from it (`here`), so that lies cost a try.  It is always the same owner: nobody is found
 * here whom the device does not know. */
#include <string.h>

#include "agent/protocol/gateway.h"
#include "agent/protocol/object.h"
#include "agent/protocol/rendezvous.h"
#include "did/url.h"

#define TRIES_MAX 6		/* addresses in a round */
#define ROUND_DOUBLINGS 16
#define ROUND_MAX_S 21600

bool gateway_may_look_for_owner(const struct berth_instance *inst)
{
	switch (inst->state) {
	case GW_OPERATIONAL: case GW_RENEWING: case GW_ROTATING: case GW_EXPIRED:
	case GW_QUARANTINED: case GW_RELEASING: case GW_RETIRING:
		return berth_json_get(inst->data, "active") != NULL;
	default:
		return false;
	}
}

static bool was_tried(const struct berth_json *tried, const char *uri)
{
	berth_json_each(one, tried)
		if (strcmp(berth_json_str(one), uri) == 0)
			return true;
	return berth_json_len(tried) >= TRIES_MAX;
}

enum berth_err gateway_try_at(struct berth_env *env, struct berth_instance *inst, struct berth_effects *fx, const char *uri)
{
	const struct berth_json *active = berth_json_get(inst->data, "active");
	const struct berth_identity *op = env->identity(env, berth_data_str(active, "identity"));
	struct berth_json *tried = berth_data_obj(berth_data_obj(inst->data, "lost"), "tried");
	struct berth_json *body;
	struct berth_send *s;
	enum berth_err rc;

	if (!op)
		return berth_fail(BERTH_E_INTERNAL, "no operational identity");
	if (was_tried(tried, uri) || strlen(uri) >= BERTH_URI_MAX)
		return BERTH_OK;
	body = berth_json_new_object();
	if ((rc = gateway_name_us(env, inst, body)) || (rc = berth_json_set_str(body, "uri", uri))) {
		berth_json_free(body);
		return rc;
	}
	if ((rc = berth_effects_send(env, fx, op, gateway_peer(active), uri, BERTH_PIURI_ONBOARDING "where", NULL, body, &s)))
		return rc;
	s->ephemeral = true;
	return berth_json_set_str(tried, s->msg.id, uri);
}

/* ---- a round */
static enum berth_err try_named(struct berth_env *env, struct berth_instance *inst, struct berth_effects *fx)
{
	const struct berth_json *active = berth_json_get(inst->data, "active");
	const char *was = berth_data_str(active, "uri"), *uri;
	enum berth_err rc = BERTH_OK;

	berth_json_each(one, berth_json_get(active, "endpoints")) {
		if (rc || !(uri = berth_json_str(one)))
			break;
		if (!was || strcmp(uri, was) != 0)
			rc = gateway_try_at(env, inst, fx, uri);
	}
	return rc;
}

/* A hint about anybody is none about the owner. */
static enum berth_err try_hinted(struct berth_env *env, struct berth_instance *inst, struct berth_effects *fx)
{
	const struct berth_json *active = berth_json_get(inst->data, "active");
	const char *const dids[] = { berth_data_str(active, "owner"), berth_data_str(active, "peer") };
	struct gateway_hints h;
	const char *uri;
	enum berth_err rc = BERTH_OK;

	gateway_hints_load(&h, env);
	for (size_t i = 0; i < sizeof(dids) / sizeof(dids[0]); i++)
		for (size_t at = 0; dids[i] && !rc && (uri = gateway_hint_next(&h, dids[i], true, &at));)
			rc = gateway_try_at(env, inst, fx, uri);
	gateway_hints_free(&h);
	return rc;
}

static enum berth_err note_round(struct berth_env *env, struct berth_json *lost, int64_t tries)
{
	int64_t wait = berth_owner_silent_s(env->policy) << (tries < ROUND_DOUBLINGS ? tries : ROUND_DOUBLINGS);
	enum berth_err rc = berth_json_set_int(lost, "tries", tries + 1);

	if (wait > ROUND_MAX_S)
		wait = ROUND_MAX_S;
	berth_json_remove(lost, "tried");
	return rc ? rc : berth_json_set_int(lost, "nextS", env->uptime_s + wait);
}

/* Of the host, at each question that the owner left unanswered after it was silent for long.
 * args: {"first"}: it begins */
enum berth_err gateway_on_silent(struct berth_env *env, struct berth_instance *inst,
				 const struct berth_event *ev, struct berth_effects *fx)
{
	bool first = berth_json_bool(berth_json_get(ev->args, "first"), false);
	struct berth_json *lost;
	int64_t tries;
	enum berth_err rc;

	if (!gateway_may_look_for_owner(inst))
		return berth_fail(BERTH_E_NOMATCH, "no owner to be looked for");
	lost = berth_data_obj(inst->data, "lost");
	tries = first ? 0 : berth_data_int(lost, "tries", 0);
	if (tries && env->uptime_s < berth_data_int(lost, "nextS", 0))
		return berth_fail(BERTH_E_NOMATCH, "not yet");
	if ((rc = note_round(env, lost, tries)) || (rc = try_named(env, inst, fx)) || (rc = try_hinted(env, inst, fx)) ||
	    (rc = gateway_ask_rendezvous(env, inst, fx)))
		return rc;
	berth_effects_audit(fx, "the owner does not answer: looking for it, round %lld", (long long)tries + 1);
	return BERTH_OK;
}

/* ---- an owner that is new to us, at several addresses */
bool gateway_has_another_address(struct berth_env *env, const struct berth_instance *inst)
{
	const struct berth_json *owner = berth_json_get(inst->data, "owner");
	const char *peer = berth_data_str(berth_json_get(inst->data, "run"), "peer");
	int64_t n = (int64_t)berth_json_len(berth_json_get(owner, "endpoints"));

	return peer && berth_data_int(owner, "turns", 0) + 1 < n && env->waiting(env, peer) > 0;
}

enum berth_err gateway_turn_to_it(struct berth_env *env, struct berth_instance *inst, struct berth_effects *fx)
{
	const char *peer = berth_data_str(berth_json_get(inst->data, "run"), "peer"), *was, *uri;
	struct berth_json *owner = berth_data_obj(inst->data, "owner");
	const struct berth_json *list = berth_json_get(owner, "endpoints");
	size_t n = berth_json_len(list), i = 0;
	enum berth_err rc;

	was = berth_data_str(owner, "uri");
	while (i < n && strcmp(berth_json_str(berth_json_at(list, i)), was) != 0)
		i++;
	uri = berth_json_str(berth_json_at(list, (i + 1) % n));
	if ((rc = berth_effects_moved(env, fx, peer, was, uri)) ||
	    (rc = berth_json_set_int(owner, "turns", berth_data_int(owner, "turns", 0) + 1)))
		return rc;
	berth_effects_audit(fx, "nobody answers at %s: trying %s", was, uri);
	return berth_json_set_str(owner, "uri", uri);
}

/* ---- what the owner says */
static enum berth_err keep_endpoints(struct berth_json *active, const char *const *v, size_t n)
{
	return berth_set_strings(active, "endpoints", v, n);
}

static enum berth_err take(struct berth_env *env, struct berth_instance *inst, struct berth_effects *fx, const char *uri)
{
	struct berth_json *active = berth_data_obj(inst->data, "active");
	const char *was = berth_data_str(active, "uri");
	enum berth_err rc = BERTH_OK;

	if (!was || strcmp(was, uri) != 0) {
		berth_effects_audit(fx, "the owner is at %s from now on", uri);
		rc = berth_effects_moved(env, fx, gateway_peer(active), was ? was : "", uri);
	}
	if (!rc)
		rc = berth_json_set_str(active, "uri", uri);
	berth_json_remove(inst->data, "lost");
	berth_json_remove(inst->data, "seek");
	return rc;
}

/* It says so by itself: one of these addresses is to be used, once it has answered from it. */
static enum berth_err confirm(struct berth_env *env, struct berth_instance *inst, struct berth_effects *fx,
			      const char *const *v, size_t n)
{
	const char *was = berth_data_str(berth_json_get(inst->data, "active"), "uri");
	enum berth_err rc = BERTH_OK;

	berth_json_remove(berth_data_obj(inst->data, "lost"), "tried");
	for (size_t i = 0; i < n; i++)
		if (was && strcmp(v[i], was) == 0)
			return gateway_try_at(env, inst, fx, was);
	for (size_t i = 0; !rc && i < n; i++)
		rc = gateway_try_at(env, inst, fx, v[i]);
	return rc;
}

enum berth_err gateway_on_here(struct berth_env *env, struct berth_instance *inst,
			       const struct berth_event *ev, struct berth_effects *fx)
{
	const char *v[BERTH_BLOB_ENDPOINTS_MAX], *uri;
	struct berth_buf at = BERTH_BUF_INIT;
	size_t n = 0;
	enum berth_err rc;

	if (!gateway_may_look_for_owner(inst))
		return berth_fail(BERTH_E_TYPE, "here, but nobody is our owner");
	if ((rc = gateway_from_owner_now(inst, ev)) ||
	    (rc = berth_opt_strings(ev->in->msg.body, "endpoints", BERTH_BLOB_ENDPOINTS_MAX, BERTH_URI_MAX - 1, v, &n)) ||
	    (rc = keep_endpoints(berth_data_obj(inst->data, "active"), v, n)))
		return rc;
	uri = berth_data_str(berth_json_get(berth_json_get(inst->data, "lost"), "tried"), ev->in->msg.thid);
	if (!uri)
		return confirm(env, inst, fx, v, n);
	berth_buf_str(&at, uri);
	if (!(rc = berth_buf_status(&at)))
		rc = take(env, inst, fx, berth_buf_cstr(&at));
	berth_buf_free(&at);
	return rc;
}
