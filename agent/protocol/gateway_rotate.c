/* SPDX-License-Identifier: Apache-2.0 */
/* M13 on the device: its owner speaks from another DID.  from_prior has been verified by
 * unpack: signed with a key of iss, and sub is who sent the message.  What is left to
 * judge is whether iss is our owner, and whether this is news. */
#include <string.h>

#include "agent/protocol/gateway.h"
#include "agent/protocol/relation.h"
#include "agent/protocol/rendezvous.h"
#include "did/url.h"

const char *gateway_peer(const struct berth_json *active)
{
	const char *peer = berth_data_str(active, "peer");

	return peer ? peer : berth_data_str(active, "owner");
}

static enum berth_err is_news(const struct berth_env *env, const struct berth_json *active, const struct berth_json *claims)
{
	const char *iss;
	int64_t iat;
	enum berth_err rc;

	if ((rc = berth_json_req_str(claims, "iss", BERTH_DID_URL_MAX, &iss)))
		return rc;
	if (!berth_did_same(iss, gateway_peer(active)))
		return berth_fail(BERTH_E_AUTHZ, "a rotation of another DID than our owner's");
	if (gateway_delegate_is_over(env, active))
		return berth_fail(BERTH_E_EXPIRED, "a rotation after the end of the delegation");
	return berth_rotation_is_news(env, claims, berth_data_int(active, "peerIat", -1), &iat);
}

static enum berth_err send_rotated(struct berth_env *env, struct berth_instance *inst, struct berth_effects *fx,
				   const struct berth_event *ev)
{
	const struct berth_json *active = berth_json_get(inst->data, "active");
	const struct berth_identity *op = env->identity(env, berth_data_str(active, "identity"));
	const char *uri = berth_data_str(active, "uri");
	struct berth_json *body = berth_json_new_object();
	enum berth_err rc;

	if ((rc = env->mark_known(env, op, ev->sender)) ||	/* the owner has our document */
	    (rc = gateway_name_us(env, inst, body))) {
		berth_json_free(body);
		return rc;
	}
	if ((rc = berth_effects_send(env, fx, op, ev->sender, uri, BERTH_PIURI_ONBOARDING "rotated", ev->in->msg.thid,
				     body, NULL)) ||
	    (rc = berth_effects_drop(fx, ev->sender, ev->in->msg.thid)))
		return rc;
	return inst->state == GW_QUARANTINED ? gateway_listen(inst, fx, op, GATEWAY_REST_S)
					     : berth_effects_poll(fx, op, ev->sender, uri);
}

/* The document of its new DID says where the owner is from now on: so it moves to another
 * host while its devices are on.  Where it still names the address that we know, or none that
 * could be dialled, nothing changes. */
static enum berth_err follow_owner(struct berth_env *env, struct berth_json *active, const char *from)
{
	const char *was = berth_data_str(active, "uri"), *uri;
	struct berth_did_doc *doc = NULL;
	enum berth_err rc = BERTH_OK;
	bool there = !was;

	if (berth_resolve(env->resolver, from, &doc))
		return BERTH_OK;
	for (size_t i = 0; !there && (uri = berth_did_doc_endpoint(doc, i)); i++)
		there = strcmp(uri, was) == 0;
	uri = berth_did_doc_endpoint(doc, 0);
	if (!there && uri && strstr(uri, "://") && strlen(uri) < BERTH_URI_MAX)
		rc = berth_json_set_str(active, "uri", uri);
	berth_did_doc_free(doc);
	return rc;
}

enum berth_err gateway_on_rotate(struct berth_env *env, struct berth_instance *inst,
				 const struct berth_event *ev, struct berth_effects *fx)
{
	struct berth_json *active = berth_data_obj(inst->data, "active");
	const struct berth_json *claims = ev->in->from_prior;
	enum berth_err rc;

	if (!ev->sender || !claims)
		return berth_fail(BERTH_E_ROTATE, "a rotation without from_prior");
	if (berth_did_same(ev->sender, gateway_peer(active)))
		return send_rotated(env, inst, fx, ev);		/* it has not had our answer */
	if ((rc = is_news(env, active, claims)) || (rc = berth_json_set_str(active, "peer", ev->sender)) ||
	    (rc = berth_json_set_int(active, "peerIat", berth_data_int(claims, "iat", 0))) ||
	    (rc = follow_owner(env, active, ev->in->msg.from)) || (rc = send_rotated(env, inst, fx, ev)) ||
	    (rc = gateway_hear_as_factory(env, inst, fx)))
		return rc;
	fx->step_generation = true;
	berth_effects_audit(fx, "the owner speaks as %s from now on, at %s", ev->sender, berth_data_str(active, "uri"));
	return BERTH_OK;
}
