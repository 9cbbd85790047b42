/* SPDX-License-Identifier: Apache-2.0 */
/* The end of an epoch in the local API: an owner lets a device go, a gateway's operator has
 * a say, and what an application can see of it. */
#include "agent/core/backend_internal.h"

#include "agent/protocol/onboarding.h"

/* What the device has signed may come by hand; else the command itself. */
static enum berth_err let_go(struct berth_backend *b, const struct berth_api_request *req, const char *on,
			     struct berth_json **out)
{
	if (berth_json_get(req->body, "receipt"))
		on = "cmd/receipt";
	return backend_device_command(b, "owner", req->param, on, req->body, out);
}

static enum berth_err transfer(void *arg, const struct berth_api_request *req, struct berth_json **out)
{
	return let_go(arg, req, "cmd/transfer", out);
}

static enum berth_err retire(void *arg, const struct berth_api_request *req, struct berth_json **out)
{
	return let_go(arg, req, "cmd/retire", out);
}

static enum berth_err consent(void *arg, const struct berth_api_request *req, struct berth_json **out)
{
	struct berth_backend *b = arg;
	struct berth_json *inst, *o;
	enum berth_err rc = berth_agent_command(b->agent, "gateway", NULL, "cmd/consent", req->body, NULL);

	if (rc)
		return rc == BERTH_E_USAGE ? berth_fail(BERTH_E_NOMATCH, "consent: this agent is no gateway") : rc;
	o = berth_json_new_object();
	if ((rc = backend_copy(o, "state", backend_gateway(b, &inst), "state"))) {
		berth_json_free(o);
		o = NULL;
	}
	berth_json_free(inst);
	*out = o;
	return rc;
}

/* {"retire", "consent", "seconds", "nextOwner"?} */
static enum berth_err set_coming(struct berth_backend *b, struct berth_json *o, const struct berth_json *release)
{
	int64_t left = berth_data_int(release, "noticeS", 0) - berth_agent_env(b->agent)->uptime_s;
	struct berth_json *v = berth_json_new_object();
	enum berth_err rc;

	if ((rc = backend_copy(v, "retire", release, "retire")) || (rc = backend_copy(v, "consent", release, "consent")) ||
	    (rc = berth_json_set_int(v, "seconds", left > 0 ? left : 0)) ||
	    (rc = backend_copy(v, "nextOwner", release, "nextOwner"))) {
		berth_json_free(v);
		return rc;
	}
	return berth_json_set(o, "release", v);
}

enum berth_err backend_set_release(struct berth_backend *b, struct berth_json *o, const struct berth_json *data, bool is_admin)
{
	const struct berth_json *release = berth_json_get(data, "release"), *ended = berth_json_get(data, "ended");
	enum berth_err rc;

	if (release && (rc = set_coming(b, o, release)))
		return rc;
	return ended && is_admin ? backend_copy(o, "receipt", ended, "receipt") : BERTH_OK;
}

void backend_release_init(struct berth_api_backend *api)
{
	api->op[BERTH_API_DEVICE_TRANSFER] = transfer;
	api->op[BERTH_API_DEVICE_RETIRE] = retire;
	api->op[BERTH_API_RELEASE_CONSENT] = consent;
}
