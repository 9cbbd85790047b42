/* SPDX-License-Identifier: Apache-2.0 */
/* A factory's batches: devices come over M0 by themselves and are taken into the batch
 * that is asked for; each keeps its name, so that whoever asks again goes on.  A call does
 * a bounded part of the work, and says how far it is. */
#include "agent/core/backend_internal.h"

#include <string.h>

#include "agent/protocol/objects.h"
#include "agent/protocol/onboarding.h"
#include "did/url.h"

#define STEPS_MAX 64	/* devices taken and sold by one call: peers wait meanwhile */

struct batch {
	struct berth_backend *b;
	const char *name, *to;		/* to NULL: nothing is sold */
	int64_t count, born, sold;
	struct berth_json *devices;	/* of the batch: {device, serial, model} */
	struct berth_json *todo;	/* keys that are to be sold */
	struct berth_json *free;	/* keys that are in no batch */
	struct berth_json *refused;	/* {serial, reason} */
	struct berth_buf tips;		/* hashes of the chains' ends, in the order of devices */
};

static enum berth_err push_refused(struct batch *x, const struct berth_json *data)
{
	struct berth_json *o = berth_json_new_object();
	enum berth_err rc;

	if ((rc = backend_copy(o, "serial", data, "serial")) || (rc = backend_copy(o, "reason", data, "denied"))) {
		berth_json_free(o);
		return rc;
	}
	return berth_json_push(x->refused, o);
}

static enum berth_err push_device(struct batch *x, const char *key, const struct berth_json *data)
{
	struct berth_json *o = berth_json_new_object();
	enum berth_err rc;

	if ((rc = berth_json_set_str(o, "device", key)) || (rc = backend_copy(o, "serial", data, "serial")) ||
	    (rc = backend_copy(o, "model", data, "model"))) {
		berth_json_free(o);
		return rc;
	}
	return berth_json_push(x->devices, o);
}

/* A device of the batch that is sold must be sold to this buyer. */
static enum berth_err of_batch(struct batch *x, const char *key, const struct berth_json *data)
{
	const char *sold_to = berth_data_str(data, "soldTo"), *oc = berth_data_str(data, "oc");
	struct berth_hash tip;

	x->born++;
	if (x->to && !sold_to)
		return berth_json_push_str(x->todo, key);
	if (x->to && (!oc || !berth_did_same(sold_to, x->to)))
		return berth_fail(BERTH_E_AUTHZ, "%s is sold to somebody else", berth_data_str(data, "serial"));
	if (x->to) {
		berth_object_hash(&tip, oc, strlen(oc));
		berth_buf_put(&x->tips, tip.b, sizeof(tip.b));
		x->sold++;
	}
	return push_device(x, key, data);
}

static enum berth_err look_at(void *arg, const char *key, const struct berth_json *inst)
{
	const struct berth_json *data = berth_json_get(inst, "data");
	const char *batch = berth_data_str(data, "batch"), *state = berth_data_str(inst, "state");
	struct batch *x = arg;

	if (batch)
		return strcmp(batch, x->name) ? BERTH_OK : of_batch(x, key, data);
	if (berth_json_get(data, "denied"))
		return berth_json_len(x->refused) < BERTH_BATCH_MAX ? push_refused(x, data) : BERTH_OK;
	if (state && !strcmp(state, "BORN") && berth_json_len(x->free) < STEPS_MAX)
		return berth_json_push_str(x->free, key);
	return BERTH_OK;
}

/* The command to at most `most` of them; *done: how many. */
static enum berth_err each(struct batch *x, const struct berth_json *keys, int64_t most, const char *on,
			   const char *member, const char *value, int64_t *done)
{
	struct berth_json *args = berth_json_new_object(), *answer;
	enum berth_err rc = berth_json_set_str(args, member, value);

	*done = 0;
	berth_json_each(key, keys) {
		if (rc || *done >= most)
			break;
		answer = NULL;
		rc = berth_agent_command(x->b->agent, "factory", berth_json_str(key), on, args, &answer);
		berth_json_free(answer);
		*done += !rc;
	}
	berth_json_free(args);
	return rc;
}

static enum berth_err go_on(struct batch *x)
{
	int64_t taken, sold;
	enum berth_err rc;

	if ((rc = berth_agent_each(x->b->agent, "factory", look_at, x)))
		return rc;
	if (x->born > x->count)
		return berth_fail(BERTH_E_USAGE, "batch %s has %lld devices", x->name, (long long)x->born);
	if ((rc = each(x, x->free, x->count - x->born, "cmd/batch", "batch", x->name, &taken)))
		return rc;
	x->born += taken;
	if (x->to && (rc = each(x, x->todo, STEPS_MAX, "cmd/sell", "to", x->to, &sold)))
		return rc;
	return BERTH_OK;
}

static enum berth_err sign(struct batch *x, struct berth_json *o)
{
	struct berth_env *env = berth_agent_env(x->b->agent);
	struct berth_batch batch = { .buyer = x->to, .name = x->name, .count = x->count,
		.issued_s = env->now_s < 0 ? 0 : env->now_s };
	struct berth_buf compact = BERTH_BUF_INIT;
	enum berth_err rc = berth_buf_status(&x->tips);

	if (rc)
		return rc;
	berth_object_hash(&batch.chains, berth_buf_cstr(&x->tips), x->tips.len);
	if (!(rc = berth_batch_build(&compact, env->keys->keyring, env->identity(env, BERTH_ID_ROOT)->sign_kid, &batch)))
		rc = berth_json_set_str(o, "signed", berth_buf_cstr(&compact));
	berth_buf_free(&compact);
	return rc;
}

/* Which devices these are is said once all are there: they were in the store before this
 * call, so that what is signed is what is kept. */
static enum berth_err report(struct batch *x, struct berth_json *o)
{
	bool complete = (int64_t)berth_json_len(x->devices) == x->count;
	struct berth_json *refused = x->refused, *devices = x->devices;
	enum berth_err rc;

	x->refused = NULL;
	if ((rc = berth_json_set(o, "refused", refused)) || (rc = berth_json_set_str(o, "batch", x->name)) ||
	    (rc = berth_json_set_int(o, "count", x->count)) || (rc = berth_json_set_int(o, "born", x->born)) ||
	    (rc = berth_json_set_int(o, "missing", x->count - x->born)) ||
	    (rc = berth_json_set_int(o, "sold", x->sold)) || !complete)
		return rc;
	x->devices = NULL;
	if ((rc = berth_json_set(o, "devices", devices)) || !x->to)
		return rc;
	return sign(x, o);
}

static enum berth_err birth(void *arg, const struct berth_api_request *req, struct berth_json **out)
{
	struct batch x = { .b = arg, .name = berth_data_str(req->body, "batch"), .to = berth_data_str(req->body, "to"),
		.count = berth_data_int(req->body, "count", 0), .devices = berth_json_new_array(),
		.todo = berth_json_new_array(), .free = berth_json_new_array(), .refused = berth_json_new_array() };
	struct berth_env *env = berth_agent_env(x.b->agent);
	struct berth_json *o = berth_json_new_object();
	enum berth_err rc;

	if (!env->identity(env, BERTH_ID_ROOT))
		rc = berth_fail(BERTH_E_NOMATCH, "birth: this agent is no factory");
	else if (!*x.name || x.count < 1)
		rc = berth_fail(BERTH_E_USAGE, "a batch has a name and at least one device");
	else if (!(rc = go_on(&x)))
		rc = report(&x, o);
	berth_json_free(x.devices);
	berth_json_free(x.todo);
	berth_json_free(x.free);
	berth_json_free(x.refused);
	berth_buf_free(&x.tips);
	return berth_json_give(out, o, rc);
}

/* A fork of a device that this factory has sold. */
static enum berth_err resolve(void *arg, const struct berth_api_request *req, struct berth_json **out)
{
	return backend_device_command(arg, "factory", req->param, "cmd/resolve", req->body, out);
}

void backend_birth_init(struct berth_api_backend *api)
{
	api->op[BERTH_API_DEVICES_BIRTH] = birth;
	api->op[BERTH_API_DEVICE_RESOLVE] = resolve;
}
