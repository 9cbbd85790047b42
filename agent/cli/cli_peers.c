/* SPDX-License-Identifier: Apache-2.0 */
/* Peers: invite them, answer their invitations, become another to them, leave them. */
#include "agent/cli/cli_client.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "did/base/clock.h"

#define INVITATION_MAX ((size_t)64 << 10)

/* ---- invite --oob ---- */

static enum berth_err set_number(const struct berth_cli *c, struct berth_json *body, const char *option, const char *member)
{
	const char *text = berth_cli_get(c, option);
	size_t n = text ? strspn(text, "0123456789") : 0;

	if (!text)
		return BERTH_OK;
	if (!n || text[n] || n > 9)
		return berth_fail(BERTH_E_USAGE, "%s %s: not a number", option, text);
	return berth_json_set_int(body, member, atol(text));
}

/* {"id": "request-0", "media_type": ..., "data": {"json": ...}} */
static enum berth_err attach(struct berth_json *list, size_t i, struct berth_json *message)
{
	struct berth_json *a = berth_json_new_object(), *data = berth_json_new_object();
	char id[] = "request-0";
	enum berth_err rc = berth_json_set(data, "json", message);

	id[8] = (char)('0' + i % 10);
	if (rc || (rc = berth_json_set_str(a, "id", id)) || (rc = berth_json_set_str(a, "media_type", "application/json"))) {
		berth_json_free(data);
		berth_json_free(a);
		return rc;
	}
	rc = berth_json_set(a, "data", data);
	return berth_json_push_made(list, a, rc);
}

static enum berth_err set_attachments(const struct berth_cli *c, struct berth_json *body)
{
	struct berth_json *list, *message;
	const char *file;
	enum berth_err rc = BERTH_OK;

	if (!berth_cli_has(c, "--attach"))
		return BERTH_OK;
	list = berth_json_new_array();
	for (size_t i = 0; !rc && i < 10 && (file = berth_cli_nth(c, "--attach", i)); i++)
		if (!(rc = berth_cli_read_json(&message, file, INVITATION_MAX)))
			rc = attach(list, i, message);
	return berth_json_set_made(body, "attachments", list, rc);
}

static enum berth_err show_invitation(struct berth_cli *c, const struct berth_json *v)
{
	const char *url, *file = berth_cli_get(c, "--out");
	struct berth_buf text = BERTH_BUF_INIT;
	enum berth_err rc;

	if ((rc = berth_json_req_str(v, "url", 2 * INVITATION_MAX, &url)))
		return rc;
	if (file && (rc = berth_cli_save(file, berth_json_get(v, "invitation"))))
		return rc;
	if (berth_cli_has(c, "--qr") && (rc = berth_cli_qr(url, strlen(url))))
		return rc;
	berth_buf_str(&text, url);
	berth_buf_u8(&text, '\n');
	return berth_cli_flush(&text);
}

enum berth_err berth_cli_invite_oob(struct berth_cli *c)
{
	struct berth_json *body = berth_json_new_object(), *v = NULL;
	enum berth_err rc;

	if ((rc = berth_cli_set_option(c, body, "--goal", "goal")) || (rc = berth_cli_set_option(c, body, "--goal-code", "goalCode")) ||
	    (rc = set_number(c, body, "--uses", "uses")) || (rc = set_number(c, body, "--expires", "expiresIn")) ||
	    (rc = set_attachments(c, body))) {
		berth_json_free(body);
		return rc;
	}
	if ((rc = berth_cli_call(c, "/v1/invitations", body, &v)))
		return rc;
	if (berth_cli_json_wanted(c))
		return berth_cli_print(c, v);
	rc = show_invitation(c, v);
	berth_json_free(v);
	return rc;
}

/* ---- connect ---- */

/* A URL as it is; else a file that has one, or the message. */
static enum berth_err read_invitation(const char *arg, struct berth_buf *out)
{
	if (strstr(arg, "_oob"))
		berth_buf_str(out, arg);
	else
		return berth_cli_read_token(out, arg, INVITATION_MAX);
	return berth_buf_status(out);
}

static const struct berth_cli_row connect_rows[] = {
	{ "peer", "peer" }, { "we are", "did" }, { "goal", "goal" }, { "goal code", "goalCode" },
};

static enum berth_err connect(struct berth_cli *c)
{
	struct berth_buf text = BERTH_BUF_INIT;
	struct berth_json *v = NULL, *peer = NULL;
	const char *thid;
	int64_t wait_s;
	enum berth_err rc = berth_cli_peer_wait(c, &wait_s);

	if (rc || (rc = read_invitation(berth_cli_arg(c, 0), &text)) || (rc = berth_cli_call_with(c, "/v1/connections", "invitation", berth_buf_cstr(&text), &v)))
		goto out;
	if (!berth_cli_json_wanted(c))
		rc = berth_cli_show_fields(v, connect_rows, sizeof(connect_rows) / sizeof(connect_rows[0]));
	if (!rc && !(rc = berth_json_req_str(v, "thid", 256, &thid)))
		rc = berth_cli_pong(c, thid, wait_s, &peer);
	if (berth_cli_json_wanted(c) && !rc) {
		rc = berth_cli_print(c, v);
		v = NULL;
	} else if (!rc) {
		rc = berth_cli_say("it has answered as %s", berth_json_str(berth_json_get(peer, "did")));
	}
out:
	berth_buf_free(&text);
	berth_json_free(v);
	berth_json_free(peer);
	return rc;
}

/* ---- discover ---- */
#define DISCLOSE_POLL_MS 100

/* The peer's row once it has answered. */
static enum berth_err disclosed(const struct berth_cli *c, const char *peer, struct berth_json **out)
{
	struct berth_json *all;
	enum berth_err rc = berth_cli_call(c, "/v1/peers", NULL, &all);

	berth_json_each(v, all) {
		const char *did = berth_json_str(berth_json_get(v, "did"));

		if (!rc && !*out && did && !strcmp(did, peer) && berth_json_get(v, "disclosures") &&
		    !(*out = berth_json_clone(berth_json_get(v, "disclosures"))))
			rc = berth_no_memory();
	}
	berth_json_free(all);
	return rc;
}

static enum berth_err wait_for_disclosures(const struct berth_cli *c, const char *peer, int64_t wait_s, struct berth_json **out)
{
	static const struct timespec nap = { .tv_nsec = DISCLOSE_POLL_MS * 1000000L };
	uint64_t until_ms = berth_clock_mono_ms() + (uint64_t)wait_s * 1000;
	enum berth_err rc;

	*out = NULL;
	while (!(rc = disclosed(c, peer, out)) && !*out) {
		if (berth_clock_mono_ms() >= until_ms)
			return berth_fail(BERTH_E_UNAVAILABLE, "discover: no answer within %" PRId64 " s", wait_s);
		nanosleep(&nap, NULL);
	}
	return rc;
}

static const struct berth_cli_row feature_cols[] = { { "FEATURE", "feature-type" }, { "ID", "id" } };

static enum berth_err discover(struct berth_cli *c)
{
	struct berth_json *body = berth_json_new_object(), *sent = NULL, *list = NULL;
	const char *peer;
	int64_t wait_s;
	enum berth_err rc;

	if ((rc = berth_cli_peer_wait(c, &wait_s)) || (rc = berth_json_set_str(body, "to", berth_cli_arg(c, 0))) || (rc = berth_cli_set_option(c, body, "--match", "match"))) {
		berth_json_free(body);
		return rc;
	}
	if (!(rc = berth_cli_call(c, "/v1/discover", body, &sent)) && !(rc = berth_json_req_str(sent, "peer", 8192, &peer)))
		rc = wait_for_disclosures(c, peer, wait_s, &list);
	berth_json_free(sent);
	if (!rc && berth_cli_json_wanted(c))
		return berth_cli_print(c, list);
	if (!rc)
		rc = berth_cli_show_table(list, feature_cols, sizeof(feature_cols) / sizeof(feature_cols[0]), "it discloses nothing");
	berth_json_free(list);
	return rc;
}

/* ---- another DID, or none ---- */

static enum berth_err tell(struct berth_cli *c, const char *path, const char *peer, const char *what)
{
	struct berth_json *v;
	enum berth_err rc = berth_cli_call_with(c, path, "peer", peer, &v);

	if (rc)
		return rc;
	if (berth_cli_json_wanted(c))
		return berth_cli_print(c, v);
	berth_json_free(v);
	return berth_cli_say("%s", what);
}

enum berth_err berth_cli_rotate_peer(struct berth_cli *c, const char *peer)
{
	return tell(c, "/v1/peers/rotate", peer, "the peer hears from another DID from now on");
}

static enum berth_err disconnect(struct berth_cli *c)
{
	return tell(c, "/v1/peers/end", berth_cli_arg(c, 0), "the relationship has ended, and the peer is told");
}

static const struct berth_cli_cmd connect_cmds[] = { { "", 1, 1, connect }, { .run = NULL } };
static const struct berth_cli_cmd discover_cmds[] = { { "", 1, 1, discover }, { .run = NULL } };
static const struct berth_cli_cmd disconnect_cmds[] = { { "", 1, 1, disconnect }, { .run = NULL } };

const struct berth_cli_group berth_cli_connect = { "connect", connect_cmds };
const struct berth_cli_group berth_cli_discover = { "discover", discover_cmds };
const struct berth_cli_group berth_cli_disconnect = { "disconnect", disconnect_cmds };
