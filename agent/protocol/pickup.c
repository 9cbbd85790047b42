/* SPDX-License-Identifier: Apache-2.0 */
/* message pickup 3.0, the mediator.  Nothing leaves the queue before its client says that
 * it has it, in live mode neither.  All answers are sent once, on the link of the question:
 * they say what is true now. */
#include <string.h>

#include "agent/protocol/mediate.h"
#include "agent/protocol/problem.h"
#include "did/url.h"
#include "didcomm/message.h"

#define NO_LIVE_MODE "e.m.live-mode-not-supported"

/* One answer of this protocol to a client; body is taken. */
static enum berth_err say(struct berth_env *env, struct berth_effects *fx, const char *client, const char *type,
			  const char *thid, struct berth_json *body, struct berth_send **out)
{
	const struct berth_identity *me = env->identity(env, BERTH_ID_MEDIATOR);
	enum berth_err rc;

	if (!me) {
		berth_json_free(body);
		return berth_fail(BERTH_E_INTERNAL, "a mediator without an identity");
	}
	if (!(rc = berth_effects_send(env, fx, me, client, NULL, type, thid, body, out)))
		(*out)->ephemeral = true;
	return rc;
}

/* ---- status */

static enum berth_err fill_status(struct berth_env *env, struct berth_json *body, const char *client, const char *asked,
				  const struct berth_queue_status *q)
{
	enum berth_err rc;

	if ((asked && (rc = berth_json_set_str(body, "recipient_did", asked))) ||
	    (rc = berth_json_set_int(body, "message_count", q->messages)) ||
	    (rc = berth_json_set_int(body, "total_bytes", q->bytes)) ||
	    (q->messages && (rc = berth_json_set_int(body, "longest_waited_seconds", q->waited_s))) ||
	    (q->newest_s && (rc = berth_json_set_int(body, "newest_received_time", q->newest_s))) ||
	    (q->oldest_s && (rc = berth_json_set_int(body, "oldest_received_time", q->oldest_s))))
		return rc;
	return berth_json_set_bool(body, "live_delivery", env->queue->live(env->queue, client));
}

/* asked: the recipient as the client wrote it, or NULL; recipient: its short form. */
static enum berth_err send_status(struct berth_env *env, struct berth_effects *fx, const char *client, const char *asked,
				  const char *recipient, const char *thid)
{
	struct berth_json *body = berth_json_new_object();
	struct berth_queue_status q;
	struct berth_send *s;
	enum berth_err rc;

	if ((rc = env->queue->status(env->queue, client, recipient, &q)) ||
	    (rc = fill_status(env, body, client, asked, &q))) {
		berth_json_free(body);
		return rc;
	}
	return say(env, fx, client, BERTH_PIURI_PICKUP "status", thid, body, &s);
}

/* ---- delivery */

struct delivery { struct berth_message *msg; size_t bytes; size_t n; };

/* Takes json over. */
static enum berth_err add_json(struct berth_message *m, struct berth_json *json)
{
	struct berth_json *a = berth_json_first_mut(berth_json_get_mut(m->json, "attachments")), *last = a;

	while ((a = berth_json_next_mut(last)))
		last = a;
	return berth_json_set(berth_json_get_mut(last, "data"), "json", json);
}

/* The protocol shows base64, and agents are about that read JSON only: both, as long as
 * there is room.  JSON alone takes no more than the message came with. */
static enum berth_err attach(void *arg, const char *id, const uint8_t *packed, size_t len)
{
	struct delivery *d = arg;
	struct berth_json *json = NULL;
	enum berth_err rc = berth_json_parse_object(&json, (const char *)packed, len, BERTH_PACKED_MAX);

	d->bytes += len;
	d->n++;
	if (rc)
		return rc;
	if (d->bytes > BERTH_PICKUP_BASE64_MAX)
		return berth_message_attach_json(d->msg, id, json);
	rc = berth_message_attach_bytes(d->msg, id, "application/didcomm-encrypted+json", packed, len);
	if (!rc && d->bytes <= BERTH_PICKUP_BOTH_MAX)
		return add_json(d->msg, json);
	berth_json_free(json);
	return rc;
}

/* *n 0: there is nothing, and nothing is said. */
static enum berth_err send_delivery(struct berth_env *env, struct berth_effects *fx, const char *client, const char *asked,
				    const char *recipient, size_t limit, const char *thid, size_t *n)
{
	struct berth_json *body = berth_json_new_object();
	struct berth_queue_status q;
	struct delivery d = { 0 };
	struct berth_send *s;
	enum berth_err rc;

	*n = 0;
	if ((rc = env->queue->status(env->queue, client, recipient, &q)) || q.messages == 0 ||
	    (asked && (rc = berth_json_set_str(body, "recipient_did", asked)))) {
		berth_json_free(body);
		return rc;
	}
	if ((rc = say(env, fx, client, BERTH_PIURI_PICKUP "delivery", thid, body, &s)))
		return rc;
	d.msg = &s->msg;
	rc = env->queue->each(env->queue, client, recipient, limit, attach, &d);
	*n = d.n;
	return rc;
}

/* ---- questions */

struct question { const char *asked; struct berth_buf recipient; };

static enum berth_err check_client(struct berth_env *env, const struct berth_event *ev, struct berth_effects *fx)
{
	enum berth_err rc = berth_mediate_check_client(env, ev->sender);

	return rc ? rc : berth_mediate_seen(env, fx, ev->sender);
}

/* Who is asked about: all of the client's DIDs, or one. */
static enum berth_err
read_question(struct berth_env *env, const struct berth_event *ev, struct berth_effects *fx, struct question *q)
{
	enum berth_err rc;

	*q = (struct question){ .asked = NULL };
	if ((rc = check_client(env, ev, fx)) ||
	    (rc = berth_json_opt_str(ev->in->msg.body, "recipient_did", BERTH_MEDIATE_DID_MAX, &q->asked)) || !q->asked)
		return rc;
	if (!berth_is_did(q->asked))
		return berth_fail(BERTH_E_TYPE, "recipient_did is no DID");
	return (rc = berth_did_short(&q->recipient, q->asked)) ? rc : berth_buf_status(&q->recipient);
}

static const char *recipient_of(const struct question *q) { return q->asked ? berth_buf_cstr(&q->recipient) : NULL; }

static enum berth_err on_status_request(struct berth_env *env, struct berth_instance *inst, const struct berth_event *ev,
					struct berth_effects *fx)
{
	struct question q;
	enum berth_err rc = read_question(env, ev, fx, &q);

	(void)inst;
	if (!rc)
		rc = send_status(env, fx, ev->sender, q.asked, recipient_of(&q), ev->in->msg.thid);
	berth_buf_free(&q.recipient);
	return rc;
}

static enum berth_err on_delivery_request(struct berth_env *env, struct berth_instance *inst, const struct berth_event *ev,
					  struct berth_effects *fx)
{
	struct question q;
	int64_t limit;
	size_t n = 0;
	enum berth_err rc = read_question(env, ev, fx, &q);

	(void)inst;
	if (!rc && !(rc = berth_json_req_int(ev->in->msg.body, "limit", 1, INT32_MAX, &limit)))
		rc = send_delivery(env, fx, ev->sender, q.asked, recipient_of(&q),
				   limit < BERTH_PICKUP_LIMIT_MAX ? (size_t)limit : BERTH_PICKUP_LIMIT_MAX, ev->in->msg.thid, &n);
	if (!rc && n == 0)
		rc = send_status(env, fx, ev->sender, q.asked, recipient_of(&q), ev->in->msg.thid);
	berth_buf_free(&q.recipient);
	return rc;
}

/* Ids that are not of this client's messages change nothing and are no fault: said twice. */
static enum berth_err on_received(struct berth_env *env, struct berth_instance *inst, const struct berth_event *ev,
				  struct berth_effects *fx)
{
	const struct berth_json *list;
	enum berth_err rc;
	bool found;

	(void)inst;
	if ((rc = check_client(env, ev, fx)) ||
	    (rc = berth_json_req_arr(ev->in->msg.body, "message_id_list", BERTH_PICKUP_RECEIVED_MAX, &list)))
		return rc;
	berth_json_each(id, list) {
		if (!berth_json_str(id))
			return berth_fail(BERTH_E_TYPE, "message_id_list: no text");
		if ((rc = env->queue->received(env->queue, ev->sender, berth_json_str(id), &found)))
			return rc;
	}
	return send_status(env, fx, ev->sender, NULL, NULL, ev->in->msg.thid);
}

static enum berth_err on_live(struct berth_env *env, struct berth_instance *inst, const struct berth_event *ev,
			      struct berth_effects *fx)
{
	enum berth_err rc;
	bool on;

	(void)inst;
	if ((rc = check_client(env, ev, fx)) ||
	    (rc = berth_json_req_bool(ev->in->msg.body, "live_delivery", &on)))
		return rc;
	if (on && !env->held)
		return berth_problem_reply(env, fx, env->identity(env, BERTH_ID_MEDIATOR), ev, NO_LIVE_MODE,
					   "this connection cannot wait for messages");
	return (rc = env->queue->set_live(env->queue, ev->sender, on))
		? rc : send_status(env, fx, ev->sender, NULL, NULL, ev->in->msg.thid);
}

enum berth_err berth_pickup_offer(struct berth_env *env, const char *client, struct berth_effects *fx)
{
	size_t n;

	if (env->queue->live(env->queue, client))
		return send_delivery(env, fx, client, NULL, NULL, BERTH_PICKUP_LIMIT_MAX, NULL, &n);
	return send_status(env, fx, client, NULL, NULL, NULL);
}

static const char *const states[] = { "READY" };
static const struct berth_transition table[] = {
	BERTH_ROW(0, "status-request",       on_status_request,   BERTH_STATE_STAY, BERTH_STATE_STAY),
	BERTH_ROW(0, "delivery-request",     on_delivery_request, BERTH_STATE_STAY, BERTH_STATE_STAY),
	BERTH_ROW(0, "messages-received",    on_received,         BERTH_STATE_STAY, BERTH_STATE_STAY),
	BERTH_ROW(0, "live-delivery-change", on_live,             BERTH_STATE_STAY, BERTH_STATE_STAY),
};

const struct berth_machine berth_pickup_machine = {
	.name = "pickup", .piuri = BERTH_PIURI_PICKUP, .states = states, .n_states = 1,
	.table = table, .table_len = sizeof(table) / sizeof(table[0]), .role = "mediator", .strangers = true,
};
