/* SPDX-License-Identifier: Apache-2.0 */
/* What waits to be sent, what was given up, and what an operator does about it.  Times
 * are spans: the store's clock is the agent's own. */
#include "agent/core/backend_internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "agent/protocol/onboarding.h"
#include "did/base/clock.h"
#include "did/url.h"

#define PEERS_MAX 256
#define ROWS_MAX 256

struct list { struct berth_json *rows; int64_t now_s; const struct berth_agent *agent; };

static enum berth_err push(struct list *l, enum berth_err rc, struct berth_json *o)
{
	if (!rc)
		return berth_json_push(l->rows, o);
	berth_json_free(o);
	return rc;
}

static int64_t since(const struct list *l, int64_t s) { return s < l->now_s ? l->now_s - s : 0; }
static int64_t until(const struct list *l, int64_t s) { return s > l->now_s ? s - l->now_s : 0; }

/* null where there is no such time */
static enum berth_err set_span(struct berth_json *o, const char *name, bool there, int64_t s)
{
	return there ? berth_json_set_int(o, name, s) : berth_json_set(o, name, berth_json_new_null());
}

static enum berth_err peer_row(void *arg, const struct berth_waiting *w)
{
	struct list *l = arg;
	struct berth_json *o = berth_json_new_object();
	enum berth_err rc;

	if (!(rc = berth_json_set_str(o, "peer", w->peer)) && !(rc = berth_json_set_int(o, "messages", w->msgs)) &&
	    !(rc = berth_json_set_int(o, "bytes", w->bytes)) && !(rc = berth_json_set_int(o, "held", w->parked)) &&
	    !(rc = berth_json_set_int(o, "oldestSeconds", since(l, w->oldest_s))) &&
	    !(rc = set_span(o, "nextTrySeconds", w->next_s < BERTH_OUTBOX_ASLEEP, until(l, w->next_s))) &&
	    !(rc = set_span(o, "silentSeconds", w->silent_s >= 0, since(l, w->silent_s))) &&
	    !(rc = berth_json_set_int(o, "tries", w->silences)) &&
	    !(rc = berth_json_set_int(o, "onTheWay", (int64_t)berth_agent_on_the_way(l->agent, w->peer))))
		rc = berth_json_set_str(o, "error", w->error);
	return push(l, rc, o);
}

static enum berth_err message_row(void *arg, const struct berth_outbox_row *r, const char *error)
{
	struct list *l = arg;
	struct berth_json *o = berth_json_new_object();
	enum berth_err rc;

	if (!(rc = berth_json_set_str(o, "id", r->id)) && !(rc = berth_json_set_str(o, "peer", r->peer)) &&
	    !(rc = berth_json_set_str(o, "thid", r->thid)) && !(rc = berth_json_set_int(o, "bytes", (int64_t)r->body_len)) &&
	    !(rc = berth_json_set_bool(o, "held", r->parked)) &&
	    !(rc = berth_json_set_int(o, "ageSeconds", since(l, r->created_s))) &&
	    !(rc = berth_json_set_int(o, "givenUpInSeconds", until(l, r->expires_s))) &&
	    !(rc = berth_json_set_int(o, "tries", r->tries)))
		rc = berth_json_set_str(o, "error", error);
	return push(l, rc, o);
}

static enum berth_err dead_row(void *arg, const struct berth_dead *d)
{
	struct list *l = arg;
	struct berth_json *o = berth_json_new_object();
	enum berth_err rc;

	if (!(rc = berth_json_set_str(o, "id", d->id)) && !(rc = berth_json_set_str(o, "peer", d->peer)) &&
	    !(rc = berth_json_set_str(o, "thid", d->thid)) && !(rc = berth_json_set_str(o, "reason", d->reason)))
		rc = berth_json_set_int(o, "agoSeconds", since(l, d->when_s));
	return push(l, rc, o);
}

static enum berth_err set_list(struct berth_json *o, const char *name, struct list *l, enum berth_err rc)
{
	if (!rc)
		return berth_json_set(o, name, l->rows);
	berth_json_free(l->rows);
	return rc;
}

static enum berth_err show(struct berth_backend *b, struct berth_json *o)
{
	struct berth_store *s = berth_agent_store(b->agent);
	int64_t now = berth_agent_now_s(b->agent);
	struct list peers = { berth_json_new_array(), now, b->agent }, rows = { berth_json_new_array(), now, b->agent };
	struct list dead = { berth_json_new_array(), now, b->agent };
	enum berth_err rc = backend_set_queue(b, o), r2, r3;

	if (!rc)
		rc = berth_store_waiting_each(s, PEERS_MAX, peer_row, &peers);
	rc = set_list(o, "peers", &peers, rc);
	r2 = rc ? rc : berth_store_outbox_each(s, NULL, ROWS_MAX, message_row, &rows);
	r2 = set_list(o, "messages", &rows, r2);
	r3 = r2 ? r2 : berth_store_dead_each(s, dead_row, &dead);
	return set_list(o, "dead", &dead, r3);
}

static enum berth_err messages(void *arg, const struct berth_api_request *req, struct berth_json **out)
{
	struct berth_json *o = berth_json_new_object();
	enum berth_err rc = show(arg, o);

	(void)req;
	return berth_json_give(out, o, rc);
}

/* ---- retry and drop ---- */

struct which { const char *id; struct berth_buf peer; };

/* One of the two; a peer in its short form, as the store has it. */
static enum berth_err which(const struct berth_api_request *req, struct which *w)
{
	const char *peer = berth_data_str(req->body, "peer");

	*w = (struct which){ .id = berth_data_str(req->body, "id") };
	if (!w->id == !peer || (w->id && !w->id[0]))
		return berth_fail(BERTH_E_TYPE, "either id or peer");
	return peer ? berth_did_short(&w->peer, peer) : BERTH_OK;
}

static const char *peer_of(struct which *w) { return w->peer.len ? berth_buf_cstr(&w->peer) : NULL; }

static enum berth_err retry(struct berth_backend *b, struct which *w, int64_t *n)
{
	return berth_store_outbox_hurry(berth_agent_store(b->agent), w->id, peer_of(w), berth_agent_now_s(b->agent), n);
}

/* What waits and what was given up. */
static enum berth_err drop(struct berth_backend *b, struct which *w, int64_t *n)
{
	struct berth_store *s = berth_agent_store(b->agent);
	char line[BERTH_AUDIT_TEXT_MAX];
	int64_t dead = 0;
	enum berth_err rc;

	if ((rc = berth_store_outbox_drop(s, w->id, peer_of(w), n)) || (rc = berth_store_dead_drop(s, w->id, peer_of(w), &dead)))
		return rc;
	*n += dead;
	snprintf(line, sizeof(line), "%" PRId64 " dropped: %.512s", *n, w->id ? w->id : peer_of(w));
	return *n ? berth_store_audit(s, berth_clock_now_s(), "messages", line) : BERTH_OK;
}

static enum berth_err command(struct berth_backend *b, const struct berth_api_request *req, struct berth_json **out,
			      enum berth_err (*fn)(struct berth_backend *b, struct which *w, int64_t *n))
{
	struct berth_store *s = berth_agent_store(b->agent);
	struct which w;
	int64_t n = 0;
	enum berth_err rc;

	*out = NULL;
	if ((rc = which(req, &w)) || (rc = berth_store_begin(s)))
		goto out;
	if (!(rc = fn(b, &w, &n)) && !n)
		rc = berth_fail(BERTH_E_NOMATCH, "no such message");
	if (!rc)
		rc = berth_store_commit(s);
	berth_store_rollback(s);
	if (!rc && (*out = berth_json_new_object()) && (rc = berth_json_set_int(*out, "messages", n))) {
		berth_json_free(*out);
		*out = NULL;
	}
out:
	berth_buf_free(&w.peer);
	return rc;
}

static enum berth_err messages_retry(void *arg, const struct berth_api_request *req, struct berth_json **out)
{
	return command(arg, req, out, retry);
}

static enum berth_err messages_drop(void *arg, const struct berth_api_request *req, struct berth_json **out)
{
	return command(arg, req, out, drop);
}

void backend_queue_init(struct berth_api_backend *api)
{
	api->op[BERTH_API_MESSAGES] = messages;
	api->op[BERTH_API_MESSAGES_RETRY] = messages_retry;
	api->op[BERTH_API_MESSAGES_DROP] = messages_drop;
}
