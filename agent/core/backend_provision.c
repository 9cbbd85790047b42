/* SPDX-License-Identifier: Apache-2.0 */
/* What an owner provides, for one device, for those of a model or for all; and what devices in
 * use have made of it. */
#include "agent/core/backend_internal.h"

#include <stdio.h>
#include <string.h>

#include "agent/protocol/onboarding.h"
#include "agent/protocol/owner_items.h"
#include "did/base/clock.h"

#define EVERY_MS 20	/* devices of a fleet: messages leave in between */

/* ---- for one ---- */
static enum berth_err item_args(const struct berth_api_request *req, struct berth_json *args)
{
	static const char *const same[] = { "id", "sensitivity", "confirmWithin", "confirmBy" };
	const char *type = berth_data_str(req->body, "type");
	enum berth_err rc = backend_copy(args, "value", req->body, "data");

	for (size_t i = 0; !rc && i < sizeof(same) / sizeof(same[0]); i++)
		rc = backend_copy(args, same[i], req->body, same[i]);
	return rc ? rc : berth_json_set_str(args, "type", type ? type : "config");
}

static const char *word_for(const struct berth_api_request *req)
{
	return berth_json_bool(berth_json_get(req->body, "remove"), false) ? "cmd/withdraw" : "cmd/provision";
}

/* ---- for many ---- */
struct fleet { const char *model; struct berth_json *keys; };	/* model NULL: all */

static enum berth_err one_of_them(void *arg, const char *key, const struct berth_json *inst)
{
	const struct fleet *f = arg;

	if (f->model && !berth_json_says(berth_json_get(berth_json_get(inst, "data"), "model"), f->model))
		return BERTH_OK;
	return berth_json_push_str(f->keys, key);
}

/* A device that cannot be told does not hold up the others. */
static enum berth_err tell_all(struct berth_backend *b, struct berth_json *args, const struct berth_json *keys, struct berth_json *o)
{
	int64_t after_ms = 1000, told = 0, refused = 0;
	enum berth_err rc = BERTH_OK;

	berth_json_each(key, keys) {
		berth_json_remove(args, "afterMs");
		if (rc || (rc = berth_json_set_int(args, "afterMs", after_ms)))
			break;
		rc = berth_agent_command(b->agent, "owner", berth_json_str(key), "cmd/reprovision", args, NULL);
		told += !rc;
		refused += rc && berth_err_exit(rc) < 4;
		rc = rc && berth_err_exit(rc) < 4 ? BERTH_OK : rc;
		after_ms += EVERY_MS;
	}
	if (rc || (rc = berth_json_set_int(o, "devices", told)))
		return rc;
	return berth_json_set_int(o, "refused", refused);
}

static enum berth_err write_item(struct berth_backend *b, const char *key, const struct berth_buf *box, const char *line)
{
	struct berth_store *s = berth_agent_store(b->agent);
	enum berth_err rc = berth_store_begin(s);

	if (!rc && !(rc = box->len ? berth_store_put(s, BERTH_NS_PROVISION, key, box->p, box->len)
				   : berth_store_delete(s, BERTH_NS_PROVISION, key)) &&
	    !(rc = berth_store_audit(s, berth_clock_now_s(), "provision", line)))
		rc = berth_store_commit(s);
	if (rc)
		berth_store_rollback(s);
	return rc;
}

/* The item first: a command that was cut short is given again, and tells who has not been told. */
static enum berth_err keep_for(struct berth_backend *b, const struct berth_json *args, const char *model, bool gone)
{
	const char *id = berth_data_str(args, "id");
	char scope[OWNER_SCOPE_LEN] = OWNER_SCOPE_ALL, key[160], line[400];
	struct berth_buf box = BERTH_BUF_INIT;
	enum berth_err rc = gone ? BERTH_OK : owner_item_seal(berth_agent_env(b->agent), args, &box);

	if (model)
		owner_scope_of_model(scope, model);
	snprintf(key, sizeof(key), "%s/%s", scope, id);
	snprintf(line, sizeof(line), "item %.63s %s for %s%.256s", id, gone ? "is provided no more" : "provided",
		 model ? "devices of model " : "all devices", model ? model : "");
	if (!rc)
		rc = write_item(b, key, &box, line);
	berth_buf_free(&box);
	return rc;
}

static enum berth_err for_many(struct berth_backend *b, const struct berth_api_request *req, struct berth_json *args, const char *model,
			       struct berth_json *o)
{
	struct fleet f = { .model = model, .keys = berth_json_new_array() };
	bool gone = berth_json_bool(berth_json_get(req->body, "remove"), false);
	struct berth_env *env = berth_agent_env(b->agent);
	enum berth_err rc;

	if (!env->identity(env, BERTH_ID_OWNER))
		rc = berth_fail(BERTH_E_NOMATCH, "provision: this agent is no owner");
	else if (!(rc = f.keys ? keep_for(b, args, model, gone) : BERTH_E_NOMEM) &&
		 !(rc = berth_agent_each(b->agent, "owner", one_of_them, &f)))
		rc = tell_all(b, args, f.keys, o);
	berth_json_free(f.keys);
	return rc;
}

/* ---- the request ---- */
static enum berth_err check_body(const struct berth_json *body)
{
	int whom = (berth_json_get(body, "device") != NULL) + (berth_json_get(body, "model") != NULL) +
		   berth_json_bool(berth_json_get(body, "all"), false);
	bool remove = berth_json_bool(berth_json_get(body, "remove"), false);

	if (whom != 1)
		return berth_fail(BERTH_E_TYPE, "one of device, model and all");
	if (remove == (berth_json_get(body, "data") != NULL))
		return berth_fail(BERTH_E_TYPE, "either data or remove");
	return BERTH_OK;
}

static enum berth_err provision(void *arg, const struct berth_api_request *req, struct berth_json **out)
{
	const char *device = berth_data_str(req->body, "device"), *model = berth_data_str(req->body, "model");
	struct berth_json *args = berth_json_new_object();
	enum berth_err rc;

	if ((rc = check_body(req->body)) || (rc = item_args(req, args)))
		goto out;
	if (device) {
		rc = backend_device_command(arg, "owner", device, word_for(req), args, out);
		goto out;
	}
	*out = berth_json_new_object();
	if ((rc = for_many(arg, req, args, model, *out))) {
		berth_json_free(*out);
		*out = NULL;
	}
out:
	berth_json_free(args);
	return rc;
}

/* ---- what became of it ---- */
enum berth_err backend_copy_set(struct berth_json *to, const struct berth_json *data)
{
	static const char *const members[] = { "seq", "status", "reason", "atS", "results" };
	const struct berth_json *set = berth_json_get(data, "set");
	struct berth_json *o;
	enum berth_err rc = BERTH_OK;

	if (!set)
		return BERTH_OK;
	o = berth_json_new_object();
	for (size_t i = 0; !rc && i < sizeof(members) / sizeof(members[0]); i++)
		rc = backend_copy(o, members[i], set, members[i]);
	return berth_json_set_made(to, "set", o, rc);
}

void backend_provision_init(struct berth_api_backend *api)
{
	api->op[BERTH_API_PROVISION] = provision;
}
