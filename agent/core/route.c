/* SPDX-License-Identifier: Apache-2.0 */
/* Which way a message goes: a row keeps all the ways there were when it was put, and
 * each try takes the next one.  What is sent through mediators is wrapped at the moment
 * it leaves; the row itself holds what the peer is to read, and goes into an answer to
 * the peer as it is. */
#include <stdlib.h>
#include <string.h>

#include "agent/core/agent_internal.h"
#include "did/base/log.h"

/* Long keys of many mediators: the last ways go first. */
static enum berth_err print_what_fits(struct berth_buf *out, const struct berth_routes *r)
{
	struct berth_routes some = *r;
	enum berth_err rc = BERTH_OK;

	for (; !rc && some.n; some.n--) {
		struct berth_buf text = BERTH_BUF_INIT;

		rc = berth_routes_print(&text, &some);
		if (!rc && text.len <= BERTH_OUTBOX_ENDPOINTS_MAX) {
			berth_buf_put(out, text.p, text.len);
			berth_buf_free(&text);
			return berth_buf_status(out);
		}
		berth_buf_free(&text);
	}
	return rc ? rc : berth_fail(BERTH_E_ROUTE, "no way to the peer is short enough to be kept");
}

enum berth_err agent_routes_of(struct berth_agent *a, const char *did, bool is_answer, struct berth_buf *endpoints)
{
	bool stranger = agent_is_stranger(a, did);
	struct berth_routes r;
	enum berth_err rc = berth_routes_find(&r, a->env.resolver, did,
					      stranger ? BERTH_ROUTE_LOOKUPS_STRANGER : BERTH_ROUTE_LOOKUPS_MAX);

	if (!rc && r.n)
		rc = print_what_fits(endpoints, &r);
	berth_routes_free(&r);
	/* whoever asked may still be asking for the answer */
	if (rc && is_answer && !agent_is_transient(rc)) {
		berth_log_err(BERTH_LOG_INFO, "route", rc);
		rc = BERTH_OK;
	}
	return rc;
}

enum berth_err agent_route_pick(struct agent_try *out, const struct berth_outbox_row *row)
{
	struct berth_routes r;
	enum berth_err rc = berth_routes_parse(&r, row->endpoints);
	size_t i;

	*out = (struct agent_try){ .body = BERTH_BUF_INIT };
	if (!rc && r.n == 0)
		rc = berth_fail(BERTH_E_ROUTE, "nothing to dial");
	if (rc)
		return rc;
	i = ((size_t)row->tries + (size_t)row->silences) % r.n;
	out->uri = strdup(r.list[i].uri);
	rc = out->uri ? berth_route_wrap(&out->body, &r.list[i], row->peer, row->body, row->body_len)
		      : berth_no_memory();
	if (rc)
		agent_try_free(out);
	out->others = r.n > 1;
	berth_routes_free(&r);
	return rc;
}

void agent_try_free(struct agent_try *t)
{
	free(t->uri);
	berth_buf_free(&t->body);
	*t = (struct agent_try){ .body = BERTH_BUF_INIT };
}
