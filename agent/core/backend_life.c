/* SPDX-License-Identifier: Apache-2.0 */
/* Life after onboarding on the local API: an owner's devices out of service and back, what
 * they attest, the status lists; and what a gateway says of itself. */
#include "agent/core/backend_internal.h"

#include <stdio.h>
#include <string.h>

#include "agent/protocol/onboarding.h"
#include "did/base/clock.h"
#include "did/base/hex.h"
#include "did/keystore/tpm2_pcr.h"

/* ---- a gateway's own ---- */
const char *backend_out(const struct berth_json *data)
{
	return berth_data_str(berth_json_get(data, "quarantine"), "why");
}

enum berth_err backend_check_in_service(struct berth_backend *b)
{
	struct berth_json *inst;
	const char *why = backend_out(berth_json_get(backend_gateway(b, &inst), "data"));
	enum berth_err rc = why ? berth_fail(BERTH_E_STATUS, "this device is %s by its owner", why) : BERTH_OK;

	berth_json_free(inst);
	return rc;
}

static enum berth_err push(struct berth_json *reasons, const char *what, const char *reason, const char *next)
{
	struct berth_buf text = BERTH_BUF_INIT;
	enum berth_err rc;

	berth_buf_printf(&text, "%s%s%.256s%s%s", what, reason && *reason ? ": " : "", reason ? reason : "", *next ? "; " : "", next);
	if (!(rc = berth_buf_status(&text)))
		rc = berth_json_push_str(reasons, berth_buf_cstr(&text));
	berth_buf_free(&text);
	return rc;
}

static enum berth_err push_quarantine(struct berth_backend *b, const struct berth_json *data, struct berth_json *reasons)
{
	const char *why = backend_out(data), *reason = berth_data_str(berth_json_get(data, "quarantine"), "reason");

	if (berth_agent_quarantined(b->agent) || !why)
		return push(reasons, "the state folder is an older copy", NULL, "see berth(1), onboard");
	if (strcmp(why, "revoked") == 0)
		return push(reasons, "revoked by its owner", reason, "berth onboard starts anew where the owner lets it");
	return push(reasons, "suspended by its owner", reason, "it comes back by itself when the owner says so");
}

/* What is not as it should be with a gateway in that state, and what to do about it. */
enum berth_err backend_push_life(struct berth_backend *b, const char *state, struct berth_json *reasons)
{
	struct berth_json *inst;
	const struct berth_json *data = berth_json_get(backend_gateway(b, &inst), "data");
	const char *denied = berth_data_str(data, "denied");
	enum berth_err rc = BERTH_OK;

	if (!state)
		goto out;
	if (strcmp(state, "QUARANTINED") == 0)
		rc = push_quarantine(b, data, reasons);
	else if (strcmp(state, "COMMITTING") == 0)
		rc = push(reasons, "waiting for the owner's word", NULL, "berth onboard --abandon gives up");
	else if (strcmp(state, "EXPIRED") == 0)
		rc = push(reasons, "the operational credential has expired", NULL, "its owner is asked for a new one");
	else if (strcmp(state, "RELEASING") == 0)
		rc = push(reasons, "the owner lets this device go", NULL, "see berth(1), consent");
	else if (strcmp(state, "RETIRING") == 0)
		rc = push(reasons, "the owner retires this device", NULL, "see berth(1), consent");
	else if (strcmp(state, "RETIRED") == 0)
		rc = push(reasons, "this device was retired", NULL, "");
	else if (strcmp(state, "PENDING") == 0)
		rc = push(reasons, "a person has to approve this device", berth_data_str(data, "pending"), "");
	else if (strcmp(state, "SEEKING") == 0 && denied)
		rc = push(reasons, "the owner refused this device", denied, "it is asked again from time to time");
out:
	berth_json_free(inst);
	return rc;
}

/* ---- onboard --dry-run ---- */
static enum berth_err push_rendezvous(struct berth_backend *b, struct berth_json *list)
{
	struct berth_device_credential dc = { 0 };
	struct berth_json *text;
	const char *compact;
	enum berth_err rc = berth_agent_apart(b->agent, &berth_gateway_machine, NULL, &text);

	if (rc)
		return rc == BERTH_E_NOMATCH ? BERTH_OK : rc;	/* not born yet, or no gateway */
	if ((compact = berth_json_str(text)))
		rc = berth_device_credential_parse(&dc, compact, strlen(compact));
	for (size_t i = 0; !rc && i < dc.n_rv; i++)
		rc = berth_json_push_str(list, dc.rv[i].uri);
	berth_object_free(&dc.obj);
	berth_json_free(text);
	return rc;
}

static const char *would(struct berth_backend *b, const char *state, const struct berth_json *data, bool any)
{
	const char *why = backend_out(data);

	if (berth_agent_quarantined(b->agent))
		return "do nothing: the state folder is an older copy";
	if (!berth_json_get(data, "rootHash"))
		return "be born at the configured factory first";
	if (why)
		return strcmp(why, "revoked") == 0 ? "give up the revoked identity and all that came with it, and ask who owns this device"
						   : "do nothing: this device is suspended, and has an owner";
	if (berth_json_get(data, "active"))
		return "do nothing: this device has an owner";
	if (state && strcmp(state, "PENDING") == 0)
		return "wait: a person at the owner has to approve this device";
	if (state && strcmp(state, "COMMITTING") == 0)
		return "wait for the owner's word; --abandon gives up";
	if (berth_json_get(data, "run"))
		return "go on with the run that is under way";
	return any ? "ask these rendezvous agents who owns this device"
		   : "wait for an invitation: the DeviceCredential names no rendezvous";
}

enum berth_err backend_dry_run(struct berth_backend *b, struct berth_json *o)
{
	struct berth_json *inst, *list = berth_json_new_array();
	const struct berth_json *gw = backend_gateway(b, &inst), *data = berth_json_get(gw, "data");
	enum berth_err rc = list ? push_rendezvous(b, list) : BERTH_E_NOMEM;

	if (!rc && !(rc = berth_json_set_str(o, "would", would(b, berth_data_str(gw, "state"), data, berth_json_len(list) > 0))) &&
	    berth_json_get(data, "active"))
		rc = backend_copy_owner(o, berth_json_get(data, "active"));
	berth_json_free(inst);
	return berth_json_set_made(o, "rendezvous", list, rc);
}

/* ---- an owner's devices ---- */
enum berth_err backend_copy_status(struct berth_json *to, const struct berth_json *data)
{
	static const char *const members[] = { "is", "reason", "index", "seq", "notedS" };
	const struct berth_json *from = berth_json_get(data, "status");
	struct berth_json *o;
	enum berth_err rc = BERTH_OK;

	if (!berth_json_get(from, "is"))
		return BERTH_OK;
	o = berth_json_new_object();
	for (size_t i = 0; !rc && i < sizeof(members) / sizeof(members[0]); i++)
		rc = backend_copy(o, members[i], from, members[i]);
	if (!rc)
		rc = berth_json_set_bool(o, "noted", berth_json_get(data, "notice") == NULL);
	return berth_json_set_made(to, "status", o, rc);
}

static enum berth_err suspend(void *arg, const struct berth_api_request *req, struct berth_json **out)
{
	return backend_device_command(arg, "owner", req->param, "cmd/suspend", req->body, out);
}

static enum berth_err resume(void *arg, const struct berth_api_request *req, struct berth_json **out)
{
	return backend_device_command(arg, "owner", req->param, "cmd/resume", NULL, out);
}

static enum berth_err revoke(void *arg, const struct berth_api_request *req, struct berth_json **out)
{
	return backend_device_command(arg, "owner", req->param, "cmd/revoke", req->body, out);
}

/* As `pcr` of a [reference] takes them, in the place of the bytes. */
static enum berth_err spell_values(struct berth_json *attested)
{
	struct berth_json *list = berth_json_new_array();
	struct berth_pcr_values v;
	char text[4 + 64 + 1];
	uint32_t mask;
	enum berth_err rc;

	if ((rc = berth_pcr_list_read(&mask, attested)) || (rc = berth_pcr_values_read(&v, mask, attested, "values")))
		goto out;
	for (int i = 0; !rc && i < BERTH_PCRS; i++) {
		if (!(v.mask >> i & 1))
			continue;
		berth_hex_encode(text + snprintf(text, 4, "%d:", i), v.v[i], sizeof(v.v[i]));
		rc = berth_json_push_str(list, text);
	}
	berth_json_remove(attested, "values");
	if (!rc && v.mask) {
		rc = berth_json_set(attested, "pcrValues", list);
		list = NULL;
	}
out:
	berth_json_free(list);
	return rc;
}

/* at: for people; absent where the owner's clock was not known. */
enum berth_err backend_copy_attested(struct berth_json *o, const struct berth_json *data, bool all)
{
	const struct berth_json *from = berth_json_get(data, "attested");
	int64_t at = berth_data_int(from, "atS", 0);
	char text[BERTH_RFC3339_LEN + 1];
	struct berth_json *out;
	enum berth_err rc;

	if (!from)
		return BERTH_OK;
	out = all ? berth_json_clone(from) : berth_json_new_object();
	berth_rfc3339_format(text, at);
	if ((!all && ((rc = backend_copy(out, "verdict", from, "verdict")) || (rc = backend_copy(out, "atS", from, "atS")))) ||
	    (all && (rc = spell_values(out))) || (at && (rc = berth_json_set_str(out, "at", text)))) {
		berth_json_free(out);
		return rc;
	}
	return berth_json_set(o, "attested", out);
}

/* An owner's: whose evidence is not what it should be, and who gives none. */
enum berth_err backend_push_attested(struct berth_backend *b, struct berth_json *reasons)
{
	static const struct { const char *ns, *what; } all[] = {
		{ BERTH_NS_DRIFTED, "not what they attested before, or should (berth devices list)" },
		{ BERTH_NS_SILENT, "asked what they run, and silent (berth devices list)" },
	};
	char text[120];
	int64_t n;
	enum berth_err rc = BERTH_OK;

	for (size_t i = 0; !rc && i < sizeof(all) / sizeof(all[0]); i++) {
		if ((rc = berth_store_count(berth_agent_store(b->agent), all[i].ns, &n)) || !n)
			continue;
		snprintf(text, sizeof(text), "devices: %lld %s", (long long)n, all[i].what);
		rc = berth_json_push_str(reasons, text);
	}
	return rc;
}

static enum berth_err attest(void *arg, const struct berth_api_request *req, struct berth_json **out)
{
	return backend_device_command(arg, "owner", req->param, "cmd/attest", req->body, out);
}

static enum berth_err status_lists(void *arg, const struct berth_api_request *req, struct berth_json **out)
{
	struct berth_backend *b = arg;
	enum berth_err rc = berth_agent_command(b->agent, "lists", NULL, "cmd/lists", NULL, out);

	(void)req;
	return rc == BERTH_E_USAGE ? berth_fail(BERTH_E_NOMATCH, "status lists: this agent is no owner") : rc;
}

void backend_life_init(struct berth_api_backend *api)
{
	api->op[BERTH_API_DEVICE_SUSPEND] = suspend;
	api->op[BERTH_API_DEVICE_RESUME] = resume;
	api->op[BERTH_API_DEVICE_REVOKE] = revoke;
	api->op[BERTH_API_DEVICE_ATTEST] = attest;
	api->op[BERTH_API_STATUS_LISTS] = status_lists;
}
