/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/core/hooks.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/core/backend_internal.h"
#include "agent/ipc/hook.h"
#include "agent/ipc/starter.h"
#include "agent/protocol/item.h"
#include "agent/protocol/onboarding.h"
#include "did/base/clock.h"
#include "did/base/log.h"
#include "did/crypto/hash.h"

#define IDLE_MS 60000u

struct berth_hooks {
	const struct berth_config *cfg;
	struct berth_backend *b;
	struct berth_hook v[BERTH_HOOKS_MAX];
	size_t n;
	uint64_t changes;	/* of the agent, when its items were looked at */
	uint64_t look_ms;	/* when to look again, whatever has changed */

	/* the one that runs; p.pid 0: none */
	struct berth_proc p;
	int sock;		/* -1: it has closed its output */
	size_t which;
	struct berth_hook_item item;
	char *sha;		/* the item's, as it was announced; owned */
	char *version;		/* of a firmware; owned, NULL: another type */
	uint64_t until_ms;
	char said[BERTH_HOOKS_OUTPUT_MAX + 1];
	size_t n_said;
};

enum berth_err berth_hooks_new(struct berth_hooks **out, const struct berth_config *cfg, struct berth_backend *b)
{
	struct berth_hooks *h = calloc(1, sizeof(*h));
	enum berth_err rc = h ? berth_config_hooks(cfg, h->v, &h->n) : berth_no_memory();

	*out = NULL;
	if (rc || h->n == 0) {
		free(h);
		return rc;
	}
	*h = (struct berth_hooks){ .cfg = cfg, .b = b, .n = h->n, .changes = UINT64_MAX, .sock = -1, .p = { .pidfd = -1 } };
	if (!(rc = berth_config_hooks(cfg, h->v, &h->n)))
		*out = h;
	else
		free(h);
	return rc;
}

static void forget_run(struct berth_hooks *h)
{
	if (h->sock >= 0)
		close(h->sock);
	h->sock = -1;
	h->n_said = 0;
	free(h->sha);
	free(h->version);
	h->sha = h->version = NULL;
}

void berth_hooks_free(struct berth_hooks *h)
{
	if (!h)
		return;
	if (berth_starter_is_there())
		berth_proc_stop(&h->p, 0);
	forget_run(h);
	free(h);
}

void berth_hooks_poll(const struct berth_hooks *h, struct pollfd v[2])
{
	if (!h || !h->p.pid)
		return;
	v[0] = (struct pollfd){ .fd = h->p.pidfd, .events = POLLIN };
	v[1] = (struct pollfd){ .fd = h->sock, .events = POLLIN };
}

/* ---- how it went ---- */
struct outcome {
	const char *hook, *id, *sha, *result;	/* "ok", "failed", "timed-out", "refused" */
	char code[32];		/* of a failure: exit status, signal, or an error's name */
	const char *version;	/* of a firmware that is installed now */
};

static int64_t tries_before(struct berth_hooks *h, const char *id, const char *sha)
{
	struct berth_json *r;
	int64_t n = 0;

	if (backend_hook_record(h->b, id, sha, &r))
		return 0;
	n = berth_data_int(r, "tries", 0);
	berth_json_free(r);
	return n;
}

static enum berth_err record_json(struct berth_hooks *h, const struct outcome *o, struct berth_json *v)
{
	int64_t tries = tries_before(h, o->id, o->sha) + 1, wait = BERTH_HOOKS_FIRST_S;
	enum berth_err rc;

	for (int64_t i = 1; i < tries && wait < BERTH_HOOKS_MOST_S; i++)
		wait *= 2;
	if (wait > BERTH_HOOKS_MOST_S)
		wait = BERTH_HOOKS_MOST_S;
	if ((rc = berth_json_set_str(v, "hook", o->hook)) || (rc = berth_json_set_str(v, "sha256", o->sha)) ||
	    (rc = berth_json_set_str(v, "result", o->result)) ||
	    (o->code[0] && (rc = berth_json_set_str(v, "code", o->code))) || (rc = berth_json_set_int(v, "tries", tries)))
		return rc;
	return berth_json_set_int(v, "nextS", berth_agent_now_s(h->b->agent) + wait);
}

/* The owner hears of what it has not heard yet. */
static bool is_known(struct berth_hooks *h, const struct outcome *o)
{
	struct berth_json *before;
	bool known = !backend_hook_record(h->b, o->id, o->sha, &before) &&
		     berth_json_says(berth_json_get(before, "result"), o->result);

	berth_json_free(before);
	return known;
}

static enum berth_err set_args(struct berth_hooks *h, const struct outcome *o, struct berth_json *args)
{
	enum berth_err rc;

	if ((rc = berth_json_set_str(args, "id", o->id)) || (rc = berth_json_set_str(args, "sha256", o->sha)) ||
	    (rc = berth_json_set_str(args, "status", o->result)) ||
	    (o->code[0] && (rc = berth_json_set_str(args, "reason", o->code))) ||
	    (o->version && (rc = berth_json_set_str(args, "version", o->version))) ||
	    (rc = berth_json_set_bool(args, "known", is_known(h, o))))
		return rc;
	return record_json(h, o, berth_data_obj(args, "record"));
}

/* One transaction with what follows of it: the version that is installed, a set of items that
 * goes back, the owner's message. */
static enum berth_err record(struct berth_hooks *h, const struct outcome *o)
{
	struct berth_json *args = berth_json_new_object();
	enum berth_err rc = set_args(h, o, args);

	berth_log(strcmp(o->result, "ok") ? BERTH_LOG_WARN : BERTH_LOG_INFO, "hook", "%s: item %s: %s%s%s", o->hook, o->id,
		  o->result, o->code[0] ? " " : "", o->code);
	if (!rc)
		rc = berth_agent_command(h->b->agent, "gateway", NULL, "cmd/item-result", args, NULL);
	berth_json_free(args);
	return rc;
}

/* ---- the one that runs ---- */
static void hear(struct berth_hooks *h)
{
	char more[512];
	ssize_t n;

	while (h->sock >= 0 && (n = recv(h->sock, more, sizeof(more), MSG_DONTWAIT)) >= 0) {
		size_t room = BERTH_HOOKS_OUTPUT_MAX - h->n_said, take = (size_t)n < room ? (size_t)n : room;

		memcpy(h->said + h->n_said, more, take);
		h->n_said += take;
		if (n == 0) {
			close(h->sock);
			h->sock = -1;
		}
	}
}

static void log_said(struct berth_hooks *h)
{
	char *save = NULL;

	for (size_t i = 0; i < h->n_said; i++)
		if (!h->said[i])
			h->said[i] = '?';
	h->said[h->n_said] = '\0';
	for (char *line = strtok_r(h->said, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		berth_log(BERTH_LOG_INFO, "hook", "%s: %s", h->v[h->which].name, line);
}

static void finish(struct berth_hooks *h, bool ended)
{
	struct outcome o = { .hook = h->v[h->which].name, .id = h->item.id, .sha = h->sha, .result = "failed" };
	int status = berth_proc_stop(&h->p, 0);
	enum berth_err rc;

	hear(h);
	log_said(h);
	if (!ended)
		o.result = "timed-out";
	else if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		o = (struct outcome){ .hook = o.hook, .id = o.id, .sha = o.sha, .result = "ok", .version = h->version };
	else
		snprintf(o.code, sizeof(o.code), "%s %d", WIFEXITED(status) ? "exit" : "signal",
			 WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
	if ((rc = record(h, &o)))
		berth_log_err(BERTH_LOG_ERROR, "hook", rc);
	forget_run(h);
	h->look_ms = rc ? berth_clock_mono_ms() + BERTH_HOOKS_FIRST_S * 1000 : 0;
}

/* ---- the next one ---- */
struct due {
	size_t which;
	char *id, *type, *sha;	/* owned; id NULL: nothing */
	int64_t at_s;
};

/* INT64_MAX: it has been, or is nobody's. */
static int64_t due_at(struct berth_hooks *h, const struct berth_json *item, size_t *which)
{
	const char *type = berth_data_str(item, "type"), *id = berth_data_str(item, "id"), *result;
	struct berth_json *r;
	int64_t at = 0;

	for (*which = 0; *which < h->n && !berth_config_hook_takes(h->cfg, h->v[*which].name, type, id); (*which)++)
		;
	if (*which == h->n || berth_json_get(item, "refused"))
		return INT64_MAX;
	if (backend_hook_record(h->b, id, berth_data_str(item, "sha256"), &r))
		return 0;
	result = berth_data_str(r, "result");
	if (result && (!strcmp(result, "ok") || !strcmp(result, "refused")))
		at = INT64_MAX;
	else
		at = berth_data_int(r, "nextS", 0);
	berth_json_free(r);
	return at;
}

static void due_free(struct due *d)
{
	free(d->id);
	free(d->type);
	free(d->sha);
}

static enum berth_err choose(struct berth_hooks *h, const struct berth_json *data, struct due *d)
{
	const struct berth_json *first = NULL;
	size_t which;

	d->at_s = INT64_MAX;
	if (backend_out(data) || berth_agent_quarantined(h->b->agent))
		return BERTH_OK;
	berth_json_each(item, berth_json_get(berth_json_get(data, "active"), "items")) {
		int64_t at = due_at(h, item, &which);

		if (at >= d->at_s)
			continue;
		d->at_s = at;
		d->which = which;
		first = item;
	}
	if (!first)
		return BERTH_OK;
	d->id = strdup(berth_data_str(first, "id"));
	d->type = strdup(berth_data_str(first, "type"));
	d->sha = strdup(berth_data_str(first, "sha256"));
	return d->id && d->type && d->sha ? BERTH_OK : berth_no_memory();
}

/* It fits into what the socket holds, so that nothing waits for the program to read. */
static enum berth_err give(struct berth_hooks *h, const struct berth_buf *bytes)
{
	int pair[2];
	enum berth_err rc;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
		return berth_fail(BERTH_E_UNAVAILABLE, "hook: socketpair");
	rc = berth_starter_hook(&h->p, h->which, &h->item, pair[1]);
	close(pair[1]);
	h->sock = pair[0];
	if (!rc && bytes->len && send(pair[0], bytes->p, bytes->len, MSG_DONTWAIT | MSG_NOSIGNAL) != (ssize_t)bytes->len) {
		berth_proc_stop(&h->p, 0);
		rc = berth_fail(BERTH_E_UNAVAILABLE, "hook: it takes nothing");
	}
	if (!rc)
		shutdown(pair[0], SHUT_WR);
	return rc;
}

static enum berth_err prepare(struct berth_hooks *h, const struct berth_json *data, const struct due *d, struct berth_buf *bytes)
{
	struct berth_env *env = berth_agent_env(h->b->agent);
	struct berth_json *item = NULL;
	struct berth_hash hash;
	enum berth_err rc;

	if ((rc = berth_hook_id_check(d->id)) || (rc = backend_item(env, data, d->id, &item)) ||
	    (rc = berth_body_get_b64(item, "value", BERTH_ITEM_MAX, bytes)) ||
	    (rc = berth_item_check(env, d->type, bytes, &h->version)))
		goto out;
	berth_sha256(hash.b, bytes->p, bytes->len);
	berth_hash_hex(h->item.sha256, &hash);
	snprintf(h->item.id, sizeof(h->item.id), "%s", d->id);
	snprintf(h->item.type, sizeof(h->item.type), "%s", d->type);
	h->which = d->which;
	h->sha = strdup(d->sha);
out:
	berth_json_free(item);
	return rc || h->sha ? rc : berth_no_memory();
}

/* What is wrong with the item is so for ever; the rest may pass. */
static void start(struct berth_hooks *h, const struct berth_json *data, const struct due *d)
{
	struct outcome o = { .hook = h->v[d->which].name, .id = d->id, .sha = d->sha };
	struct berth_buf bytes = BERTH_BUF_INIT;
	enum berth_err rc = prepare(h, data, d, &bytes);

	if (!rc)
		rc = give(h, &bytes);
	berth_buf_free(&bytes);
	if (!rc) {
		h->until_ms = berth_clock_mono_ms() + (uint64_t)berth_config_int(h->cfg, "hook", o.hook, "timeout") * 1000;
		return;
	}
	berth_log_err(BERTH_LOG_WARN, "hook", rc);
	o.result = berth_err_exit(rc) < 4 ? "refused" : "failed";
	snprintf(o.code, sizeof(o.code), "%s", berth_err_name(rc));
	forget_run(h);
	if (record(h, &o))
		h->look_ms = berth_clock_mono_ms() + BERTH_HOOKS_FIRST_S * 1000;
}

static void look(struct berth_hooks *h)
{
	int64_t now_s = berth_agent_now_s(h->b->agent), wait_s;
	struct berth_json *inst;
	const struct berth_json *data = berth_json_get(backend_gateway(h->b, &inst), "data");
	struct due d = { .id = NULL };

	h->look_ms = berth_clock_mono_ms() + IDLE_MS;
	if (!choose(h, data, &d) && d.id) {
		wait_s = d.at_s - now_s;
		h->look_ms = wait_s <= 0 ? 0 : wait_s < IDLE_MS / 1000 ? berth_clock_mono_ms() + (uint64_t)wait_s * 1000 : h->look_ms;
		if (wait_s <= 0)
			start(h, data, &d);
	}
	due_free(&d);
	berth_json_free(inst);
}

static bool anything_new(struct berth_hooks *h)
{
	uint64_t now = berth_agent_changes(h->b->agent);
	bool yes = now != h->changes;

	h->changes = now;
	return yes;
}

uint32_t berth_hooks_run(struct berth_hooks *h)
{
	uint64_t now = berth_clock_mono_ms(), until;
	struct pollfd f;

	if (!h)
		return IDLE_MS;
	if (h->p.pid) {
		hear(h);
		f = (struct pollfd){ .fd = h->p.pidfd, .events = POLLIN };
		if (poll(&f, 1, 0) == 1 || now >= h->until_ms)
			finish(h, f.revents != 0);
	}
	if (!h->p.pid && (anything_new(h) || now >= h->look_ms))
		look(h);
	until = h->p.pid ? h->until_ms : h->look_ms;
	return until <= now ? 0 : until - now < IDLE_MS ? (uint32_t)(until - now) : IDLE_MS;
}
