/* SPDX-License-Identifier: Apache-2.0 */
/* Asking: a gateway that nobody can dial keeps asking its peer for messages, and who has
 * a mediator that one. */
#include <stdlib.h>
#include <string.h>

#include "agent/core/agent_internal.h"
#include "agent/protocol/empty.h"
#include "agent/protocol/mediate.h"
#include "did/base/log.h"
#include "did/base/rand.h"
#include "did/url.h"

#define POLL_FAIL_MAX_S 300
#define POLL_DELAY_MS 2000u
#define POLL_QUICK_MS 1000u
#define POLL_SOCKET_MS 50000u	/* less than netd keeps a silent one open */

static const char *const records[POLLS] = { "self", BERTH_POLL_MEDIATOR };

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

static bool is_socket(const char *uri)
{
	return uri && (!strncmp(uri, "ws://", 5) || !strncmp(uri, "wss://", 6));
}

/* The answer to an older poll, to another peer or before a restart, is none to this
 * one, or two of them would chase each other.  Nothing at once is not worth asking
 * again at once. */
void agent_poll_answered(struct berth_agent *a, uint64_t id, bool stored, size_t messages)
{
	for (size_t i = 0; i < POLLS; i++) {
		struct poll *p = &a->polls[i];

		if (id != p->flight)
			continue;
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

/* --- asking --- */
static void clear(struct poll *p)
{
	free(p->identity);
	free(p->peer);
	free(p->uri);
	*p = (struct poll){ 0 };
}

void agent_poll_clear(struct berth_agent *a)
{
	for (size_t i = 0; i < POLLS; i++)
		clear(&a->polls[i]);
}

/* An unchanged record changes nothing. */
static enum berth_err follow(struct poll *p, const struct berth_buf *text)
{
	struct berth_json *v = NULL;
	const char *identity, *peer, *uri;
	enum berth_err rc;

	if ((rc = berth_json_parse_object(&v, (const char *)text->p, text->len, BERTH_JSON_MAX)) ||
	    (rc = berth_json_req_str(v, "identity", 64, &identity)) ||
	    (rc = berth_json_req_str(v, "peer", BERTH_DID_URL_MAX, &peer)) ||
	    (rc = berth_json_req_str(v, "uri", BERTH_OUTBOX_ENDPOINTS_MAX, &uri)))
		goto out;
	if (p->peer && strcmp(p->identity, identity) == 0 && strcmp(p->peer, peer) == 0 && strcmp(p->uri, uri) == 0)
		goto out;
	clear(p);
	p->identity = strdup(identity);
	p->peer = strdup(peer);
	p->uri = strdup(uri);
	/* most runs are over before: what comes, comes in the replies */
	p->next_ms = agent_mono_ms() + POLL_DELAY_MS;
	if (!p->identity || !p->peer || !p->uri) {
		clear(p);
		rc = berth_fail(BERTH_E_NOMEM, "poll");
	}
out:
	berth_json_free(v);
	return rc;
}

/* A mediator that the configuration does not name any more is not asked. */
static bool is_wanted(const struct berth_agent *a, const char *record)
{
	return strcmp(record, BERTH_POLL_MEDIATOR) != 0 || a->cfg.policy->mediator_did;
}

/* Follows the records that steps write. */
enum berth_err agent_poll_load(struct berth_agent *a)
{
	enum berth_err rc = BERTH_OK;

	for (size_t i = 0; !rc && i < POLLS; i++) {
		struct berth_buf text = BERTH_BUF_INIT;
		bool found = false;

		rc = berth_store_get(a->cfg.store, BERTH_NS_POLL, records[i], &text, &found);
		if (!rc && found && is_wanted(a, records[i]))
			rc = follow(&a->polls[i], &text);
		else if (!rc)
			clear(&a->polls[i]);
		berth_buf_free(&text);
	}
	return rc;
}

static enum berth_err poll_once(struct berth_agent *a, const struct poll *at)
{
	struct berth_effects fx = { .state = BERTH_STATE_STAY };
	const struct berth_identity *me = a->env.identity(&a->env, at->identity);
	struct berth_buf packed = BERTH_BUF_INIT;
	struct berth_send *s;
	enum berth_err rc;

	if (!me)
		return berth_fail(BERTH_E_STORE, "poll for %s", at->identity);
	if (!(rc = berth_effects_send(&a->env, &fx, me, at->peer, at->uri, BERTH_TYPE_EMPTY, NULL, NULL, &s))) {
		struct berth_pack p = { .mode = BERTH_PACK_AUTHCRYPT, .from = s->msg.from, .to = s->to,
			.resolver = a->env.resolver, .keyring = a->cfg.keys->keyring };

		if (!(rc = berth_pack(&packed, &p, &s->msg)))
			rc = agent_transmit(a, (struct in_flight){ .poll = true }, at->peer, at->uri,
					    BERTH_FRAME_ENCRYPTED, packed.p, packed.len);
	}
	berth_buf_free(&packed);
	berth_effects_free(&fx);
	return rc;
}

static void tick(struct berth_agent *a, struct poll *p)
{
	enum berth_err rc;

	if (!p->peer || p->flight || agent_mono_ms() < p->next_ms || a->n_flight >= IN_FLIGHT_MAX)
		return;
	p->since_ms = agent_mono_ms();
	if ((rc = poll_once(a, p))) {
		berth_log_err(BERTH_LOG_INFO, "poll", rc);
		poll_result(p, false);
	} else {
		p->flight = a->next_id;
	}
}

void agent_poll_tick(struct berth_agent *a)
{
	for (size_t i = 0; i < POLLS; i++)
		tick(a, &a->polls[i]);
}

uint32_t agent_poll_wait(const struct berth_agent *a, uint32_t in_ms, uint64_t now_ms)
{
	for (size_t i = 0; i < POLLS; i++)
		if (a->polls[i].peer && !a->polls[i].flight)
			in_ms = agent_sooner(in_ms, a->polls[i].next_ms, now_ms);
	return in_ms;
}
