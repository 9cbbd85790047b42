/* SPDX-License-Identifier: Apache-2.0 */
/* M9 to M11 on the device: the credential and the owner's items come into slot B,
 * sealed, and become the active ones together when the owner has committed. */
#include <stdio.h>
#include <string.h>

#include "agent/protocol/gateway.h"
#include "did/crypto/hash.h"
#include "did/url.h"

static enum berth_err load(struct berth_run *run, struct berth_instance *inst, const struct berth_event *ev)
{
	enum berth_err rc = berth_run_load(run, inst->data);

	return rc ? rc : berth_run_check(run, ev);
}

static const struct berth_identity *operational(struct berth_env *env, const struct berth_json *offer)
{
	const char *name = berth_data_str(offer, "identity");

	return name ? env->identity(env, name) : NULL;
}

static enum berth_err check_operational(struct berth_env *env, const struct berth_instance *inst,
					const struct berth_run *run, const char *compact)
{
	const struct berth_identity *op = operational(env, berth_json_get(inst->data, "offer"));
	struct berth_operational oc = { 0 };
	enum berth_err rc;

	if ((rc = berth_operational_parse(&oc, compact, strlen(compact))))
		return rc;
	if (!op || !berth_did_same(oc.operational_did, op->did))
		rc = berth_fail(BERTH_E_HOLDER, "an OperationalCredential for another DID");
	else if (oc.epoch != run->epoch)
		rc = berth_fail(BERTH_E_AUTHZ, "an OperationalCredential for epoch %lld", (long long)oc.epoch);
	else if (!berth_did_same(oc.obj.issuer, run->peer))
		rc = berth_fail(BERTH_E_AUTHZ, "an OperationalCredential by another issuer");
	else
		rc = berth_object_verify(&oc.obj, env->resolver, NULL, NULL);
	berth_object_free(&oc.obj);
	return rc;
}

/* one announced item, checked and copied without what we do not know */
static enum berth_err announce(struct berth_json *list, const struct berth_json *item)
{
	const char *id, *type, *sha, *sensitivity = "public";
	struct berth_json *v;
	int64_t seq = 0, size;
	uint8_t h[32];
	enum berth_err rc;

	if ((rc = berth_json_req_str(item, "id", 63, &id)) || (rc = berth_json_req_str(item, "type", 63, &type)) ||
	    (rc = berth_json_req_str(item, "sha256", 64, &sha)) || (rc = berth_body_get_32(item, "sha256", h)) ||
	    (rc = berth_json_req_int(item, "size", 0, BERTH_ITEM_MAX, &size)) ||
	    (rc = berth_json_opt_int(item, "seq", 0, INT64_MAX, &seq)) ||
	    (rc = berth_json_opt_str(item, "sensitivity", 31, &sensitivity)))
		return rc;
	v = berth_json_new_object();
	if ((rc = berth_json_set_str(v, "id", id)) || (rc = berth_json_set_str(v, "type", type)) ||
	    (rc = berth_json_set_str(v, "sha256", sha)) || (rc = berth_json_set_int(v, "seq", seq)) ||
	    (rc = berth_json_set_int(v, "size", size)) || (rc = berth_json_set_str(v, "sensitivity", sensitivity))) {
		berth_json_free(v);
		return rc;
	}
	return berth_json_push(list, v);
}

static enum berth_err announce_all(struct berth_json *offer, const struct berth_json *body)
{
	const struct berth_json *items;
	struct berth_json *list = berth_json_new_array();
	enum berth_err rc = berth_json_req_arr(body, "items", BERTH_ITEMS_MAX, &items);

	berth_json_each(item, items)
		if (rc || (rc = announce(list, item)))
			break;
	if (rc) {
		berth_json_free(list);
		return rc;
	}
	return berth_json_set(offer, "items", list);
}

/* The announced item of that id and hash is in its slot. */
static bool stored(const struct berth_json *offer, const struct berth_json *item)
{
	const char *sha = berth_data_str(berth_json_get(offer, "stored"), berth_data_str(item, "id"));

	return sha && strcmp(sha, berth_data_str(item, "sha256")) == 0;
}

static bool complete(const struct berth_json *offer)
{
	if (!berth_json_get(offer, "credential"))
		return false;
	berth_json_each(item, berth_json_get(offer, "items"))
		if (!stored(offer, item))
			return false;
	return true;
}

/* M9 */
enum berth_err gateway_on_issue(struct berth_env *env, struct berth_instance *inst,
				const struct berth_event *ev, struct berth_effects *fx)
{
	struct berth_json *offer = berth_data_obj(inst->data, "offer");
	const char *compact;
	struct berth_run run;
	enum berth_err rc;

	if ((rc = load(&run, inst, ev)) ||
	    (rc = berth_json_req_str(ev->in->msg.body, "operationalCredential", BERTH_OBJECT_MAX, &compact)) ||
	    (rc = check_operational(env, inst, &run, compact)) ||
	    (rc = announce_all(offer, ev->in->msg.body)) ||
	    (rc = berth_json_set_str(offer, "credential", compact)))
		return rc;
	fx->timer_ms = (uint64_t)env->policy->run_timeout_s * 1000;
	fx->go = complete(offer);
	return BERTH_OK;
}

static enum berth_err
answer(struct berth_env *env, struct berth_instance *inst, struct berth_effects *fx, const struct berth_run *run,
       const char *id, const char *sha, const char *status)
{
	const struct berth_json *owner = berth_json_get(inst->data, "owner");
	struct berth_json *body = berth_json_new_object();
	enum berth_err rc;

	if ((rc = berth_json_set_str(body, "id", id)) || (rc = berth_json_set_str(body, "sha256", sha)) ||
	    (rc = berth_json_set_str(body, "status", status))) {
		berth_json_free(body);
		return rc;
	}
	return berth_effects_send(env, fx, env->identity(env, BERTH_ID_FACTORY), berth_data_str(owner, "did"),
				  berth_data_str(owner, "uri"), BERTH_PIURI_ONBOARDING "provision-result",
				  run->thid, body, NULL);
}

/* The item as applications will read it: {id, type, seq, sensitivity, value}, sealed
 * to this epoch. */
static enum berth_err
seal_item(struct berth_env *env, struct berth_instance *inst, struct berth_effects *fx,
	  const struct berth_run *run, const struct berth_json *body, const char *id, const struct berth_buf *bytes)
{
	struct berth_json *v = berth_json_new_object();
	struct berth_buf plain = BERTH_BUF_INIT, box = BERTH_BUF_INIT;
	const char *type, *sensitivity = "public";
	char ns[16], label[80];
	enum berth_err rc;

	snprintf(ns, sizeof(ns), "item-%s", berth_data_str(inst->data, "slot"));
	snprintf(label, sizeof(label), "item/%s", id);
	if ((rc = berth_json_req_str(body, "type", 63, &type)) ||
	    (rc = berth_json_opt_str(body, "sensitivity", 31, &sensitivity)) ||
	    (rc = berth_json_set_str(v, "id", id)) || (rc = berth_json_set_str(v, "type", type)) ||
	    (rc = berth_json_set_str(v, "sensitivity", sensitivity)) ||
	    (rc = berth_body_set_b64(v, "value", bytes->p, bytes->len)) || (rc = berth_json_print(&plain, v)) ||
	    (rc = env->keys->ops->seal(env->keys, label, run->epoch, plain.p, plain.len, &box)))
		goto out;
	rc = berth_effects_put(fx, ns, id, box.p, box.len);
out:
	berth_json_free(v);
	berth_buf_free(&plain);
	berth_buf_free(&box);
	return rc;
}

/* M10; idempotent by (id, sha256) */
enum berth_err gateway_on_item(struct berth_env *env, struct berth_instance *inst,
			       const struct berth_event *ev, struct berth_effects *fx)
{
	struct berth_json *offer = berth_data_obj(inst->data, "offer");
	const struct berth_json *body = ev->in->msg.body;
	struct berth_buf bytes = BERTH_BUF_INIT;
	const char *id, *sha;
	uint8_t want[32], have[32];
	struct berth_run run;
	enum berth_err rc;

	if ((rc = load(&run, inst, ev)) || (rc = berth_json_req_str(body, "id", 63, &id)) ||
	    (rc = berth_json_req_str(body, "sha256", 64, &sha)) || (rc = berth_body_get_32(body, "sha256", want)) ||
	    (rc = berth_message_attachment(&ev->in->msg, "item", &bytes)))
		goto out;
	if (bytes.len > BERTH_ITEM_MAX) {
		rc = berth_fail(BERTH_E_SIZE, "item %s: %zu bytes", id, bytes.len);
		goto out;
	}
	berth_sha256(have, bytes.p, bytes.len);
	if (memcmp(have, want, 32) != 0) {
		rc = berth_fail(BERTH_E_TYPE, "item %s is not what its hash says", id);
		goto out;
	}
	if ((rc = seal_item(env, inst, fx, &run, body, id, &bytes)) ||
	    (rc = berth_json_set_str(berth_data_obj(offer, "stored"), id, sha)) ||
	    (rc = answer(env, inst, fx, &run, id, sha, "stored")))
		goto out;
	fx->timer_ms = (uint64_t)env->policy->run_timeout_s * 1000;
	fx->go = complete(offer);
out:
	berth_buf_free(&bytes);
	return rc;
}

static enum berth_err commit_body(const struct berth_json *offer, struct berth_json *body)
{
	const char *compact = berth_data_str(offer, "credential");
	struct berth_json *list = berth_json_new_array(), *copy;
	struct berth_hash h;
	enum berth_err rc;

	berth_object_hash(&h, compact, strlen(compact));
	rc = list ? berth_body_set_b64(body, "credential", h.b, 32) : BERTH_E_NOMEM;
	berth_json_each(item, berth_json_get(offer, "items")) {
		if (rc)
			break;
		copy = berth_json_new_object();
		if ((rc = berth_json_set_str(copy, "id", berth_data_str(item, "id"))) ||
		    (rc = berth_json_set_str(copy, "sha256", berth_data_str(item, "sha256"))))
			berth_json_free(copy);
		else
			rc = berth_json_push(list, copy);
	}
	if (rc) {
		berth_json_free(list);
		return rc;
	}
	return berth_json_set(body, "items", list);
}

/* M11: from here on only the owner's word or the operator's changes anything. */
enum berth_err gateway_commit(struct berth_env *env, struct berth_instance *inst,
			      const struct berth_event *ev, struct berth_effects *fx)
{
	const struct berth_json *owner = berth_json_get(inst->data, "owner");
	struct berth_json *body = berth_json_new_object();
	struct berth_run run;
	enum berth_err rc;

	(void)ev;
	if ((rc = berth_run_load(&run, inst->data)) ||
	    (rc = commit_body(berth_json_get(inst->data, "offer"), body))) {
		berth_json_free(body);
		return rc;
	}
	fx->stop_timer = true;
	berth_effects_audit(fx, "everything has arrived: committing");
	return berth_effects_send(env, fx, env->identity(env, BERTH_ID_FACTORY), berth_data_str(owner, "did"),
				  berth_data_str(owner, "uri"), BERTH_PIURI_ONBOARDING "commit", run.thid, body, NULL);
}

/* The accepted tip, and the delegation's number, are remembered for ever (C.1a). */
static enum berth_err remember_chain(struct berth_instance *inst)
{
	const struct berth_json *chain = berth_json_get(inst->data, "chain");
	uint8_t h[32];
	enum berth_err rc;

	if ((rc = berth_body_get_32(chain, "tip", h)) || (rc = berth_body_set_b64(inst->data, "tip", h, 32)) ||
	    (rc = berth_json_set_int(inst->data, "tipSeq", berth_data_int(chain, "tipSeq", 0))))
		return rc;
	if (!berth_json_get(chain, "delegation"))
		return BERTH_OK;
	if ((rc = berth_body_set_b64(inst->data, "dseqTip", h, 32)))
		return rc;
	return berth_json_set_int(inst->data, "dseq", berth_data_int(chain, "dseq", 0));
}

static enum berth_err make_active(struct berth_instance *inst, const struct berth_identity *op)
{
	const struct berth_json *offer = berth_json_get(inst->data, "offer"), *owner = berth_json_get(inst->data, "owner");
	struct berth_json *active = berth_json_new_object(), *items = berth_json_clone(berth_json_get(offer, "items"));
	enum berth_err rc;

	if ((rc = berth_json_set(active, "items", items)) || (rc = berth_json_set_str(active, "identity", op->name)) ||
	    (rc = berth_json_set_str(active, "did", op->did)) ||
	    (rc = berth_json_set_str(active, "owner", berth_data_str(owner, "did"))) ||
	    (rc = berth_json_set_str(active, "uri", berth_data_str(owner, "uri"))) ||
	    (rc = berth_json_set_str(active, "slot", berth_data_str(inst->data, "slot"))) ||
	    (rc = berth_json_set_str(active, "credential", berth_data_str(offer, "credential")))) {
		berth_json_free(active);
		return rc;
	}
	return berth_json_set(inst->data, "active", active);
}

static enum berth_err measure(struct berth_env *env, struct berth_instance *inst)
{
	struct berth_json *o = berth_data_obj(inst->data, "onboarding");
	int64_t ms = (int64_t)env->mono_ms - berth_data_int(o, "startMs", (int64_t)env->mono_ms);
	int64_t bytes = (int64_t)env->wire_bytes - berth_data_int(o, "startBytes", 0);
	enum berth_err rc = berth_json_set_int(o, "ms", ms < 0 ? 0 : ms);

	return rc ? rc : berth_json_set_int(o, "bytes", bytes < 0 ? 0 : bytes);
}

static enum berth_err
send_complete(struct berth_env *env, struct berth_instance *inst, struct berth_effects *fx,
	      const struct berth_run *run, const struct berth_identity *op)
{
	const struct berth_json *active = berth_json_get(inst->data, "active");
	struct berth_json *body = berth_json_new_object();
	struct berth_send *s;
	enum berth_err rc = berth_json_set_int(body, "epoch", run->epoch);

	if (rc) {
		berth_json_free(body);
		return rc;
	}
	if ((rc = berth_effects_send(env, fx, op, berth_data_str(active, "owner"), berth_data_str(active, "uri"),
				     BERTH_PIURI_ONBOARDING "complete", NULL, body, &s)) ||
	    (rc = berth_json_set_str(s->msg.json, "pthid", run->thid)))
		return rc;
	return berth_effects_poll(fx, op, run->peer, berth_data_str(active, "uri"));
}

enum berth_err gateway_on_committed(struct berth_env *env, struct berth_instance *inst,
				    const struct berth_event *ev, struct berth_effects *fx)
{
	const struct berth_identity *op = operational(env, berth_json_get(inst->data, "offer"));
	const char *compact = berth_data_str(berth_json_get(inst->data, "offer"), "credential");
	struct berth_hash ours, theirs;
	struct berth_run run;
	enum berth_err rc;

	if ((rc = load(&run, inst, ev)) || (rc = berth_body_get_32(ev->in->msg.body, "credential", theirs.b)))
		return rc;
	if (!op || !compact)
		return berth_fail(BERTH_E_INTERNAL, "committed without an offer");
	berth_object_hash(&ours, compact, strlen(compact));
	if (!berth_hash_equal(&ours, &theirs))
		return berth_fail(BERTH_E_AUTHZ, "another credential was committed");
	if ((rc = remember_chain(inst)) || (rc = make_active(inst, op)) || (rc = measure(env, inst)) ||
	    (rc = send_complete(env, inst, fx, &run, op)))
		return rc;
	berth_json_remove(inst->data, "offer");
	berth_json_remove(inst->data, "run");
	berth_json_remove(inst->data, "seek");
	fx->step_generation = true;
	berth_effects_audit(fx, "operational: %s owned by %s", op->did, run.peer);
	return BERTH_OK;
}

/* args: {"serial"}, typed by the operator */
enum berth_err gateway_abandon(struct berth_env *env, struct berth_instance *inst,
			       const struct berth_event *ev, struct berth_effects *fx)
{
	const char *serial;
	enum berth_err rc = berth_json_req_str(ev->args, "serial", BERTH_LABEL_MAX, &serial);

	if (rc)
		return rc;
	if (!env->policy->serial || strcmp(serial, env->policy->serial) != 0)
		return berth_fail(BERTH_E_AUTHZ, "the serial is not this device's");
	return gateway_seek_again(env, inst, fx, "abandoned by the operator while committing");
}
