/* SPDX-License-Identifier: Apache-2.0 */
/* The text exposition format 0.0.4 of Prometheus; docs/metrics.md has the table.  Names stay
 * what they are: dashboards and alerts of strangers are made of them. */
#include "agent/core/backend_internal.h"

#include <inttypes.h>
#include <string.h>

#include "agent/core/metrics.h"
#include "agent/protocol/onboarding.h"

struct family {
	const char *name, *help;
	enum berth_metric metric;
};

/* name ends with _total: a counter */
static void head(struct berth_buf *out, const char *name, const char *help)
{
	size_t n = strlen(name);
	bool counter = n > 6 && strcmp(name + n - 6, "_total") == 0;

	berth_buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, counter ? "counter" : "gauge");
}

static void one(struct berth_buf *out, const char *name, const char *help, int64_t v)
{
	head(out, name, help);
	berth_buf_printf(out, "%s %" PRId64 "\n", name, v);
}

static const struct family counters[] = {
	{ "berth_messages_received_total", "Packed messages from peers.", BERTH_METRIC_RECEIVED },
	{ "berth_messages_unreadable_total", "Of them, that could not be opened or understood.", BERTH_METRIC_UNREADABLE },
	{ "berth_messages_delivered_total", "Our messages that a peer has said it holds.", BERTH_METRIC_DELIVERED },
	{ "berth_messages_given_up_total", "Our messages that became dead letters.", BERTH_METRIC_GIVEN_UP },
	{ "berth_keystore_operations_total", "Operations of the keystores; with a TPM, what it was asked.", BERTH_METRIC_KEY_CALLS },
	{ "berth_keystore_failures_total", "Of them, that the keystore failed.", BERTH_METRIC_KEY_FAILURES },
	{ "berth_api_requests_total", "Requests on the local sockets.", BERTH_METRIC_API_CALLS },
	{ "berth_audit_signatures_total", "Signatures over the audit log.", BERTH_METRIC_AUDIT_SIGNED },
};

static void put_counters(struct berth_buf *out)
{
	static const struct { const char *process; enum berth_metric metric; } helpers[] = {
		{ "keyd", BERTH_METRIC_KEYD_ENDS }, { "netd", BERTH_METRIC_NETD_ENDS }, { "resolverd", BERTH_METRIC_RESOLVERD_ENDS },
	};

	for (size_t i = 0; i < sizeof(counters) / sizeof(counters[0]); i++)
		one(out, counters[i].name, counters[i].help, (int64_t)berth_metric(counters[i].metric));
	head(out, "berth_process_restarts_total", "How often a process of the agent ended and was started again.");
	for (size_t i = 0; i < sizeof(helpers) / sizeof(helpers[0]); i++)
		berth_buf_printf(out, "berth_process_restarts_total{process=\"%s\"} %" PRIu64 "\n", helpers[i].process,
				 berth_metric(helpers[i].metric));
}

/* Every code from the first scrape on: a rate needs a zero to rise from. */
static void put_refusals(struct berth_buf *out, const char *name, const char *help, enum berth_refusal what)
{
	head(out, name, help);
	for (int code = BERTH_OK + 1; code < BERTH_E__COUNT; code++)
		berth_buf_printf(out, "%s{code=\"%s\"} %" PRIu64 "\n", name, berth_err_name((enum berth_err)code),
				 berth_metric_refusals(what, (enum berth_err)code));
}

static enum berth_err put_store(struct berth_backend *b, struct berth_buf *out)
{
	struct berth_store *s = berth_agent_store(b->agent);
	int64_t bytes, generation, devices, drifted, silent, unsigned_rows;
	struct berth_store_counts c;
	enum berth_err rc;

	if ((rc = berth_store_counts(s, &c)) || (rc = berth_store_bytes(s, &bytes)) ||
	    (rc = berth_store_counter_get(s, "generation", &generation)) || (rc = berth_store_count(s, "owner", &devices)) ||
	    (rc = berth_store_count(s, BERTH_NS_DRIFTED, &drifted)) || (rc = berth_store_count(s, BERTH_NS_SILENT, &silent)) ||
	    (rc = berth_agent_audit_unsigned(b->agent, &unsigned_rows)))
		return rc;
	one(out, "berth_outbox_messages", "Messages that wait to be sent or acknowledged.", c.out);
	one(out, "berth_outbox_bytes", "Their size.", c.out_bytes);
	one(out, "berth_outbox_held_messages", "Of them, held until the peer asks.", c.parked);
	one(out, "berth_dead_letters", "Messages that were given up and are still shown.", c.dead);
	one(out, "berth_inbox_ids", "Ids of messages that are remembered against replay.", c.inbox);
	one(out, "berth_store_records", "Records in the store.", c.records);
	one(out, "berth_store_bytes", "Size of the store on disk.", bytes);
	one(out, "berth_audit_rows", "Rows of the audit log.", c.audit);
	one(out, "berth_audit_unsigned_rows", "Rows behind its last signature.", unsigned_rows);
	one(out, "berth_generation", "The generation counter.", generation);
	one(out, "berth_devices", "Devices that this owner knows.", devices);
	one(out, "berth_devices_drifted", "Of them, whose last attestation drifted or did not hold.", drifted);
	one(out, "berth_devices_silent", "Of them, that did not answer when they were last asked to attest.", silent);
	return BERTH_OK;
}

/* Until when the operational credential is used, and when it is renewed; of a gateway that
 * has one, with a clock. */
static void put_renewal(struct berth_buf *out, const struct berth_env *env, const struct berth_json *active)
{
	int64_t at = berth_data_int(active, "renewS", 0), issued = berth_data_int(active, "issuedS", -1);

	if (!active || !at || issued < 0 || env->now_s < 0)
		return;
	one(out, "berth_renewal_timestamp_seconds", "When the operational credential is renewed.", issued + at);
	one(out, "berth_renewals_due", "Credentials whose renewal is due and has not happened.", env->now_s >= issued + at);
}

static enum berth_err put_state(struct berth_backend *b, struct berth_buf *out)
{
	struct berth_env *env = berth_agent_env(b->agent);
	struct berth_json *inst, *o = berth_json_new_object();
	const struct berth_json *gw = backend_gateway(b, &inst), *health, *data = berth_json_get(gw, "data");
	const char *state = backend_state(b, berth_data_str(gw, "state")), *protection;
	enum berth_err rc = backend_health(b, state, o);

	if (!rc) {
		health = berth_json_get(o, "health");
		protection = berth_data_str(health, "rollback_protection");
		head(out, "berth_state", "1 for the state that `berth status` shows.");
		berth_buf_printf(out, "berth_state{state=\"%s\"} 1\n", state);
		one(out, "berth_degraded_reasons", "Reasons why health is degraded; 0: it is ok.",
		    (int64_t)berth_json_len(berth_json_get(health, "reasons")));
		one(out, "berth_clock_trusted", "Whether the time is known.", env->now_s >= 0);
		one(out, "berth_rollback_protected", "Whether a TPM counts beside the store.",
		    protection && strcmp(protection, "tpm") == 0);
		one(out, "berth_quarantined", "Whether the state folder is an older copy.", berth_agent_quarantined(b->agent));
		one(out, "berth_epoch", "How often this gateway was released.", berth_data_int(data, "epoch", 0));
		put_renewal(out, env, berth_json_get(data, "active"));
	}
	berth_json_free(o);
	berth_json_free(inst);
	return rc;
}

static enum berth_err metrics(void *arg, const struct berth_api_request *req, struct berth_json **out)
{
	struct berth_backend *b = arg;
	struct berth_buf text = BERTH_BUF_INIT;
	enum berth_err rc;

	(void)req;
	head(&text, "berth_build_info", "Always 1; the version is the label.");
	berth_buf_printf(&text, "berth_build_info{version=\"%s\"} 1\n", BERTH_VERSION);
	if (!(rc = put_state(b, &text)) && !(rc = put_store(b, &text))) {
		put_counters(&text);
		put_refusals(&text, "berth_messages_refused_total", "Messages of peers that were refused for good.", BERTH_REFUSAL_MESSAGE);
		put_refusals(&text, "berth_api_refused_total", "Local requests that were refused.", BERTH_REFUSAL_API);
		one(&text, "berth_wire_bytes_total", "Octets on the wire, both ways.", (int64_t)berth_agent_wire_bytes(b->agent));
		rc = berth_buf_status(&text);
	}
	if (!rc && !(*out = berth_json_new_str(berth_buf_cstr(&text))))
		rc = berth_no_memory();
	berth_buf_free(&text);
	return rc;
}

void backend_metrics_init(struct berth_api_backend *api) { api->op[BERTH_API_METRICS] = metrics; }
