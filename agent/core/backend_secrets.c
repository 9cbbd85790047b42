/* SPDX-License-Identifier: Apache-2.0 */
/* What was provisioned, as applications get it. */
#include "agent/core/backend_internal.h"

#include <stdio.h>
#include <string.h>

#include "agent/protocol/gateway_item.h"
#include "did/codec/base64url.h"

enum berth_err backend_secrets(void *arg, const struct berth_api_request *req, struct berth_json **out)
{
	struct berth_json *inst, *list = berth_json_new_array(), *o;
	const struct berth_json *gw = backend_gateway(arg, &inst), *data = berth_json_get(gw, "data");
	bool redacted = backend_out(data) != NULL;
	enum berth_err rc = list ? BERTH_OK : BERTH_E_NOMEM;

	(void)req;
	berth_json_each(item, berth_json_get(berth_json_get(data, "active"), "items")) {
		if (rc || redacted)
			break;
		if (berth_json_get(item, "refused"))
			continue;
		if ((o = berth_json_clone(item)))
			berth_json_remove(o, "slot");	/* nobody's business */
		rc = o ? berth_json_push(list, o) : BERTH_E_NOMEM;
	}
	berth_json_free(inst);
	return berth_json_give(out, list, rc);
}

/* As text too, when it is text, for callers that are shells. */
static enum berth_err set_text(struct berth_json *o, const char *b64)
{
	struct berth_buf bytes = BERTH_BUF_INIT, quoted = BERTH_BUF_INIT;
	enum berth_err rc = berth_b64url_decode(&bytes, b64, strlen(b64));

	if (!rc && !memchr(bytes.p ? bytes.p : (const uint8_t *)"", 0, bytes.len)) {
		berth_json_print_str(&quoted, berth_buf_cstr(&bytes));
		if (!berth_buf_status(&quoted) && !berth_json_check((const char *)quoted.p, quoted.len, BERTH_JSON_MAX))
			rc = berth_json_set_str(o, "text", berth_buf_cstr(&bytes));
	}
	berth_buf_free(&bytes);
	berth_buf_free(&quoted);
	return rc;
}

enum berth_err
backend_item(struct berth_env *env, const struct berth_json *data, const char *id, struct berth_json **out)
{
	const struct berth_json *active = berth_json_get(data, "active");
	struct berth_buf box = BERTH_BUF_INIT, plain = BERTH_BUF_INIT;
	char ns[GATEWAY_ITEM_NS_LEN], label[80];
	enum berth_err rc;

	*out = NULL;
	gateway_item_ns(ns, active, gateway_items_find(berth_json_get(active, "items"), id));
	snprintf(label, sizeof(label), "item/%s", id);
	if (!(rc = env->records->get(env->records, ns, id, &box)) &&
	    !(rc = env->keys->ops->unseal(env->keys, label, berth_data_int(data, "epoch", 0), box.p, box.len, &plain)))
		rc = berth_json_parse_object(out, (const char *)plain.p, plain.len, BERTH_JSON_MAX);
	berth_buf_free(&box);
	berth_buf_free(&plain);
	return rc;
}

static enum berth_err
open_item(struct berth_backend *b, const struct berth_json *data, const char *id, struct berth_json **out)
{
	struct berth_json *o = NULL;
	const char *value;
	enum berth_err rc;

	if ((rc = backend_item(berth_agent_env(b->agent), data, id, &o)) ||
	    (rc = berth_json_req_str(o, "value", BERTH_ITEM_MAX * 2, &value)) ||
	    (rc = berth_json_set_str(o, "data", value)) || (rc = set_text(o, berth_data_str(o, "data")))) {
		berth_json_free(o);
		return rc;
	}
	berth_json_remove(o, "value");
	*out = o;
	return BERTH_OK;
}

static enum berth_err secret(void *arg, const struct berth_api_request *req, struct berth_json **out)
{
	struct berth_backend *b = arg;
	struct berth_json *inst;
	const struct berth_json *data = berth_json_get(backend_gateway(b, &inst), "data");
	bool listed = false;
	int64_t generation;
	enum berth_err rc;

	berth_json_each(item, berth_json_get(berth_json_get(data, "active"), "items"))
		listed |= !berth_json_get(item, "refused") && strcmp(berth_data_str(item, "id"), req->param) == 0;
	if (!listed)
		rc = berth_fail(BERTH_E_NOMATCH, "nothing of the name %s was provisioned", req->param);
	else if (!(rc = backend_check_in_service(b)) && !(rc = open_item(b, data, req->param, out)) &&
		 !(rc = berth_store_counter_get(berth_agent_store(b->agent), "generation", &generation)))
		rc = berth_json_set_int(*out, "generation", generation);
	berth_json_free(inst);
	return rc;
}

void backend_secrets_init(struct berth_api_backend *api)
{
	api->op[BERTH_API_SECRETS] = backend_secrets;
	api->op[BERTH_API_SECRET] = secret;
}
