/* SPDX-License-Identifier: Apache-2.0 */
/* What a step wants done, as it fills it in: messages, records, whom to ask, what goes. */
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/protocol/protocol.h"
#include "agent/protocol/relation.h"
#include "did/url.h"

static void send_free(struct berth_send *s)
{
	free(s->identity);
	free(s->to);
	free(s->uri);
	berth_message_free(&s->msg);
}

static void put_free(struct berth_put *p)
{
	free(p->ns);
	free(p->key);
	berth_buf_free(&p->value);
}

void berth_effects_init(struct berth_effects *fx)
{
	memset(fx, 0, offsetof(struct berth_effects, sends));
	fx->state = BERTH_STATE_STAY;
}

void berth_effects_free(struct berth_effects *fx)
{
	for (size_t i = 0; i < fx->n_sends; i++)
		send_free(&fx->sends[i]);
	for (size_t i = 0; i < fx->n_puts; i++)
		put_free(&fx->puts[i]);
	for (size_t i = 0; i < fx->n_forget; i++)
		free(fx->forget[i]);
	free(fx->audit);
	for (size_t i = 0; i < fx->n_drops; i++) {
		free(fx->drops[i].peer);
		free(fx->drops[i].thid);
	}
	free(fx->drop_why);
	free(fx->gone_peer);
	free(fx->moved_peer);
	free(fx->moved_from);
	free(fx->moved_to);
	berth_json_free(fx->result);
	berth_effects_init(fx);
}

/* strdup that takes NULL for "none" */
static bool copy(char **out, const char *s)
{
	*out = s ? strdup(s) : NULL;
	return !s || *out;
}

/* prior: from_prior, or NULL */
static enum berth_err
send_as(struct berth_env *env, struct berth_effects *fx, const struct berth_identity *from, const char *prior,
	const char *to, const char *uri, const char *type, const char *thid, struct berth_json *body,
	struct berth_send **out)
{
	bool long_form = from && !env->known(env, from, to);
	struct berth_send s = { .mode = BERTH_PACK_AUTHCRYPT, .long_form = long_form };
	const char *from_did = !from ? NULL : long_form ? from->did_long : from->did;
	enum berth_err rc;

	if (fx->n_sends == BERTH_EFFECTS_SENDS_MAX) {
		berth_json_free(body);
		return berth_fail(BERTH_E_SIZE, "more than %d messages in one step", BERTH_EFFECTS_SENDS_MAX);
	}
	if ((rc = berth_message_new(&s.msg, type, from_did, to, thid, body)))
		return rc;
	if (!from)
		s.mode = BERTH_PACK_ANONCRYPT;
	if ((uri && (rc = berth_json_set_str(s.msg.json, "return_route", "all"))) ||
	    (prior && (rc = berth_message_set(&s.msg, "from_prior", prior)))) {
		send_free(&s);
		return rc;
	}
	if (!copy(&s.identity, from ? from->name : NULL) || !copy(&s.to, to) || !copy(&s.uri, uri)) {
		send_free(&s);
		return berth_no_memory();
	}
	fx->sends[fx->n_sends] = s;
	if (out)
		*out = &fx->sends[fx->n_sends];
	fx->n_sends++;
	return BERTH_OK;
}

void berth_effects_send_before(struct berth_effects *fx, size_t at)
{
	struct berth_send last = fx->sends[fx->n_sends - 1];

	memmove(&fx->sends[at + 1], &fx->sends[at], (fx->n_sends - 1 - at) * sizeof(last));
	fx->sends[at] = last;
}

static enum berth_err
send_to(struct berth_env *env, struct berth_effects *fx, const struct berth_identity *from,
	const char *to, const char *uri, const char *type, const char *thid, struct berth_json *body,
	struct berth_send **out)
{
	char *prior = NULL;
	enum berth_err rc = berth_relation_voice(env, &from, to, &prior);

	if (rc)
		berth_json_free(body);
	else
		rc = send_as(env, fx, from, prior, to, uri, type, thid, body, out);
	free(prior);
	return rc;
}

/* Whoever a message is for knows its own document: the short form always does for
 * `to`, once we have noted the long one for ourselves.  A short one is no news, and an
 * answer to a stranger makes it no friend. */
enum berth_err berth_effects_send(struct berth_env *env, struct berth_effects *fx,
				  const struct berth_identity *from, const char *to, const char *uri,
				  const char *type, const char *thid, struct berth_json *body,
				  struct berth_send **out)
{
	struct berth_buf shorter = BERTH_BUF_INIT;
	enum berth_err rc;

	if (out)
		*out = NULL;
	if ((rc = berth_did_short(&shorter, to)) ||
	    (strcmp(berth_buf_cstr(&shorter), to) != 0 && (rc = env->learn(env, to))))
		berth_json_free(body);
	else
		rc = send_to(env, fx, from, berth_buf_cstr(&shorter), uri, type, thid, body, out);
	berth_buf_free(&shorter);
	return rc;
}

enum berth_err berth_send_in_full(struct berth_send *s, const struct berth_identity *from)
{
	s->long_form = true;
	return berth_message_set(&s->msg, "from", from->did_long);
}

enum berth_err berth_send_please_ack(struct berth_send *s)
{
	static const char *const this_one[] = { "" };	/* SPEC problems: "the current message" */

	return berth_message_set_list(&s->msg, "please_ack", this_one, 1);
}

enum berth_err berth_effects_forget(struct berth_effects *fx, const char *name)
{
	if (fx->n_forget == BERTH_EFFECTS_FORGET_MAX)
		return berth_fail(BERTH_E_SIZE, "more than %d identities to forget", BERTH_EFFECTS_FORGET_MAX);
	if (!copy(&fx->forget[fx->n_forget], name))
		return berth_no_memory();
	fx->n_forget++;
	return BERTH_OK;
}

static enum berth_err
add_put(struct berth_effects *fx, const char *ns, const char *key, struct berth_put **out)
{
	struct berth_put p = { 0 };

	if (fx->n_puts == BERTH_EFFECTS_PUTS_MAX)
		return berth_fail(BERTH_E_SIZE, "more than %d records in one step", BERTH_EFFECTS_PUTS_MAX);
	if (!copy(&p.ns, ns) || !copy(&p.key, key)) {
		put_free(&p);
		return berth_no_memory();
	}
	fx->puts[fx->n_puts] = p;
	*out = &fx->puts[fx->n_puts++];
	return BERTH_OK;
}

enum berth_err berth_effects_put(struct berth_effects *fx, const char *ns, const char *key,
				 const void *value, size_t len)
{
	struct berth_put *p;
	enum berth_err rc = add_put(fx, ns, key, &p);

	if (rc)
		return rc;
	berth_buf_put(&p->value, value, len);
	return berth_buf_status(&p->value);
}

enum berth_err berth_effects_put_json(struct berth_effects *fx, const char *ns, const char *key,
				      const struct berth_json *v)
{
	struct berth_put *p;
	enum berth_err rc = add_put(fx, ns, key, &p);

	return rc ? rc : berth_json_print(&p->value, v);
}

enum berth_err berth_effects_remove(struct berth_effects *fx, const char *ns, const char *key)
{
	struct berth_put *p;
	enum berth_err rc = add_put(fx, ns, key, &p);

	if (rc == BERTH_OK)
		p->gone = true;
	return rc;
}

/* the host keeps whom to ask as records, so that they survive a restart */
static enum berth_err put_poll(struct berth_effects *fx, const char *key, const char *mine, const char *peer, const char *uri,
			       int64_t rest_s)
{
	struct berth_json *v;
	enum berth_err rc;

	if (!mine)
		return berth_effects_remove(fx, BERTH_NS_POLL, key);
	v = berth_json_new_object();
	if (!(rc = berth_json_set_str(v, "identity", mine)) && !(rc = berth_json_set_str(v, "peer", peer)) &&
	    !(rc = berth_json_set_str(v, "uri", uri)) && !(rc = rest_s ? berth_json_set_int(v, "restS", rest_s) : BERTH_OK))
		rc = berth_effects_put_json(fx, BERTH_NS_POLL, key, v);
	berth_json_free(v);
	return rc;
}

enum berth_err berth_effects_poll_also(struct berth_effects *fx, const char *key, const char *mine, const char *peer,
				       const char *uri)
{
	return put_poll(fx, key, mine, peer, uri, 0);
}

enum berth_err berth_effects_poll_seldom(struct berth_effects *fx, const char *key, const char *mine, const char *peer,
					 const char *uri, int64_t rest_s)
{
	return put_poll(fx, key, mine, peer, uri, rest_s);
}

enum berth_err berth_effects_poll(struct berth_effects *fx, const struct berth_identity *mine,
				  const char *peer, const char *uri)
{
	return berth_effects_poll_resting(fx, mine, peer, uri, 0);
}

enum berth_err berth_effects_poll_resting(struct berth_effects *fx, const struct berth_identity *mine,
					  const char *peer, const char *uri, int64_t rest_s)
{
	return put_poll(fx, BERTH_POLL_OWNER, mine ? mine->name : NULL, peer, uri, rest_s);
}

enum berth_err berth_effects_drop(struct berth_effects *fx, const char *peer, const char *thid)
{
	struct berth_drop *d = &fx->drops[fx->n_drops];

	if (fx->n_drops == BERTH_EFFECTS_DROPS_MAX)
		return berth_fail(BERTH_E_SIZE, "more than %d threads to drop", BERTH_EFFECTS_DROPS_MAX);
	fx->n_drops++;
	if (!copy(&d->peer, peer) || !copy(&d->thid, thid))
		return berth_no_memory();
	return BERTH_OK;
}

enum berth_err berth_effects_unsay(struct berth_effects *fx, const char *did)
{
	struct berth_buf peer = BERTH_BUF_INIT;
	enum berth_err rc = berth_did_short(&peer, did);

	if (!rc && !(rc = berth_effects_drop(fx, berth_buf_cstr(&peer), NULL)))
		fx->drops[fx->n_drops - 1].ours = true;
	berth_buf_free(&peer);
	return rc;
}

/* The record says how often we ask and as whom; both stay. */
static enum berth_err move_poll(struct berth_env *env, struct berth_effects *fx, const char *to)
{
	struct berth_buf text = BERTH_BUF_INIT;
	struct berth_json *v = NULL;
	enum berth_err rc = env->records->get(env->records, BERTH_NS_POLL, BERTH_POLL_OWNER, &text);

	if (!rc && !(rc = berth_json_parse_object(&v, (const char *)text.p, text.len, BERTH_JSON_MAX)) &&
	    !(rc = berth_json_set_str(v, "uri", to)))
		rc = berth_effects_put_json(fx, BERTH_NS_POLL, BERTH_POLL_OWNER, v);
	berth_json_free(v);
	berth_buf_free(&text);
	return rc == BERTH_E_NOMATCH ? BERTH_OK : rc;
}

enum berth_err berth_effects_moved(struct berth_env *env, struct berth_effects *fx, const char *peer, const char *from,
				   const char *to)
{
	if (!copy(&fx->moved_peer, peer) || !copy(&fx->moved_from, from) || !copy(&fx->moved_to, to))
		return berth_no_memory();
	return move_poll(env, fx, to);
}

enum berth_err berth_effects_part(struct berth_effects *fx, const char *peer)
{
	free(fx->gone_peer);
	return copy(&fx->gone_peer, peer) ? BERTH_OK : berth_no_memory();
}

void berth_effects_audit(struct berth_effects *fx, const char *fmt, ...)
{
	char *line = NULL;
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&line, fmt, ap) < 0)
		line = NULL;
	va_end(ap);
	free(fx->audit);
	fx->audit = line;
}
