/* SPDX-License-Identifier: Apache-2.0 */
/* Whom the device speaks as, and presentations made in its name. */
#include "agent/core/backend_internal.h"

#include <string.h>

#include "agent/protocol/credentials.h"
#include "agent/protocol/onboarding.h"
#include "vc/vc.h"

#define ID_OPERATIONAL "operational"

/* ---- identities ---- */
static enum berth_err set_credential(struct berth_backend *b, struct berth_json *o)
{
	struct berth_credential c;
	enum berth_err rc = berth_credential_own(berth_agent_env(b->agent), &c);

	if (!rc)
		rc = berth_json_set_str(o, "credential", c.text);
	berth_credential_free(&c);
	return rc == BERTH_E_NOMATCH ? BERTH_OK : rc;
}

static enum berth_err
identity_json(struct berth_backend *b, const struct berth_identity *id, const char *name,
	      bool is_operational, struct berth_json **out)
{
	struct berth_keys *keys = berth_agent_env(b->agent)->keys;
	struct berth_json *o = berth_json_new_object();
	enum berth_err rc;

	if ((rc = berth_json_set_str(o, "name", name)) || (rc = berth_json_set_str(o, "did", id->did)) ||
	    (rc = berth_json_set_str(o, "didLong", id->did_long)) ||
	    (rc = berth_json_set_str(o, "custody", berth_custody_name(berth_keys_custody(keys, id->name)))) ||
	    (is_operational && (rc = set_credential(b, o)))) {
		berth_json_free(o);
		return rc;
	}
	*out = o;
	return BERTH_OK;
}

/* Which section of the configuration has its keys: the operator's business. */
static enum berth_err set_keystore(struct berth_backend *b, const struct berth_identity *id, struct berth_json *o)
{
	struct berth_keys *k = berth_agent_env(b->agent)->keys;
	const char *name = (k->ops->home ? k->ops->home(k, id->name) : k)->name;

	return name ? berth_json_set_str(o, "keystore", name) : BERTH_OK;
}

/* The operational identity, E_NOMATCH before there is one. */
static const struct berth_identity *
operational(struct berth_backend *b, const struct berth_json *active)
{
	struct berth_env *env = berth_agent_env(b->agent);
	const char *name = berth_data_str(active, "identity");

	return name ? env->identity(env, name) : NULL;
}

/* What applications have: the operational one, as far as it is in service. */
static enum berth_err push_operational(struct berth_backend *b, const struct berth_json *gw, const struct berth_identity *op,
				       bool is_admin, struct berth_json *list)
{
	const struct berth_json *data = berth_json_get(gw, "data"), *active = berth_json_get(data, "active");
	const char *state = berth_data_str(gw, "state"), *out = backend_out(data);
	struct berth_json *o;
	enum berth_err rc = identity_json(b, op, ID_OPERATIONAL, true, &o);

	if (rc)
		return rc;
	if (is_admin && !(rc = set_keystore(b, op, o)))
		rc = backend_copy(o, "receipt", active, "receipt");
	if (!rc && state && strcmp(state, "EXPIRED") == 0)	/* served all the same */
		rc = berth_json_set_bool(o, "stale", true);
	if (!rc && out) {
		berth_json_remove(o, "credential");
		rc = berth_json_set_str(o, "outOfService", out);
	}
	return berth_json_push_made(list, o, rc);
}

/* The others are the operator's business, never an application's. */
static enum berth_err push_others(struct berth_backend *b, const struct berth_identity *op, struct berth_json *list)
{
	struct berth_json *o;
	enum berth_err rc = BERTH_OK;

	for (size_t i = 0; !rc && i < berth_agent_identity_count(b->agent); i++) {
		const struct berth_identity *id = berth_agent_identity_at(b->agent, i);

		if (id == op || (rc = identity_json(b, id, id->name, false, &o)))
			continue;
		rc = set_keystore(b, id, o);
		rc = berth_json_push_made(list, o, rc);
	}
	return rc;
}

enum berth_err backend_identities(void *arg, const struct berth_api_request *req, struct berth_json **out)
{
	struct berth_backend *b = arg;
	struct berth_json *inst, *list = berth_json_new_array();
	const struct berth_json *gw = backend_gateway(b, &inst);
	const struct berth_identity *op = operational(b, berth_json_get(berth_json_get(gw, "data"), "active"));
	enum berth_err rc = list ? BERTH_OK : BERTH_E_NOMEM;

	if (!rc && op)
		rc = push_operational(b, gw, op, backend_is_admin(req), list);
	if (!rc && backend_is_admin(req))
		rc = push_others(b, op, list);
	berth_json_free(inst);
	return berth_json_give(out, list, rc);
}

static enum berth_err identity(void *arg, const struct berth_api_request *req, struct berth_json **out)
{
	struct berth_json *list = NULL;
	enum berth_err rc = backend_identities(arg, req, &list);

	if (rc)
		return rc;
	rc = berth_fail(BERTH_E_NOMATCH, "no identity %s; before onboarding there is none", req->param);
	berth_json_each(v, list)
		if (strcmp(berth_data_str(v, "name"), req->param) == 0)
			rc = (*out = berth_json_clone(v)) ? BERTH_OK : berth_no_memory();
	berth_json_free(list);
	return rc;
}

/* A vp+jwt with the OperationalCredential for one verifier: audience and its nonce. */
static enum berth_err present_credential(struct berth_backend *b, const struct berth_api_request *req,
					 const struct berth_identity *op, const char *vc, struct berth_json **out)
{
	const char *format = "vp+jwt";
	struct berth_buf vp = BERTH_BUF_INIT;
	struct berth_json *o = NULL;
	enum berth_err rc = berth_json_opt_str(req->body, "format", 32, &format);

	if (!rc && strcmp(format, "vp+jwt") != 0)
		rc = berth_fail(BERTH_E_TYPE, "format %s: only vp+jwt so far", format);
	if (!rc && !(rc = berth_vp_create(&vp, berth_agent_env(b->agent)->keys->keyring, op->sign_kid_long,
					  berth_data_str(req->body, "nonce"), berth_data_str(req->body, "audience"), &vc, 1))) {
		o = berth_json_new_object();
		if (!(rc = berth_json_set_str(o, "format", format)))
			rc = berth_json_set_str(o, "presentation", berth_buf_cstr(&vp));
	}
	berth_buf_free(&vp);
	return berth_json_give(out, o, rc);
}

static enum berth_err present(void *arg, const struct berth_api_request *req, struct berth_json **out)
{
	struct berth_backend *b = arg;
	struct berth_json *inst;
	const struct berth_json *active = berth_json_get(berth_json_get(backend_gateway(b, &inst), "data"), "active");
	const struct berth_identity *op = operational(b, active);
	struct berth_credential vc = { 0 };
	const char *format = NULL;
	enum berth_err rc;

	if (!(rc = berth_json_opt_str(req->body, "format", 32, &format)) && !(rc = backend_check_in_service(b)) &&
	    (!op || strcmp(req->param, ID_OPERATIONAL) != 0 || (rc = berth_credential_own(berth_agent_env(b->agent), &vc)) == BERTH_E_NOMATCH))
		rc = berth_fail(BERTH_E_NOMATCH, "no identity %s to present", req->param);
	if (!rc)
		rc = berth_json_get(req->body, "query") ? backend_present(b, req, op, out)
							: present_credential(b, req, op, vc.text, out);
	berth_credential_free(&vc);
	berth_json_free(inst);
	return rc;
}

void backend_identities_init(struct berth_api_backend *api)
{
	api->op[BERTH_API_IDENTITIES] = backend_identities;
	api->op[BERTH_API_IDENTITY] = identity;
	api->op[BERTH_API_PRESENT] = present;
}
