/* SPDX-License-Identifier: Apache-2.0 */
/* What waits to be sent, for whom and why, and what was given up. */
#include "agent/cli/cli_client.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define N(a) (sizeof(a) / sizeof((a)[0]))
#define SPAN_LEN 28	/* any number with its unit */

/* "12 s", "5 min", "3 h", "2 d": one unit says enough. */
static void span(char out[SPAN_LEN], int64_t s)
{
	static const struct { int64_t s, upto; const char *unit; } units[] = {
		{ 1, 120, "s" }, { 60, 7200, "min" }, { 3600, 172800, "h" }, { 86400, INT64_MAX, "d" },
	};

	for (size_t i = 0; i < N(units); i++)
		if (s < units[i].upto) {
			snprintf(out, SPAN_LEN, "%" PRId64 " %s", s / units[i].s, units[i].unit);
			return;
		}
}

/* row[name] as a span in words, in row[as]; a null becomes none. */
static enum berth_err add_span(struct berth_json *row, const char *as, const char *name, const char *before,
			       const char *after, const char *none)
{
	char text[SPAN_LEN + 16], s[SPAN_LEN];
	int64_t v;
	enum berth_err rc;

	if (berth_json_is(berth_json_get(row, name), BERTH_JSON_NULL))
		return berth_json_set_str(row, as, none);
	if ((rc = berth_json_req_int(row, name, 0, INT64_MAX, &v)))
		return rc;
	span(s, v);
	snprintf(text, sizeof(text), "%s%s%s", before, s, after);
	return berth_json_set_str(row, as, text);
}

static enum berth_err peer_words(struct berth_json *row)
{
	const char *error = berth_json_str(berth_json_get(row, "error"));
	char why[320];
	int64_t tries = 0, on_the_way = 0;
	enum berth_err rc;

	if ((rc = add_span(row, "oldest", "oldestSeconds", "", "", "-")) ||
	    (rc = berth_json_opt_int(row, "onTheWay", 0, INT64_MAX, &on_the_way)) ||
	    (rc = on_the_way ? berth_json_set_str(row, "next", "on the way")
			     : add_span(row, "next", "nextTrySeconds", "in ", "", "when it asks")) ||
	    (rc = berth_json_opt_int(row, "tries", 0, INT64_MAX, &tries)))
		return rc;
	if (tries > 0)
		snprintf(why, sizeof(why), "%.250s (%" PRId64 " tries)", error ? error : "", tries);
	else
		snprintf(why, sizeof(why), "%.250s", error && *error ? error : "-");
	return berth_json_set_str(row, "why", why);
}

static enum berth_err message_words(struct berth_json *row)
{
	const char *error = berth_json_str(berth_json_get(row, "error"));
	enum berth_err rc;

	if ((rc = add_span(row, "age", "ageSeconds", "", "", "-")) ||
	    (rc = add_span(row, "end", "givenUpInSeconds", "in ", "", "-")))
		return rc;
	return berth_json_set_str(row, "why", error && *error ? error : "-");
}

static enum berth_err dead_words(struct berth_json *row)
{
	return add_span(row, "ago", "agoSeconds", "", " ago", "-");
}

static const struct berth_cli_row peer_cols[] = {
	{ "WAITING FOR", "peer" }, { "MESSAGES", "messages" }, { "BYTES", "bytes" }, { "HELD", "held" }, { "OLDEST", "oldest" },
	{ "NEXT TRY", "next" }, { "WHY", "why" },
};
static const struct berth_cli_row message_cols[] = {
	{ "ID", "id" }, { "BYTES", "bytes" }, { "AGE", "age" }, { "TRIES", "tries" }, { "GIVEN UP", "end" }, { "WHY", "why" },
};
static const struct berth_cli_row dead_cols[] = {
	{ "GIVEN UP", "id" }, { "PEER", "peer" }, { "WHEN", "ago" }, { "REASON", "reason" },
};

static bool of_peer(const struct berth_json *row, const char *peer)
{
	const char *p = berth_json_str(berth_json_get(row, "peer"));

	return !peer || (p && strcmp(p, peer) == 0);
}

/* The rows of v[name], of one peer where one is given, with words for people. */
static enum berth_err table(const struct berth_json *v, const char *name, const char *peer,
			    enum berth_err (*words)(struct berth_json *row), const struct berth_cli_row *cols, size_t n)
{
	struct berth_json *kept = berth_json_new_array();
	enum berth_err rc = BERTH_OK;

	berth_json_each(row, berth_json_get(v, name)) {
		struct berth_json *copy = !rc && of_peer(row, peer) ? berth_json_clone(row) : NULL;

		if (copy && (rc = words(copy)))
			berth_json_free(copy);
		else if (copy)
			rc = berth_json_push(kept, copy);
	}
	if (!rc && berth_json_len(kept))
		rc = berth_cli_show_table(kept, cols, n, "");
	berth_json_free(kept);
	return rc;
}

static enum berth_err totals(const struct berth_json *v)
{
	const struct berth_json *q = berth_json_get(v, "queue");
	int64_t out, in, dead;
	enum berth_err rc;

	if ((rc = berth_json_req_int(q, "out", 0, INT64_MAX, &out)) || (rc = berth_json_req_int(q, "in", 0, INT64_MAX, &in)) ||
	    (rc = berth_json_req_int(q, "dead", 0, INT64_MAX, &dead)))
		return rc;
	return berth_cli_say("%" PRId64 " to send, %" PRId64 " received, %" PRId64 " given up", out, in, dead);
}

static enum berth_err messages(struct berth_cli *c)
{
	const char *peer = berth_cli_get(c, "--peer");
	struct berth_json *v;
	enum berth_err rc = berth_cli_call(c, "/v1/messages", NULL, &v);

	if (rc)
		return rc;
	if (berth_cli_json_wanted(c))
		return berth_cli_print(c, v);
	if (!(rc = totals(v)) && !(rc = table(v, "peers", peer, peer_words, peer_cols, N(peer_cols))) &&
	    !(rc = peer ? table(v, "messages", peer, message_words, message_cols, N(message_cols)) : BERTH_OK))
		rc = table(v, "dead", peer, dead_words, dead_cols, N(dead_cols));
	berth_json_free(v);
	return rc;
}

/* ---- retry, drop ---- */

static enum berth_err command(struct berth_cli *c, const char *path, const char *done)
{
	const char *peer = berth_cli_get(c, "--peer"), *id = berth_cli_arg(c, 0);
	struct berth_json *v;
	int64_t n;
	enum berth_err rc;

	if (!peer == !id)
		return berth_fail(BERTH_E_USAGE, "messages %s: either an ID or --peer DID", c->cmd->name);
	if ((rc = berth_cli_call_with(c, path, id ? "id" : "peer", id ? id : peer, &v)))
		return rc;
	if (berth_cli_json_wanted(c))
		return berth_cli_print(c, v);
	if (!(rc = berth_json_req_int(v, "messages", 0, INT64_MAX, &n)))
		rc = berth_cli_say("%s: %" PRId64, done, n);
	berth_json_free(v);
	return rc;
}

static enum berth_err retry(struct berth_cli *c) { return command(c, "/v1/messages/retry", "tried now"); }
static enum berth_err drop(struct berth_cli *c) { return command(c, "/v1/messages/drop", "dropped"); }

static const struct berth_cli_cmd cmds[] = {
	{ "", 0, 0, messages },
	{ "retry", 0, 1, retry },
	{ "drop", 0, 1, drop },
	{ .run = NULL },
};

const struct berth_cli_group berth_cli_messages = { "messages", cmds };
