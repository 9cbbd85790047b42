/* SPDX-License-Identifier: Apache-2.0 */
/* M0 on the device: the factory identity is made, shown to the pinned factory agent,
 * and comes back with a DeviceCredential. */
#include <stdlib.h>
#include <string.h>

#include "agent/protocol/attestation.h"
#include "agent/protocol/gateway.h"
#include "did/url.h"

#define BIRTH_RETRY_MS 5000
#define PURPOSES (BERTH_PURPOSE_BIT(BERTH_SIGN_RV_PROVE) | BERTH_PURPOSE_BIT(BERTH_SIGN_DEVICE_PROOF) | \
	BERTH_PURPOSE_BIT(BERTH_SIGN_RECEIPT))

static bool has_tpm(const struct berth_env *env)
{
	return berth_keys_custody(env->keys, BERTH_ID_FACTORY) == BERTH_CUSTODY_HARDWARE;
}

static enum berth_err me(struct berth_env *env, const struct berth_identity **out)
{
	return env->make_identity(env, BERTH_ID_FACTORY, berth_sign_type(env->keys, BERTH_ID_FACTORY), BERTH_AGREE_TYPE,
				  PURPOSES, false, out);
}

/* Of the device as well, and for its first round of questions: made while nobody waits. */
static enum berth_err make_lookup_key(struct berth_env *env)
{
	return env->keys->ops->ensure(env->keys, BERTH_KEY_LOOKUP, BERTH_AGREE_TYPE, BERTH_USAGE_AGREE, 0, NULL);
}

static enum berth_err
set_tpm(struct berth_env *env, struct berth_json *body, const struct berth_identity *id)
{
	struct berth_buf cert = BERTH_BUF_INIT, ek = BERTH_BUF_INIT;
	enum berth_err rc;

	if ((rc = env->keys->ops->ensure(env->keys, BERTH_KEY_AK, BERTH_KEY_P256, BERTH_USAGE_ATTEST, 0, NULL)) ||
	    (rc = env->keys->ops->ek(env->keys, &cert, &ek)) ||
	    (rc = berth_json_set_b64url(body, "ekCert", cert.p, cert.len)) ||
	    (rc = berth_json_set_b64url(body, "ekPub", ek.p, ek.len)) ||
	    (rc = berth_body_set_public(env, body, "akPub", BERTH_KEY_AK)) ||
	    (rc = berth_body_set_public(env, body, "signPub", id->sign_key)))
		goto out;
	rc = berth_body_set_public(env, body, "agreePub", id->agree_key);
out:
	berth_buf_free(&cert);
	berth_buf_free(&ek);
	return rc;
}

/* a label that the configuration may leave out */
static enum berth_err set_label(struct berth_json *body, const char *member, const char *value)
{
	return berth_json_set_str(body, member, value ? value : "");
}

static enum berth_err
birth_send(struct berth_env *env, struct berth_effects *fx, const struct berth_identity *id,
	   const char *type, const char *thid, struct berth_json *body)
{
	const struct berth_policy *p = env->policy;
	struct berth_send *s;
	enum berth_err rc = berth_effects_send(env, fx, id, p->factory_did, p->factory_uri, type, thid, body, &s);

	if (!rc && !(rc = berth_send_in_full(s, id)))
		s->ephemeral = true;
	fx->timer_ms = BIRTH_RETRY_MS;
	return rc;
}

enum berth_err gateway_start_birth(struct berth_env *env, struct berth_instance *inst,
				   const struct berth_event *ev, struct berth_effects *fx)
{
	const struct berth_policy *p = env->policy;
	const struct berth_identity *id;
	struct berth_json *body;
	enum berth_err rc;

	(void)ev;
	fx->timer_ms = BIRTH_RETRY_MS;
	if (!p->factory_did || !p->factory_uri)
		return berth_fail(BERTH_E_CONFIG, "no [factory] to be born at");
	if (!p->serial || !p->model)
		return berth_fail(BERTH_E_CONFIG, "no [device] serial and model");
	if ((rc = me(env, &id)) || (rc = make_lookup_key(env)) || (rc = env->learn(env, p->factory_did)))
		return rc;
	body = berth_json_new_object();
	if ((rc = berth_json_set_str(body, "did", id->did_long)) ||
	    (rc = berth_json_set_str(body, "serial", p->serial)) ||
	    (rc = berth_json_set_str(body, "model", p->model)) ||
	    (rc = set_label(body, "hardware", p->hardware)) || (rc = set_label(body, "firmware", p->firmware)) ||
	    (rc = berth_json_set_str(body, "custody", berth_custody_name(berth_keys_custody(env->keys, BERTH_ID_FACTORY)))) ||
	    (has_tpm(env) && (rc = set_tpm(env, body, id)))) {
		berth_json_free(body);
		return rc;
	}
	berth_json_remove(inst->data, "birth");
	return birth_send(env, fx, id, BERTH_PIURI_ONBOARDING "factory-init", NULL, body);
}

static enum berth_err from_factory(struct berth_env *env, const struct berth_event *ev)
{
	if (!env->policy->factory_did || !berth_did_same(ev->sender, env->policy->factory_did))
		return berth_fail(BERTH_E_AUTHZ, "%s from another than our factory", ev->on);
	return BERTH_OK;
}

enum berth_err gateway_on_factory_challenge(struct berth_env *env, struct berth_instance *inst,
					    const struct berth_event *ev, struct berth_effects *fx)
{
	const struct berth_identity *id = env->identity(env, BERTH_ID_FACTORY);
	const struct berth_json *in = ev->in->msg.body;
	uint8_t nonce[32], qualifying[32];
	struct berth_json *body;
	enum berth_err rc;

	(void)inst;
	fx->timer_ms = BIRTH_RETRY_MS;
	if ((rc = from_factory(env, ev)) || (rc = berth_body_get_32(in, "nonce", nonce)))
		return rc;
	if (!id)
		return berth_fail(BERTH_E_TYPE, "a challenge before factory-init");
	body = berth_json_new_object();
	rc = berth_json_set_b64url(body, "nonce", nonce, 32);
	if (!rc && has_tpm(env)) {
		berth_attest_nonce(qualifying, "berth-m0", nonce, NULL);
		if (!(rc = berth_attest_activate(env, body, in, "berth-m0", nonce)))
			rc = berth_attest(env, body, qualifying, BERTH_KEY_AK, id->sign_key, id->agree_key, false);
	}
	if (rc) {
		berth_json_free(body);
		return rc;
	}
	return birth_send(env, fx, id, BERTH_PIURI_ONBOARDING "factory-prove", ev->in->msg.thid, body);
}

static bool trusted_issuer(const struct berth_policy *p, const char *issuer)
{
	for (size_t i = 0; i < p->n_issuers; i++)
		if (berth_did_same(p->issuers[i], issuer))
			return true;
	return p->n_issuers == 0;	/* the factory agent itself is pinned */
}

/* It is for this DID, this device and this custody, and what it says was signed. */
static enum berth_err
check_credential(struct berth_env *env, const struct berth_identity *id, const struct berth_device_credential *dc)
{
	const struct berth_policy *p = env->policy;

	if (!berth_did_same(dc->factory_did, id->did) || strcmp(dc->serial, p->serial) != 0)
		return berth_fail(BERTH_E_HOLDER, "a DeviceCredential for another device");
	if (strcmp(dc->keys.custody, berth_custody_name(berth_keys_custody(env->keys, BERTH_ID_FACTORY))) != 0)
		return berth_fail(BERTH_E_HOLDER, "a DeviceCredential that says %s", dc->keys.custody);
	if (!trusted_issuer(p, dc->obj.issuer))
		return berth_fail(BERTH_E_AUTHZ, "a DeviceCredential by another issuer");
	return berth_object_verify(&dc->obj, env->resolver, NULL, NULL);
}

enum berth_err gateway_on_factory_ack(struct berth_env *env, struct berth_instance *inst,
				      const struct berth_event *ev, struct berth_effects *fx)
{
	const struct berth_identity *id = env->identity(env, BERTH_ID_FACTORY);
	struct berth_device_credential dc = { 0 };
	const char *compact;
	struct berth_hash root;
	enum berth_err rc;

	if ((rc = from_factory(env, ev)) ||
	    (rc = berth_json_req_str(ev->in->msg.body, "deviceCredential", BERTH_OBJECT_MAX, &compact)))
		return rc;
	if (!id)
		return berth_fail(BERTH_E_TYPE, "an answer before factory-init");
	if ((rc = berth_device_credential_parse(&dc, compact, strlen(compact))) ||
	    (rc = check_credential(env, id, &dc)) || (rc = berth_root_hash(&root, &dc.root)) ||
	    (rc = berth_body_is_32(ev->in->msg.body, "rootHash", root.b)) ||
	    (rc = berth_json_set_str(inst->data, "dc", compact)) ||
	    (rc = berth_json_set_b64url(inst->data, "rootHash", root.b, 32)) ||
	    (rc = berth_json_set_int(inst->data, "epoch", dc.epoch0)))
		goto out;
	fx->stop_timer = true;
	fx->step_generation = true;
	fx->floor_s = dc.issued_s;
	berth_effects_audit(fx, "born: serial %s, custody %s, issuer %.80s", dc.serial, dc.keys.custody, dc.obj.issuer);
out:
	berth_object_free(&dc.obj);
	return rc;
}

enum berth_err gateway_on_birth_denied(struct berth_env *env, struct berth_instance *inst,
				       const struct berth_event *ev, struct berth_effects *fx)
{
	const char *reason = "";
	enum berth_err rc;

	(void)inst;
	if ((rc = from_factory(env, ev)) || (rc = berth_json_opt_str(ev->in->msg.body, "reason", 256, &reason)))
		return rc;
	fx->timer_ms = 12 * BIRTH_RETRY_MS;
	berth_effects_audit(fx, "the factory refused us: %s", reason);
	return BERTH_OK;
}

enum berth_err gateway_credential_text(struct berth_env *env, const struct berth_instance *inst, struct berth_json **out)
{
	enum berth_err rc = berth_instance_apart(env, &berth_gateway_machine, inst, out);

	if (!rc && berth_json_str(*out))
		return BERTH_OK;
	berth_json_free(*out);
	*out = NULL;
	return rc && rc != BERTH_E_NOMATCH ? rc : berth_fail(BERTH_E_INTERNAL, "no DeviceCredential");
}

enum berth_err gateway_credential(struct berth_env *env, const struct berth_instance *inst, struct berth_device_credential *dc)
{
	struct berth_json *v;
	enum berth_err rc = gateway_credential_text(env, inst, &v);

	if (!rc)
		rc = berth_device_credential_parse(dc, berth_json_str(v), strlen(berth_json_str(v)));
	berth_json_free(v);
	return rc;
}
