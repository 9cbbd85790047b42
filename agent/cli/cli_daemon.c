/* SPDX-License-Identifier: Apache-2.0 */
/* What the daemon knows: status, identities, peers. */
#include "agent/cli/cli_client.h"

#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "did/base/clock.h"

#define PEER_WAIT_S 10
#define PEER_WAIT_MAX_S 86400
#define PONG_POLL_MS 100
#define ROWS(a) a, sizeof(a) / sizeof((a)[0])

/* ---- status ---- */

static const struct berth_cli_row status_rows[] = {
	{ "state", "state" }, { "owner", "ownerDid" }, { "factory DID", "factoryDid" },
	{ "operational DID", "operationalDid" }, { "chain tip", "chainTip" }, { "epoch", "epoch" },
	{ "generation", "generation" }, { "key custody", "assurance" }, { "health", "health.state" },
	{ "because", "health.reasons" }, { "rollback protection", "health.rollback_protection" },
	{ "clock", "health.clock" }, { "mediation", "mediation.state" }, { "DIDs registered", "mediation.registered" },
	{ "waits for clients", "relay.messages" },
};

/* The numbers that belong together, on one line each. */
static enum berth_err status_counts(const struct berth_json *v)
{
	const struct berth_json *o = berth_json_get(v, "onboarding"), *q = berth_json_get(v, "queue");
	int64_t ms = 0, bytes = 0, out = 0, in = 0, dead = 0;
	enum berth_err rc;

	if ((rc = berth_json_opt_int(o, "ms", 0, INT64_MAX, &ms)) ||
	    (rc = berth_json_opt_int(o, "bytes", 0, INT64_MAX, &bytes)) ||
	    (rc = berth_json_opt_int(q, "out", 0, INT64_MAX, &out)) ||
	    (rc = berth_json_opt_int(q, "in", 0, INT64_MAX, &in)) ||
	    (rc = berth_json_opt_int(q, "dead", 0, INT64_MAX, &dead)))
		return rc;
	if (ms && (rc = berth_cli_say("%-19s  %" PRId64 " ms, %" PRId64 " bytes", "onboarding took", ms, bytes)))
		return rc;
	return berth_cli_say("%-19s  %" PRId64 " to send, %" PRId64 " received, %" PRId64 " given up", "messages",
			     out, in, dead);
}

/* What was provisioned, a line each. */
static enum berth_err status_items(const struct berth_json *v)
{
	enum berth_err rc = BERTH_OK;

	berth_json_each(item, berth_json_get(v, "items")) {
		const char *id = "", *result = "", *code = "";

		if ((rc = berth_json_opt_str(item, "id", 63, &id)) || (rc = berth_json_opt_str(item, "result", 31, &result)) ||
		    (rc = berth_json_opt_str(item, "code", 31, &code)) ||
		    (rc = berth_cli_say("%-19s  %s: %s%s%s", "item", id, result, code[0] ? ", " : "", code)))
			break;
	}
	return rc;
}

static enum berth_err status(struct berth_cli *c)
{
	struct berth_json *v;
	enum berth_err rc = berth_cli_call(c, "/v1/status", NULL, &v);

	if (rc)
		return rc;
	if (berth_cli_json_wanted(c))
		return berth_cli_print(c, v);
	if (!(rc = berth_cli_show_fields(v, ROWS(status_rows))))
		rc = status_counts(v);
	if (!rc)
		rc = status_items(v);
	berth_json_free(v);
	return rc;
}

/* ---- lists ---- */

static enum berth_err list(struct berth_cli *c, const char *path, const struct berth_cli_row *cols, size_t n,
			   const char *none)
{
	struct berth_json *v;
	enum berth_err rc = berth_cli_call(c, path, NULL, &v);

	if (rc)
		return rc;
	if (berth_cli_json_wanted(c))
		return berth_cli_print(c, v);
	rc = berth_cli_show_table(v, cols, n, none);
	berth_json_free(v);
	return rc;
}

static const struct berth_cli_row identity_cols[] = { { "NAME", "name" }, { "DID", "did" } };
static const struct berth_cli_row peer_cols[] = {
	{ "DID", "did" }, { "WE ARE", "me" }, { "GOAL", "goal" }, { "NOW", "moved" }, { "ENDED", "ended" },
};

static enum berth_err identity(struct berth_cli *c)
{
	return list(c, "/v1/identities", ROWS(identity_cols), "no identity yet");
}

static enum berth_err peers(struct berth_cli *c)
{
	return list(c, "/v1/peers", ROWS(peer_cols), "no peer yet");
}

static enum berth_err metrics(struct berth_cli *c)
{
	struct berth_buf out = BERTH_BUF_INIT;
	enum berth_err rc = berth_cli_call_text(c, "/v1/metrics", &out);

	if (!rc)
		return berth_cli_flush(&out);
	berth_buf_free(&out);
	return rc;
}

/* ---- ping ---- */

/* Whether a peer's last answer is the one to thid. */
static enum berth_err answered(const struct berth_cli *c, const char *thid, struct berth_json **peer)
{
	struct berth_json *all;
	enum berth_err rc = berth_cli_call(c, "/v1/peers", NULL, &all);

	berth_json_each(v, all) {
		const char *t = berth_json_str(berth_json_get(v, "thid"));

		if (!rc && !*peer && t && !strcmp(t, thid) && !(*peer = berth_json_clone(v)))
			rc = berth_no_memory();
	}
	berth_json_free(all);
	return rc;
}

enum berth_err berth_cli_peer_wait(const struct berth_cli *c, int64_t *wait_s)
{
	*wait_s = PEER_WAIT_S;
	return berth_cli_number(c, "--wait", 0, PEER_WAIT_MAX_S, wait_s);
}

enum berth_err berth_cli_pong(const struct berth_cli *c, const char *thid, int64_t wait_s, struct berth_json **peer)
{
	static const struct timespec nap = { .tv_nsec = PONG_POLL_MS * 1000000L };
	uint64_t until_ms = berth_clock_mono_ms() + (uint64_t)wait_s * 1000;
	enum berth_err rc;

	*peer = NULL;
	while (!(rc = answered(c, thid, peer)) && !*peer) {
		if (berth_clock_mono_ms() >= until_ms)
			return berth_fail(BERTH_E_UNAVAILABLE, "ping: no answer within %" PRId64 " s", wait_s);
		nanosleep(&nap, NULL);
	}
	return rc;
}

static enum berth_err ping(struct berth_cli *c)
{
	struct berth_json *body = berth_json_new_object(), *sent = NULL, *peer = NULL;
	uint64_t start_ms = berth_clock_mono_ms();
	const char *to = berth_cli_get(c, "--to"), *thid;
	int64_t wait_s;
	enum berth_err rc = body ? berth_cli_peer_wait(c, &wait_s) : berth_no_memory();

	if (!rc && to)
		rc = berth_json_set_str(body, "to", to);
	if (rc)
		berth_json_free(body);
	else if (!(rc = berth_cli_call(c, "/v1/ping", body, &sent)) && !(rc = berth_json_req_str(sent, "thid", 256, &thid)))
		rc = berth_cli_pong(c, thid, wait_s, &peer);
	berth_json_free(sent);
	if (!rc && berth_cli_json_wanted(c))
		return berth_cli_print(c, peer);
	if (!rc)
		rc = berth_cli_say("pong from %s after %" PRIu64 " ms", berth_json_str(berth_json_get(peer, "did")),
				   berth_clock_mono_ms() - start_ms);
	berth_json_free(peer);
	return rc;
}

/* ---- tables ---- */

static const struct berth_cli_cmd status_cmds[] = { { "", 0, 0, status }, { .run = NULL } };
static const struct berth_cli_cmd identity_cmds[] = { { "", 0, 0, identity }, { .run = NULL } };
static const struct berth_cli_cmd peers_cmds[] = { { "", 0, 0, peers }, { .run = NULL } };
static const struct berth_cli_cmd ping_cmds[] = { { "", 0, 0, ping }, { .run = NULL } };
static const struct berth_cli_cmd metrics_cmds[] = { { "", 0, 0, metrics }, { .run = NULL } };

const struct berth_cli_group berth_cli_status = { "status", status_cmds };
const struct berth_cli_group berth_cli_identity = { "identity", identity_cmds };
const struct berth_cli_group berth_cli_peers = { "peers", peers_cmds };
const struct berth_cli_group berth_cli_ping = { "ping", ping_cmds };
const struct berth_cli_group berth_cli_metrics = { "metrics", metrics_cmds };
