/* SPDX-License-Identifier: Apache-2.0 */
/* Asking: a gateway that nobody can dial keeps asking its owner, its mediator, and other
 * peers that it has answered, for messages.  Each record of BERTH_NS_POLL is one of them. */
#include <stdlib.h>
#include <string.h>

#include "agent/core/agent_internal.h"
#include "agent/protocol/empty.h"
#include "agent/protocol/onboarding.h"
#include "agent/protocol/mediate.h"
#include "agent/protocol/onboarding.h"
#include "did/base/log.h"
#include "did/base/rand.h"

#define POLL_FAIL_MAX_S 300
#define POLL_DELAY_MS 2000u
#define POLL_QUICK_MS 1000u
#define POLL_REST_MIN_S 60
#define POLL_SOCKET_MS 50000u	/* less than netd keeps a silent one open */

static void poll_result(struct poll *p, bool ok)
{
	int64_t wait = 0;

	p->flight = 0;
	p->failures = ok ? 0 : p->failures + 1;
	if (!ok) {
		uint32_t r;

		berth_random(&r, sizeof(r));
		wait = berth_backoff_s(p->failures, r);
		if (wait > POLL_FAIL_MAX_S)
			wait = POLL_FAIL_MAX_S;
	}
	p->next_ms = agent_mono_ms() + (uint64_t)wait * 1000;
}

/* Who has nothing to expect does not wear out the network, and still hears of it when that
 * changes: two minutes, four ... rest_s, of each something between half and all. */
static void rest(struct poll *p, size_t messages)
{
	int64_t s;
	uint32_t r;

	p->flight = 0;
	p->idle = messages ? 0 : p->idle < 16 ? p->idle + 1 : 16;
	s = (int64_t)POLL_REST_MIN_S << p->idle;
	if (s > p->rest_s)
		s = p->rest_s;
	berth_random(&r, sizeof(r));
	p->next_ms = agent_mono_ms() + (uint64_t)s * 500 + r % ((uint64_t)s * 500);
}

/* Whether somebody is there at all.  An owner that is silent for long may have moved. */
static void note_silence(const struct berth_agent *a, struct poll *p, bool stored)
{

	if (stored) {
		p->silent_ms = 0;
		p->tell = p->told = false;
		return;
	}
	if (!p->silent_ms)
		p->silent_ms = p->since_ms;
	p->tell = agent_mono_ms() - p->silent_ms >= (uint64_t)berth_owner_silent_s(a->cfg.policy) * 1000;
}

static bool is_socket(const char *uri)
{
	return uri && (!strncmp(uri, "ws://", 5) || !strncmp(uri, "wss://", 6));
}

/* The answer to an older poll, to another peer or before a restart, is none to this
 * one, or two of them would chase each other.  Nothing at once is not worth asking
 * again at once. */
void agent_poll_answered(struct berth_agent *a, uint64_t id, bool stored, size_t messages)
{
	for (size_t i = 0; i < a->n_polls; i++) {
		struct poll *p = &a->polls[i];

		if (id != p->flight)
			continue;
		note_silence(a, p, stored);
		if (p->rest_s) {
			rest(p, messages);
			continue;
		}
		/* over a socket what there is comes by itself; asking keeps the way open,
		 * or opens another */
		if (stored && is_socket(p->uri)) {
			poll_result(p, true);
			p->next_ms = agent_mono_ms() + POLL_SOCKET_MS;
		} else {
			poll_result(p, stored && (messages || agent_mono_ms() - p->since_ms >= POLL_QUICK_MS));
		}
	}
}

/* --- whom --- */
static void poll_free(struct poll *p)
{
	free(p->key);
	free(p->identity);
	free(p->peer);
	free(p->uri);
	*p = (struct poll){ 0 };
}

void agent_poll_clear(struct berth_agent *a)
{
	while (a->n_polls)
		poll_free(&a->polls[--a->n_polls]);
}

static bool is_same(const struct poll *p, const char *key, const char *identity, const char *peer, const char *uri,
		    int64_t rest_s)
{
	return p->rest_s == rest_s && strcmp(p->key, key) == 0 && strcmp(p->identity, identity) == 0 && strcmp(p->peer, peer) == 0 &&
	       strcmp(p->uri, uri) == 0;
}

static enum berth_err poll_new(struct poll *p, const char *key, const char *identity, const char *peer, const char *uri)
{
	*p = (struct poll){ .key = strdup(key), .identity = strdup(identity), .peer = strdup(peer), .uri = strdup(uri),
		/* most runs are over before: what comes, comes in the replies */
		.next_ms = agent_mono_ms() + POLL_DELAY_MS };
	if (p->key && p->identity && p->peer && p->uri)
		return BERTH_OK;
	poll_free(p);
	return berth_no_memory();
}

/* The polls as the records say, those that are unchanged with all they know. */
struct loading { struct berth_agent *a; struct poll polls[POLLS_MAX]; size_t n; };

static enum berth_err load_one(void *arg, const char *key, const uint8_t *text, size_t len)
{
	struct loading *l = arg;
	struct berth_json *v = NULL;
	const char *identity, *peer, *uri;
	int64_t rest_s = 0;
	enum berth_err rc;

	if (l->n == POLLS_MAX)
		return BERTH_OK;	/* the others come when one of these has gone */
	if ((rc = berth_json_parse_object(&v, (const char *)text, len, BERTH_JSON_MAX)) ||
	    (rc = berth_json_req_str(v, "identity", 64, &identity)) ||
	    (rc = berth_json_req_str(v, "peer", BERTH_OUTBOX_DID_MAX, &peer)) ||
	    (rc = berth_json_req_str(v, "uri", BERTH_OUTBOX_ENDPOINTS_MAX, &uri)) ||
	    (rc = berth_json_opt_int(v, "restS", 1, INT32_MAX, &rest_s)))
		goto out;
	for (size_t i = 0; i < l->a->n_polls; i++)
		if (l->a->polls[i].key && is_same(&l->a->polls[i], key, identity, peer, uri, rest_s)) {
			l->polls[l->n++] = l->a->polls[i];
			l->a->polls[i] = (struct poll){ 0 };
			goto out;
		}
	if ((rc = poll_new(&l->polls[l->n], key, identity, peer, uri)))
		goto out;
	l->polls[l->n].rest_s = rest_s;
	if (strcmp(key, BERTH_POLL_FACTORY) == 0)
		rest(&l->polls[l->n], 0);	/* a fleet that begins has other things to do */
	l->n++;
out:
	berth_json_free(v);
	return rc;
}

static bool is_first(const char *key)
{
	return strcmp(key, BERTH_POLL_OWNER) == 0 || strcmp(key, BERTH_POLL_MEDIATOR) == 0 || strcmp(key, BERTH_POLL_FACTORY) == 0;
}

static enum berth_err load_other(void *arg, const char *key, const uint8_t *text, size_t len)
{
	return is_first(key) ? BERTH_OK : load_one(arg, key, text, len);
}

static enum berth_err load_first(struct loading *l, const char *key)
{
	struct berth_buf text = BERTH_BUF_INIT;
	bool found = false;
	enum berth_err rc = berth_store_get(l->a->cfg.store, BERTH_NS_POLL, key, &text, &found);

	if (!rc && found)
		rc = load_one(l, key, text.p, text.len);
	berth_buf_free(&text);
	return rc;
}

void agent_poll_written(struct berth_agent *a, const char *key)
{
	a->polls_stale = true;
	a->polls_others &= is_first(key);
}

/* They are as they were, and all of them are here. */
static void keep_others(struct loading *l)
{
	for (size_t i = 0; i < l->a->n_polls && l->n < POLLS_MAX; i++) {
		struct poll *p = &l->a->polls[i];

		if (!p->key || is_first(p->key))
			continue;
		l->polls[l->n++] = *p;
		*p = (struct poll){ 0 };
	}
}

static enum berth_err load_others(struct loading *l)
{
	struct berth_agent *a = l->a;
	enum berth_err rc;

	if (a->polls_others && a->n_polls < POLLS_MAX) {
		keep_others(l);
		return BERTH_OK;
	}
	rc = berth_store_each(a->cfg.store, BERTH_NS_POLL, NULL, load_other, l);
	a->polls_others = rc == BERTH_OK;
	return rc;
}

/* The owner's and the mediator's are there whatever else is; a mediator that the
 * configuration does not name any more is not asked. */
enum berth_err agent_poll_load(struct berth_agent *a)
{
	struct loading l = { .a = a };
	enum berth_err rc = load_first(&l, BERTH_POLL_OWNER);

	if (!rc)
		rc = load_first(&l, BERTH_POLL_FACTORY);
	if (!rc && a->cfg.policy->mediator_did)
		rc = load_first(&l, BERTH_POLL_MEDIATOR);
	if (!rc)
		rc = load_others(&l);
	for (size_t i = 0; i < a->n_polls; i++) {
		if (rc && a->polls[i].key && l.n < POLLS_MAX)
			l.polls[l.n++] = a->polls[i];	/* what could not be read stays as it was */
		else
			poll_free(&a->polls[i]);
	}
	memcpy(a->polls, l.polls, sizeof(l.polls));
	a->n_polls = l.n;
	a->polls_stale = rc != BERTH_OK;
	return rc;
}

/* --- silence --- */
static enum berth_err deliver_silence(struct berth_agent *a, bool first)
{
	struct berth_json *args = berth_json_new_object();
	const struct berth_event ev = { .on = "silent", .args = args };
	enum berth_err rc = berth_json_set_bool(args, "first", first);

	for (size_t i = 0; !rc && i < a->cfg.n_machines; i++)
		if (berth_machine_knows(a->cfg.machines[i], ev.on))
			rc = agent_deliver(a, a->cfg.machines[i], "self", &ev, NULL);
	berth_json_free(args);
	return rc;
}

/* Its device hears so at each further question that stays without an answer.  The polls may
 * be others afterwards. */
static void tell_silence(struct berth_agent *a)
{
	bool first;

	for (size_t i = 0; i < a->n_polls; i++) {
		struct poll *p = &a->polls[i];

		if (!p->tell || strcmp(p->key, BERTH_POLL_OWNER) != 0)
			continue;
		first = !p->told;
		p->tell = false;
		p->told = true;
		if (agent_is_transient(deliver_silence(a, first)))
			berth_log(BERTH_LOG_INFO, "silent", "%s", berth_err_detail());
		return;
	}
}

/* --- asking --- */
static enum berth_err poll_once(struct berth_agent *a, const struct poll *p)
{
	struct berth_effects fx = { .state = BERTH_STATE_STAY };
	const struct berth_identity *me = a->env.identity(&a->env, p->identity);
	struct berth_buf packed = BERTH_BUF_INIT;
	struct berth_send *s;
	enum berth_err rc;

	if (!me)
		return berth_fail(BERTH_E_STORE, "poll for %s", p->identity);
	if (!(rc = berth_effects_send(&a->env, &fx, me, p->peer, p->uri, BERTH_TYPE_EMPTY, NULL, NULL, &s))) {
		/* P1: whoever has the owner's address, and has not proved itself, learns from a
		 * header as little as from hello */
		struct berth_pack how = { .mode = BERTH_PACK_AUTHCRYPT, .from = s->msg.from, .to = s->to,
			.protect_sender = strcmp(p->identity, BERTH_ID_FACTORY) == 0,
			.resolver = a->env.resolver, .keyring = a->cfg.keys->keyring };

		if (!(rc = berth_pack(&packed, &how, &s->msg)))
			rc = agent_transmit(a, (struct in_flight){ .poll = true }, p->peer, p->uri,
					    BERTH_FRAME_ENCRYPTED, packed.p, packed.len);
	}
	berth_buf_free(&packed);
	berth_effects_free(&fx);
	return rc;
}

static void tick_one(struct berth_agent *a, struct poll *p)
{
	enum berth_err rc;

	if (p->flight || agent_mono_ms() < p->next_ms || a->n_flight >= IN_FLIGHT_MAX)
		return;
	p->since_ms = agent_mono_ms();
	if ((rc = poll_once(a, p))) {
		berth_log_err(BERTH_LOG_INFO, "poll", rc);
		p->rest_s ? rest(p, 0) : poll_result(p, false);
	} else {
		p->flight = a->next_id;
	}
}

void agent_poll_tick(struct berth_agent *a)
{
	tell_silence(a);
	for (size_t i = 0; i < a->n_polls; i++)
		tick_one(a, &a->polls[i]);
}

uint32_t agent_poll_wait(const struct berth_agent *a, uint32_t in_ms, uint64_t now_ms)
{
	for (size_t i = 0; i < a->n_polls; i++)
		if (!a->polls[i].flight)
			in_ms = agent_sooner(in_ms, a->polls[i].next_ms, now_ms);
	return in_ms;
}
