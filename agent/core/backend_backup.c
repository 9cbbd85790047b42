/* SPDX-License-Identifier: Apache-2.0 */
/* A backup's half of the daemon: a snapshot in the state folder, which berth takes away,
 * encrypts with the key files, and deletes. */
#include "agent/core/backend_internal.h"

#include "agent/protocol/onboarding.h"
#include "did/base/clock.h"

/* Whoever makes one has looked after the last restoration. */
static enum berth_err note(struct berth_backend *b)
{
	struct berth_store *s = berth_agent_store(b->agent);
	enum berth_err rc = berth_store_begin(s);

	if (rc)
		return rc;
	if ((rc = berth_store_audit(s, berth_clock_now_s(), "backup", "a snapshot was made")) ||
	    (rc = berth_store_counter_set(s, BERTH_COUNTER_RESTORED, 0)) || (rc = berth_store_commit(s)))
		berth_store_rollback(s);
	return rc;
}

static enum berth_err backup(void *arg, const struct berth_api_request *req, struct berth_json **out)
{
	struct berth_backend *b = arg;
	struct berth_json *inst, *o = NULL;
	struct berth_buf path = BERTH_BUF_INIT;
	bool gateway = backend_gateway(b, &inst) != NULL;
	int64_t generation = 0;
	enum berth_err rc;

	(void)req;
	berth_json_free(inst);
	if (gateway)
		return berth_fail(BERTH_E_AUTHZ, "a gateway's state is its device's alone: its owner onboards it again");
	if (berth_agent_quarantined(b->agent))
		return berth_fail(BERTH_E_STORE, "quarantined: the state folder is an older copy");
	if ((rc = note(b)) || (rc = berth_store_snapshot(berth_agent_store(b->agent), &path)) ||
	    (rc = berth_store_counter_get(berth_agent_store(b->agent), "generation", &generation)))
		goto out;
	o = berth_json_new_object();
	if ((rc = berth_json_set_str(o, "snapshot", berth_buf_cstr(&path))) ||
	    (rc = berth_json_set_int(o, "generation", generation))) {
		berth_json_free(o);
		o = NULL;
	}
out:
	*out = o;
	berth_buf_free(&path);
	return rc;
}

void backend_backup_init(struct berth_api_backend *api) { api->op[BERTH_API_BACKUP] = backup; }
