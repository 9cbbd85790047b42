/* SPDX-License-Identifier: Apache-2.0 */
/* The operator's side of the local API. */
#include "agent/core/backend_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/protocol/mediate.h"
#include "agent/protocol/onboarding.h"

#define LIST_MAX 10000

/* ---- status ---- */
enum berth_err backend_set_queue(struct berth_backend *b, struct berth_json *o)
{
	struct berth_json *q = berth_json_new_object();
	struct berth_store_counts c;
	enum berth_err rc = berth_store_counts(berth_agent_store(b->agent), &c);

	if (rc || (rc = berth_json_set_int(q, "out", c.out)) || (rc = berth_json_set_int(q, "in", c.inbox)) ||
	    (rc = berth_json_set_int(q, "dead", c.dead))) {
		berth_json_free(q);
		return rc;
	}
	return berth_json_set(o, "queue", q);
}

static enum berth_err set_onboarding(struct berth_json *o, const struct berth_json *data)
{
	const struct berth_json *from = berth_json_get(data, "onboarding");
	struct berth_json *v = berth_json_new_object();
	enum berth_err rc;

	if ((rc = berth_json_set_int(v, "ms", berth_data_int(from, "ms", 0))) ||
	    (rc = berth_json_set_int(v, "bytes", berth_data_int(from, "bytes", 0)))) {
		berth_json_free(v);
		return rc;
	}
	return berth_json_set(o, "onboarding", v);
}

static enum berth_err set_counters(struct berth_backend *b, struct berth_json *o, const struct berth_json *data)
{
	int64_t generation;
	enum berth_err rc = berth_store_counter_get(berth_agent_store(b->agent), "generation", &generation);

	if (rc || (rc = berth_json_set_int(o, "generation", generation)))
		return rc;
	return berth_json_set_int(o, "epoch", berth_data_int(data, "epoch", 0));
}

static enum berth_err status(void *arg, const struct berth_api_request *req, struct berth_json **out)
{
	struct berth_backend *b = arg;
	struct berth_env *env = berth_agent_env(b->agent);
	const struct berth_identity *factory = env->identity(env, BERTH_ID_FACTORY);
	struct berth_json *inst, *o = berth_json_new_object();
	const struct berth_json *gw = backend_gateway(b, &inst), *data = berth_json_get(gw, "data");
	const struct berth_json *active = berth_json_get(data, "active");
	const char *state = backend_state(b, berth_data_str(gw, "state"));
	enum berth_err rc;

	(void)req;
	if ((rc = berth_json_set_str(o, "state", state)) || (rc = set_counters(b, o, data)) ||
	    (rc = factory ? berth_json_set_str(o, "factoryDid", factory->did)
			  : backend_copy_or_null(o, "factoryDid", NULL, "")) ||
	    (rc = backend_copy_did(o, "operationalDid", active, "did")) ||
	    (rc = backend_copy_owner(o, active)) ||
	    (rc = backend_copy_or_null(o, "chainTip", data, "tip")) ||
	    (rc = berth_json_set_str(o, "assurance", berth_custody_name(berth_keys_custody(env->keys, BERTH_ID_FACTORY)))) ||
	    (rc = backend_health(b, state, o)) || (rc = set_onboarding(o, data)) ||
	    (rc = backend_set_items(b, o, data)) || (rc = backend_set_waits(b, o, data)))
		goto out;
	if (!(rc = backend_set_queue(b, o)))
		rc = backend_mediation(b, o);
out:
	berth_json_free(inst);
	return berth_json_give(out, o, rc);
}

/* ---- the gateway's onboarding ---- */
static enum berth_err command_str(struct berth_backend *b, const char *on, const char *member, const char *value)
{
	struct berth_json *args = berth_json_new_object();
	enum berth_err rc = berth_json_set_str(args, member, value);

	if (!rc)
		rc = berth_agent_command(b->agent, "gateway", NULL, on, args, NULL);
	berth_json_free(args);
	return rc;
}

static enum berth_err onboard(void *arg, const struct berth_api_request *req, struct berth_json **out)
{
	const char *tip = berth_data_str(req->body, "acceptTip"), *serial = berth_data_str(req->body, "abandon");
	const struct berth_json *invitation = berth_json_get(req->body, "invitation");
	bool dry = berth_json_bool(berth_json_get(req->body, "dryRun"), false);
	struct berth_backend *b = arg;
	struct berth_json *o = berth_json_new_object(), *inst;
	const char *state;
	enum berth_err rc;

	if (dry)
		rc = backend_dry_run(b, o);
	else if (tip)
		rc = command_str(b, "cmd/accept-tip", "tip", tip);
	else if (serial)
		rc = command_str(b, "cmd/abandon", "serial", serial);
	else
		rc = berth_agent_command(b->agent, "gateway", NULL, invitation ? "cmd/invitation" : "cmd/onboard",
					 invitation, NULL);
	state = berth_data_str(backend_gateway(b, &inst), "state");
	if (!rc)
		rc = berth_json_set_str(o, "state", state ? state : "READY");
	berth_json_free(inst);
	return berth_json_give(out, o, rc);
}

/* ---- rotation ---- */
#define ROTATE_EVERY_MS 200	/* devices of an owner: keys are made and messages leave in between */

static enum berth_err active_one(void *arg, const char *key, const struct berth_json *inst)
{
	const char *state = berth_data_str(inst, "state");

	return state && strcmp(state, "ACTIVE") == 0 ? berth_json_push_str(arg, key) : BERTH_OK;
}

static enum berth_err rotate_all(struct berth_backend *b, const struct berth_json *keys)
{
	int64_t after_ms = 1;
	enum berth_err rc = BERTH_OK;

	berth_json_each(key, keys) {
		struct berth_json *args = berth_json_new_object();

		if (!(rc = berth_json_set_int(args, "afterMs", after_ms)))
			rc = berth_agent_command(b->agent, "owner", berth_json_str(key), "cmd/rotate", args, NULL);
		berth_json_free(args);
		if (rc)
			return rc;
		after_ms += ROTATE_EVERY_MS;
	}
	return rc;
}

/* An owner: another DID for each of its devices. */
static enum berth_err rotate_owner(struct berth_backend *b, struct berth_json **out)
{
	struct berth_json *keys = berth_json_new_array(), *o = berth_json_new_object();
	enum berth_err rc = berth_agent_each(b->agent, "owner", active_one, keys);

	if (!rc && !(rc = rotate_all(b, keys)) && !(rc = berth_json_set_str(o, "state", "READY")))
		rc = berth_json_set_int(o, "devices", (int64_t)berth_json_len(keys));
	berth_json_free(keys);
	return berth_json_give(out, o, rc);
}

static enum berth_err rotate(void *arg, const struct berth_api_request *req, struct berth_json **out)
{
	struct berth_backend *b = arg;
	struct berth_env *env = berth_agent_env(b->agent);
	struct berth_json *o, *inst;
	enum berth_err rc = berth_agent_command(b->agent, "gateway", NULL, "cmd/rotate", NULL, NULL);

	(void)req;
	if (rc == BERTH_E_USAGE && env->identity(env, BERTH_ID_OWNER))
		return rotate_owner(b, out);
	if (rc == BERTH_E_USAGE)
		return berth_fail(BERTH_E_NOMATCH, "rotate: this agent is neither gateway nor owner");
	if (rc)
		return rc;
	o = berth_json_new_object();
	rc = backend_copy(o, "state", backend_gateway(b, &inst), "state");
	berth_json_free(inst);
	return berth_json_give(out, o, rc);
}

/* ---- devices of an owner and of a factory ---- */
static const char *const machines[] = { "owner", "factory" };

struct listing {
	struct berth_json *list;
	const char *want;		/* id or serial; NULL: all */
	struct berth_json *found;
	char key[65];
	const char *machine;
	int64_t restored_s;
};

static enum berth_err summary(const struct listing *l, const char *key, const struct berth_json *inst, struct berth_json **out)
{
	static const char *const members[] = { "serial", "model", "custody", "epoch", "taken", "pcrDigest",
		"hold", "denied" };
	static const char *const dids[] = { "operationalDid", "soldTo" };
	const struct berth_json *data = berth_json_get(inst, "data");
	struct berth_json *o = berth_json_new_object();
	enum berth_err rc = berth_json_set_str(o, "device", key);

	if (!rc && !(rc = backend_copy(o, "state", inst, "state")))
		rc = backend_copy(o, "provision", berth_json_get(data, "provision"), "status");
	if (!rc && !(rc = backend_copy_attested(o, data, false)) && backend_is_unheard(l->restored_s, inst))
		rc = berth_json_set_bool(o, "unheard", true);
	for (size_t i = 0; !rc && i < sizeof(members) / sizeof(members[0]); i++)
		rc = backend_copy(o, members[i], data, members[i]);
	for (size_t i = 0; !rc && i < sizeof(dids) / sizeof(dids[0]); i++)
		if (berth_json_get(data, dids[i]))
			rc = backend_copy_did(o, dids[i], data, dids[i]);
	return berth_json_give(out, o, rc);
}

/* What only `show` says: what the device signed for us, and for somebody before us; what
 * its owner last said of it, and what it last attested. */
static enum berth_err proofs(struct berth_json *o, const struct berth_json *data)
{
	enum berth_err rc;

	if ((rc = backend_copy(o, "receipt", data, "receipt")) || (rc = backend_copy(o, "takenProof", data, "takenProof")) ||
	    (rc = backend_copy(o, "ended", data, "ended")) || (rc = backend_copy(o, "audit", data, "audit")) ||
	    (rc = backend_copy(o, "auditProblem", data, "auditProblem")) || (rc = backend_copy_attested(o, data, true)) ||
	    (rc = backend_copy(o, "items", data, "results")) || (rc = backend_copy(o, "ldevid", data, "ldevid")) ||
	    (rc = backend_copy_set(o, data)))
		return rc;
	return backend_copy_status(o, data);
}

static enum berth_err list_one(void *arg, const char *key, const struct berth_json *inst)
{
	struct listing *l = arg;
	const char *serial = berth_data_str(berth_json_get(inst, "data"), "serial");
	struct berth_json *o;
	enum berth_err rc;

	if (l->want) {
		if (strcmp(l->want, key) != 0 && (!serial || strcmp(l->want, serial) != 0))
			return BERTH_OK;
		snprintf(l->key, sizeof(l->key), "%s", key);
		berth_json_free(l->found);
		return (rc = summary(l, key, inst, &l->found)) ? rc : proofs(l->found, berth_json_get(inst, "data"));
	}
	if (berth_json_len(l->list) >= LIST_MAX)
		return BERTH_OK;
	return (rc = summary(l, key, inst, &o)) ? rc : berth_json_push(l->list, o);
}

static enum berth_err devices(void *arg, const struct berth_api_request *req, struct berth_json **out)
{
	struct berth_backend *b = arg;
	struct listing l = { .list = berth_json_new_array(), .restored_s = berth_agent_env(b->agent)->restored_s };
	enum berth_err rc = l.list ? BERTH_OK : BERTH_E_NOMEM;

	(void)req;
	for (size_t i = 0; !rc && i < 2; i++)
		rc = berth_agent_each(b->agent, machines[i], list_one, &l);
	return berth_json_give(out, l.list, rc);
}

/* By its id, which is its key: that costs the same in any fleet. */
static enum berth_err find_key(struct berth_backend *b, struct listing *l)
{
	struct berth_json *inst = NULL;
	enum berth_err rc = BERTH_OK;

	if (strlen(l->want) == sizeof(l->key) - 1 && !(rc = berth_agent_instance(b->agent, l->machine, l->want, &inst)))
		rc = list_one(l, l->want, inst);
	berth_json_free(inst);
	return rc == BERTH_E_NOMATCH ? BERTH_OK : rc;
}

/* The device of that id or serial in machine (NULL: any). */
static enum berth_err find(struct berth_backend *b, const char *machine, const char *want, struct listing *l)
{
	enum berth_err rc = BERTH_OK;

	*l = (struct listing){ .want = want, .restored_s = berth_agent_env(b->agent)->restored_s };
	for (size_t i = 0; !rc && !l->found && i < 2; i++)
		if (!machine || strcmp(machine, machines[i]) == 0) {
			l->machine = machines[i];
			if (!(rc = find_key(b, l)) && !l->found)
				rc = berth_agent_each(b->agent, machines[i], list_one, l);
		}
	if (!rc && !l->found)
		rc = berth_fail(BERTH_E_NOMATCH, "no device %s", want);
	return rc;
}

static enum berth_err device_show(void *arg, const struct berth_api_request *req, struct berth_json **out)
{
	struct listing l;
	enum berth_err rc = find(arg, NULL, req->param, &l);

	return berth_json_give(out, l.found, rc);
}

enum berth_err backend_device_command(struct berth_backend *b, const char *machine, const char *want, const char *on,
				      const struct berth_json *args, struct berth_json **out)
{
	struct listing l;
	enum berth_err rc = find(b, machine, want, &l);

	berth_json_free(l.found);
	if (rc)
		return rc;
	if (!(rc = berth_agent_command(b->agent, l.machine, l.key, on, args, out)) && !*out &&
	    !(*out = berth_json_new_object()))
		rc = berth_no_memory();
	return rc;
}

static enum berth_err approve(void *arg, const struct berth_api_request *req, struct berth_json **out)
{
	return backend_device_command(arg, "owner", req->param, "cmd/approve", req->body, out);
}

static enum berth_err deny(void *arg, const struct berth_api_request *req, struct berth_json **out)
{
	return backend_device_command(arg, "owner", req->param, "cmd/deny", req->body, out);
}

static enum berth_err invite(void *arg, const struct berth_api_request *req, struct berth_json **out)
{
	return backend_device_command(arg, "owner", req->param, "cmd/invite", NULL, out);
}

static enum berth_err delegate(void *arg, const struct berth_api_request *req, struct berth_json **out)
{
	return backend_device_command(arg, "owner", req->param, "cmd/delegate", req->body, out);
}

static enum berth_err sell(void *arg, const struct berth_api_request *req, struct berth_json **out)
{
	return backend_device_command(arg, "factory", berth_data_str(req->body, "device"), "cmd/sell", req->body, out);
}

static enum berth_err import(void *arg, const struct berth_api_request *req, struct berth_json **out)
{
	const struct berth_json *chain = berth_json_get(req->body, "chain");
	struct berth_backend *b = arg;
	char key[65];
	enum berth_err rc = berth_owner_key(chain, key);

	return rc ? rc : berth_agent_command(b->agent, "owner", key, "cmd/import", req->body, out);
}

void backend_admin_init(struct berth_api_backend *api)
{
	api->op[BERTH_API_STATUS] = status;
	api->op[BERTH_API_ONBOARD] = onboard;
	api->op[BERTH_API_ROTATE] = rotate;
	api->op[BERTH_API_DEVICES] = devices;
	api->op[BERTH_API_DEVICE_SHOW] = device_show;
	api->op[BERTH_API_DEVICE_APPROVE] = approve;
	api->op[BERTH_API_DEVICE_DENY] = deny;
	api->op[BERTH_API_DEVICES_IMPORT] = import;
	api->op[BERTH_API_DEVICES_SELL] = sell;
	api->op[BERTH_API_DEVICES_INVITE] = invite;
	api->op[BERTH_API_DEVICES_DELEGATE] = delegate;
	backend_audit_init(api);
	backend_metrics_init(api);
	backend_queue_init(api);
	backend_resolve_init(api);
	backend_release_init(api);
	backend_ethr_init(api);
	backend_certs_init(api);
	backend_life_init(api);
	backend_provision_init(api);
	backend_birth_init(api);
}
