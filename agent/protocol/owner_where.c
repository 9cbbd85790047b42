/* SPDX-License-Identifier: Apache-2.0 */
/* Where we are.  A device asks an address whether its owner is there (`where`) and hears all
 * that we announce (`here`).  When that is not what a device was told last, it hears so by
 * itself, and the rendezvous agents hold it, until the device has come to one of them. */
#include <string.h>

#include "agent/protocol/object.h"
#include "agent/protocol/owner.h"
#include "did/base/rand.h"
#include "did/crypto/hash.h"
#include "did/url.h"

#define AGAIN_S 60
#define AGAIN_DOUBLINGS 8
#define AGAIN_MAX_S 21600
#define SPREAD 10		/* a fleet is not told at once, but in such a part of owner-silent */

static enum berth_err announced(const struct berth_policy *p, uint8_t out[32])
{
	struct berth_buf all = BERTH_BUF_INIT;
	enum berth_err rc;

	for (size_t i = 0; i < p->n_endpoints; i++)
		berth_buf_str16(&all, p->endpoints[i]);
	if (!(rc = berth_buf_status(&all)))
		berth_sha256(out, all.p, all.len);
	berth_buf_free(&all);
	return rc;
}

enum berth_err owner_note_told(struct berth_env *env, struct berth_instance *inst)
{
	uint8_t h[32];
	enum berth_err rc = announced(env->policy, h);

	berth_json_remove(inst->data, "move");
	return rc ? rc : berth_json_set_b64url(inst->data, "told", h, sizeof(h));
}

/* Who has no address of its own has nothing to tell. */
static bool is_told(const struct berth_env *env, const struct berth_instance *inst)
{
	uint8_t now[32], told[32];

	return !env->policy->n_endpoints || announced(env->policy, now) ||
	       (!berth_body_get_32(inst->data, "told", told) && memcmp(now, told, sizeof(now)) == 0);
}

static enum berth_err say_here(struct berth_env *env, const struct berth_instance *inst, struct berth_effects *fx,
			       const struct berth_identity *as, const char *to, const char *thid, struct berth_send **s)
{
	const struct berth_policy *p = env->policy;
	size_t n = p->n_endpoints < BERTH_BLOB_ENDPOINTS_MAX ? p->n_endpoints : BERTH_BLOB_ENDPOINTS_MAX;
	struct berth_json *body = berth_json_new_object();
	enum berth_err rc;

	if ((rc = berth_json_set_int(body, "epoch", berth_data_int(inst->data, "epoch", 0))) ||
	    (rc = berth_set_strings(body, "endpoints", p->endpoints, n))) {
		berth_json_free(body);
		return rc;
	}
	return berth_effects_send(env, fx, as, to, NULL, BERTH_PIURI_ONBOARDING "here", thid, body, s);
}

/* The device knows an address of ours, by using it. */
static enum berth_err note_use(struct berth_env *env, struct berth_instance *inst, struct berth_effects *fx, const char *uri)
{
	const struct berth_policy *p = env->policy;

	for (size_t i = 0; i < p->n_endpoints; i++)
		if (strcmp(p->endpoints[i], uri) == 0 && !is_told(env, inst)) {
			berth_effects_audit(fx, "device %s comes to %s", berth_data_str(inst->data, "serial"), uri);
			return owner_note_told(env, inst);
		}
	return BERTH_OK;
}

enum berth_err owner_on_where(struct berth_env *env, struct berth_instance *inst,
			      const struct berth_event *ev, struct berth_effects *fx)
{
	const struct berth_identity *as = owner_addressed(env, ev);
	struct berth_send *s;
	const char *uri;
	enum berth_err rc;

	if ((rc = owner_check_device(inst, ev)) || (rc = berth_json_req_str(ev->in->msg.body, "uri", BERTH_URI_MAX - 1, &uri)) ||
	    (rc = note_use(env, inst, fx, uri)) ||
	    (rc = say_here(env, inst, fx, as ? as : owner_us(env, inst), ev->sender, ev->in->msg.thid, &s)))
		return rc;
	s->ephemeral = true;	/* who lost it asks again */
	return BERTH_OK;
}

/* ---- by ourselves */
static enum berth_err begin_move(struct berth_env *env, struct berth_instance *inst, struct berth_effects *fx)
{
	struct berth_json *move = berth_data_obj(inst->data, "move");
	uint8_t thid[16];
	uint32_t r;
	enum berth_err rc;

	berth_random(thid, sizeof(thid));
	berth_random(&r, sizeof(r));
	if ((rc = berth_json_set_b64url(move, "thid", thid, sizeof(thid))))
		return rc;
	berth_effects_audit(fx, "device %s is to hear of our new addresses", berth_data_str(inst->data, "serial"));
	return berth_json_set_int(move, "dueS", env->uptime_s + (int64_t)r % (berth_owner_silent_s(env->policy) / SPREAD + 1));
}

enum berth_err owner_register_moved(struct berth_env *env, struct berth_instance *inst, struct berth_effects *fx)
{
	return is_told(env, inst) ? BERTH_OK : owner_register_now(env, inst, fx);
}

static enum berth_err tell(struct berth_env *env, struct berth_instance *inst, struct berth_effects *fx,
			   const struct berth_json *move)
{
	const char *device = berth_data_str(inst->data, "operationalDid"), *thid = berth_data_str(move, "thid");
	struct berth_buf peer = BERTH_BUF_INIT;
	enum berth_err rc;

	if (!device)
		return berth_fail(BERTH_E_INTERNAL, "no device to tell");
	if (!(rc = berth_did_short(&peer, device)) && !(rc = berth_effects_drop(fx, berth_buf_cstr(&peer), thid)) &&
	    !(rc = say_here(env, inst, fx, owner_us(env, inst), device, thid, NULL)))
		rc = owner_register_moved(env, inst, fx);
	berth_buf_free(&peer);
	return rc;
}

enum berth_err owner_tell_again(struct berth_env *env, struct berth_instance *inst,
				const struct berth_event *ev, struct berth_effects *fx)
{
	struct berth_json *move;
	int64_t tries, wait;
	enum berth_err rc;

	(void)ev;
	if (is_told(env, inst)) {
		if (!berth_json_get(inst->data, "move"))
			return berth_fail(BERTH_E_NOMATCH, "nothing to tell");
		berth_json_remove(inst->data, "move");	/* we have come back */
		return BERTH_OK;
	}
	if (!berth_json_get(inst->data, "move"))
		return begin_move(env, inst, fx);
	move = berth_data_obj(inst->data, "move");
	if ((rc = owner_is_due(env, fx, move)))
		return rc;
	tries = berth_data_int(move, "tries", 0);
	wait = (int64_t)AGAIN_S << (tries < AGAIN_DOUBLINGS ? tries : AGAIN_DOUBLINGS);
	if ((rc = berth_json_set_int(move, "tries", tries < AGAIN_DOUBLINGS ? tries + 1 : tries)) ||
	    (rc = berth_json_set_int(move, "dueS", env->uptime_s + (wait < AGAIN_MAX_S ? wait : AGAIN_MAX_S))))
		return rc;
	return tell(env, inst, fx, move);
}

/* Of a device that is in use: what we registered for it, since we have moved. */
enum berth_err owner_on_registered_moved(struct berth_env *env, struct berth_instance *inst,
					 const struct berth_event *ev, struct berth_effects *fx)
{
	(void)inst;
	(void)fx;
	for (size_t i = 0; i < env->policy->n_rendezvous; i++)
		if (berth_did_same(ev->sender, env->policy->rendezvous[i].did))
			return BERTH_OK;
	return berth_fail(BERTH_E_AUTHZ, "registered by a rendezvous we did not ask");
}
