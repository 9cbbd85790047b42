/* SPDX-License-Identifier: Apache-2.0 */
/* What is kept of DIDs, and when that is all there is. */
#include "agent/core/backend_internal.h"

#include "agent/core/resolveclient.h"
#include "agent/protocol/onboarding.h"

/* Nobody is asked, so nothing waits. */
static enum berth_err resolve(void *arg, const struct berth_api_request *req, struct berth_json **out)
{
	struct berth_backend *b = arg;
	struct berth_resolver *r = berth_agent_env(b->agent)->resolver;
	const char *did = berth_data_str(req->body, "did");
	bool before = berth_resolveclient_offline(b->resolve, true);
	struct berth_did_doc *doc = NULL;
	enum berth_err rc = berth_resolve(r, did, &doc);

	*out = berth_resolveclient_result(b->resolve, rc, r, did, doc);
	berth_did_doc_free(doc);
	berth_resolveclient_offline(b->resolve, before);
	return *out ? BERTH_OK : berth_no_memory();
}

enum berth_err backend_push_resolve(const struct berth_backend *b, struct berth_json *reasons)
{
	if (!b->resolve || !berth_resolveclient_is_stale(b->resolve))
		return BERTH_OK;
	return berth_json_push_str(reasons, "a registry is not available, and an older document counts; see the log");
}

void backend_resolve_init(struct berth_api_backend *api)
{
	api->op[BERTH_API_RESOLVE] = resolve;
}
