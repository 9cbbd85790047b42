/* SPDX-License-Identifier: Apache-2.0 */
/* What our mediator delivers: packed messages in the attachments of one of its own.  Each
 * is taken like one from anywhere, in transactions of its own; then the client's machine
 * hears which of them need not come again.  A crash in between makes them come again, and
 * they are known. */
#include <stdlib.h>
#include <string.h>

#include "agent/core/agent_internal.h"
#include "agent/protocol/mediate.h"
#include "did/base/log.h"
#include "did/url.h"

bool agent_is_delivery(const struct berth_agent *a, const struct berth_unpacked *in, const char *sender)
{
	return sender && a->cfg.policy->mediator_did && berth_did_same(sender, a->cfg.policy->mediator_did) &&
	       strcmp(in->msg.type, BERTH_PIURI_PICKUP "delivery") == 0;
}

/* Malformed ones are refused for good. */
static enum berth_err take_one(struct berth_agent *a, const struct berth_json *attachment, int depth)
{
	struct berth_buf packed = BERTH_BUF_INIT;
	enum berth_err rc = berth_forward_payload(attachment, &packed);

	if (!rc) {
		rc = agent_receive_inner(a, &packed, depth + 1);
	} else if (!agent_is_transient(rc)) {
		berth_log_err(BERTH_LOG_INFO, "delivery", rc);
		rc = BERTH_OK;
	}
	berth_buf_free(&packed);
	return rc;
}

static enum berth_err take_all(struct berth_agent *a, const struct berth_unpacked *in, struct berth_json *ids, int depth)
{
	enum berth_err rc = BERTH_OK;

	berth_json_each(att, in->msg.attachments) {
		const char *id = berth_json_str(berth_json_get(att, "id"));

		if (id && take_one(a, att, depth) == BERTH_OK && (rc = berth_json_push_str(ids, id)))
			break;
	}
	return rc;
}

enum berth_err agent_take_delivery(struct berth_agent *a, const struct berth_unpacked *in, const char *sender, int depth)
{
	struct berth_json *args = berth_json_new_object(), *ids = berth_json_new_array();
	struct berth_event ev = { .on = "delivery", .in = in, .sender = sender };
	enum berth_err rc = take_all(a, in, ids, depth);

	if (!rc) {
		rc = berth_json_set(args, "ids", ids);
		ids = NULL;
	}
	ev.args = args;
	if (!rc)
		rc = agent_deliver(a, &berth_mediated_machine, "self", &ev, NULL);
	berth_json_free(ids);
	berth_json_free(args);
	return rc;
}
