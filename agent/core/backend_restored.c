/* SPDX-License-Identifier: Apache-2.0 */
/* What an owner out of a backup still has to find out: devices that were in use when the backup
 * was made, or have been since, and have not spoken to it yet.  Health says that it is one until
 * all of them have, or until the operator says that it is good. */
#include "agent/core/backend_internal.h"

#include <string.h>

#include "agent/core/store.h"
#include "agent/protocol/onboarding.h"
#include "did/base/clock.h"

#define NAMED_MAX 3	/* serials in health; `berth restore show` has all */

struct behind { struct berth_json *devices; int64_t since_s, known; };

static bool is_in_use(const char *state)
{
	static const char *const states[] = { "COMMITTED", "ACTIVE", "RENEW_PENDING", "SUSPENDED" };

	for (size_t i = 0; state && i < sizeof(states) / sizeof(states[0]); i++)
		if (strcmp(state, states[i]) == 0)
			return true;
	return false;
}

bool backend_is_unheard(int64_t restored_s, const struct berth_json *inst)
{
	return is_in_use(berth_data_str(inst, "state")) && berth_data_int(berth_json_get(inst, "data"), "synced", 0) < restored_s;
}

static enum berth_err look_at(void *arg, const char *key, const struct berth_json *inst)
{
	const struct berth_json *data = berth_json_get(inst, "data");
	struct behind *x = arg;
	struct berth_json *o;
	enum berth_err rc;

	if (!is_in_use(berth_data_str(inst, "state")))
		return BERTH_OK;
	x->known++;
	if (!backend_is_unheard(x->since_s, inst))
		return BERTH_OK;
	o = berth_json_new_object();
	if ((rc = berth_json_set_str(o, "device", key)) || (rc = backend_copy(o, "serial", data, "serial")) ||
	    (rc = backend_copy(o, "state", inst, "state"))) {
		berth_json_free(o);
		return rc;
	}
	return berth_json_push(x->devices, o);
}

static enum berth_err find_behind(struct berth_backend *b, struct behind *x)
{
	enum berth_err rc;

	*x = (struct behind){ .devices = berth_json_new_array() };
	rc = berth_store_counter_get(berth_agent_store(b->agent), BERTH_COUNTER_RESTORED_S, &x->since_s);
	return rc || !x->since_s ? rc : berth_agent_each(b->agent, "owner", look_at, x);
}

enum berth_err backend_end_restored(struct berth_backend *b, const char *why)
{
	struct berth_store *s = berth_agent_store(b->agent);
	enum berth_err rc = berth_store_begin(s);

	if (rc)
		return rc;
	if ((rc = berth_store_audit(s, berth_clock_now_s(), "restored", why)) ||
	    (rc = berth_store_counter_set(s, BERTH_COUNTER_RESTORED, 0)) || (rc = berth_store_commit(s)))
		berth_store_rollback(s);
	return rc;
}

static enum berth_err is_restored(struct berth_backend *b, bool *is)
{
	int64_t v = 0;
	enum berth_err rc = berth_store_counter_get(berth_agent_store(b->agent), BERTH_COUNTER_RESTORED, &v);

	*is = v != 0;
	return rc;
}

static enum berth_err push_behind(const struct behind *x, struct berth_json *reasons)
{
	struct berth_buf text = BERTH_BUF_INIT;
	size_t n = 0;
	enum berth_err rc;

	berth_buf_str(&text, "restored from a backup: import again what came after it");
	if (berth_json_len(x->devices))
		berth_buf_printf(&text, "; %zu devices have not spoken since:", berth_json_len(x->devices));
	berth_json_each(d, x->devices)
		if (n++ < NAMED_MAX)
			berth_buf_printf(&text, " %.64s", berth_data_str(d, "serial"));
	berth_buf_str(&text, n > NAMED_MAX ? " ...; see berth restore show, and berth restore end ends this notice"
					   : "; berth restore end ends this notice");
	if (!(rc = berth_buf_status(&text)))
		rc = berth_json_push_str(reasons, berth_buf_cstr(&text));
	berth_buf_free(&text);
	return rc;
}

/* Where no device is known nobody can speak: then a person has to look. */
enum berth_err backend_push_restored(struct berth_backend *b, struct berth_json *reasons)
{
	struct behind x;
	bool is;
	enum berth_err rc = is_restored(b, &is);

	if (rc || !is)
		return rc;
	if ((rc = find_behind(b, &x)))
		goto out;
	if (x.known && !berth_json_len(x.devices))
		rc = backend_end_restored(b, "all devices that are known have spoken since");
	else
		rc = push_behind(&x, reasons);
out:
	berth_json_free(x.devices);
	return rc;
}

static enum berth_err show(void *arg, const struct berth_api_request *req, struct berth_json **out)
{
	struct berth_json *o = berth_json_new_object(), *devices;
	struct behind x;
	bool is = false;
	enum berth_err rc = find_behind(arg, &x);

	(void)req;
	devices = x.devices;
	if (rc || (rc = is_restored(arg, &is)))
		berth_json_free(devices);
	else if (!(rc = berth_json_set(o, "devices", devices)) && !(rc = berth_json_set_bool(o, "restored", is)) && x.since_s)
		rc = berth_json_set_int(o, "since", x.since_s);
	return berth_json_give(out, o, rc);
}

/* E_NOMATCH: there is nothing to end. */
static enum berth_err end(void *arg, const struct berth_api_request *req, struct berth_json **out)
{
	bool is;
	enum berth_err rc = is_restored(arg, &is);

	(void)req;
	*out = NULL;
	if (!rc && !is)
		rc = berth_fail(BERTH_E_NOMATCH, "this agent is not one out of a backup, or that was ended before");
	if (!rc)
		rc = backend_end_restored(arg, "the operator has looked");
	if (!rc)
		*out = berth_json_new_object();
	return rc;
}

void backend_restored_init(struct berth_api_backend *api)
{
	api->op[BERTH_API_RESTORED] = show;
	api->op[BERTH_API_RESTORED_END] = end;
}
