/* SPDX-License-Identifier: Apache-2.0 */
/* What became of the items that the owner has provisioned. */
#include "agent/core/backend_internal.h"

#include <string.h>

#include "agent/protocol/item.h"
#include "agent/protocol/onboarding.h"

enum berth_err
backend_hook_record(struct berth_backend *b, const char *id, const char *sha256, struct berth_json **out)
{
	struct berth_records *r = berth_agent_env(b->agent)->records;
	struct berth_buf text = BERTH_BUF_INIT;
	enum berth_err rc = r->get(r, BERTH_NS_HOOK, id, &text);

	*out = NULL;
	if (!rc && !(rc = berth_json_parse_object(out, (const char *)text.p, text.len, BERTH_JSON_MAX)) &&
	    !berth_json_says(berth_json_get(*out, "sha256"), sha256)) {
		berth_json_free(*out);
		*out = NULL;
		rc = BERTH_E_NOMATCH;	/* of another version */
	}
	berth_buf_free(&text);
	return rc;
}

/* {id, type, result: active | refused | ok | failed | timed-out, code?, hook?, tries?} */
static enum berth_err item_json(struct berth_backend *b, const struct berth_json *item, struct berth_json *o)
{
	const char *id = berth_data_str(item, "id"), *refused = berth_data_str(item, "refused");
	struct berth_json *r = NULL;
	enum berth_err rc = refused ? BERTH_E_NOMATCH : backend_hook_record(b, id, berth_data_str(item, "sha256"), &r);

	if (rc && rc != BERTH_E_NOMATCH)
		return rc;
	if (!(rc = backend_copy(o, "id", item, "id")) && !(rc = backend_copy(o, "type", item, "type")) &&
	    !(rc = refused ? berth_json_set_str(o, "code", refused) : BERTH_OK) &&
	    !(rc = berth_json_set_str(o, "result", refused ? "refused" : "active")) && r &&
	    !(rc = backend_copy(o, "result", r, "result")) && !(rc = backend_copy(o, "code", r, "code")) &&
	    !(rc = backend_copy(o, "hook", r, "hook")))
		rc = backend_copy(o, "tries", r, "tries");
	berth_json_free(r);
	return rc;
}

enum berth_err backend_set_items(struct berth_backend *b, struct berth_json *o, const struct berth_json *data)
{
	const struct berth_json *items = berth_json_get(berth_json_get(data, "active"), "items");
	struct berth_json *list = berth_json_new_array(), *v;
	enum berth_err rc = list ? BERTH_OK : BERTH_E_NOMEM;

	if (!berth_json_len(items)) {
		berth_json_free(list);
		return rc;
	}
	berth_json_each(item, items) {
		if (rc)
			break;
		v = berth_json_new_object();
		rc = item_json(b, item, v);
		rc = berth_json_push_made(list, v, rc);
	}
	return berth_json_set_made(o, "items", list, rc);
}
