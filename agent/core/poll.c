/* SPDX-License-Identifier: Apache-2.0 */
/* Asking: a gateway that nobody can dial keeps asking its peer for messages. */
#include <stdlib.h>
#include <string.h>

#include "agent/core/agent_internal.h"
#include "agent/protocol/empty.h"
#include "did/base/log.h"
#include "did/base/rand.h"

#define POLL_FAIL_MAX_S 300
#define POLL_DELAY_MS 2000u
#define POLL_QUICK_MS 1000u

static void poll_result(struct berth_agent *a, bool ok)
{
	int64_t wait = 0;

	a->poll.flight = 0;
	a->poll.failures = ok ? 0 : a->poll.failures + 1;
	if (!ok) {
		uint32_t r;

		berth_random(&r, sizeof(r));
		wait = berth_backoff_s(a->poll.failures, r);
		if (wait > POLL_FAIL_MAX_S)
			wait = POLL_FAIL_MAX_S;
	}
	a->poll.next_ms = agent_mono_ms() + (uint64_t)wait * 1000;
}

/* The answer to an older poll, to another peer or before a restart, is none to this
 * one, or two of them would chase each other.  Nothing at once is not worth asking
 * again at once. */
void agent_poll_answered(struct berth_agent *a, uint64_t id, bool stored, size_t messages)
{
	if (id == a->poll.flight)
		poll_result(a, stored && (messages || agent_mono_ms() - a->poll.since_ms >= POLL_QUICK_MS));
}

/* --- asking --- */
void agent_poll_clear(struct berth_agent *a)
{
	free(a->poll.identity);
	free(a->poll.peer);
	free(a->poll.uri);
	a->poll = (struct poll){ 0 };
}

/* Follows the record that steps write; an unchanged one changes nothing. */
enum berth_err agent_poll_load(struct berth_agent *a)
{
	struct berth_buf text = BERTH_BUF_INIT;
	struct berth_json *v = NULL;
	const char *identity, *peer, *uri;
	bool found = false;
	enum berth_err rc = berth_store_get(a->cfg.store, BERTH_NS_POLL, "self", &text, &found);

	if (rc || !found) {
		if (!rc)
			agent_poll_clear(a);
		goto out;
	}
	if ((rc = berth_json_parse_object(&v, (const char *)text.p, text.len, BERTH_JSON_MAX)) ||
	    (rc = berth_json_req_str(v, "identity", 64, &identity)) ||
	    (rc = berth_json_req_str(v, "peer", BERTH_OUTBOX_DID_MAX, &peer)) ||
	    (rc = berth_json_req_str(v, "uri", BERTH_OUTBOX_ENDPOINTS_MAX, &uri)))
		goto out;
	if (a->poll.peer && strcmp(a->poll.identity, identity) == 0 && strcmp(a->poll.peer, peer) == 0 &&
	    strcmp(a->poll.uri, uri) == 0)
		goto out;
	agent_poll_clear(a);
	a->poll.identity = strdup(identity);
	a->poll.peer = strdup(peer);
	a->poll.uri = strdup(uri);
	/* most runs are over before: what comes, comes in the replies */
	a->poll.next_ms = agent_mono_ms() + POLL_DELAY_MS;
	if (!a->poll.identity || !a->poll.peer || !a->poll.uri) {
		agent_poll_clear(a);
		rc = berth_fail(BERTH_E_NOMEM, "poll");
	}
out:
	berth_json_free(v);
	berth_buf_free(&text);
	return rc;
}

static enum berth_err poll_once(struct berth_agent *a)
{
	struct berth_effects fx = { .state = BERTH_STATE_STAY };
	const struct berth_identity *me = a->env.identity(&a->env, a->poll.identity);
	struct berth_buf packed = BERTH_BUF_INIT;
	struct berth_send *s;
	enum berth_err rc;

	if (!me)
		return berth_fail(BERTH_E_STORE, "poll for %s", a->poll.identity);
	if (!(rc = berth_effects_send(&a->env, &fx, me, a->poll.peer, a->poll.uri, BERTH_TYPE_EMPTY, NULL, NULL, &s))) {
		struct berth_pack p = { .mode = BERTH_PACK_AUTHCRYPT, .from = s->msg.from, .to = s->to,
			.resolver = a->env.resolver, .keyring = a->cfg.keys->keyring };

		if (!(rc = berth_pack(&packed, &p, &s->msg)))
			rc = agent_transmit(a, (struct in_flight){ .poll = true }, a->poll.peer, a->poll.uri,
					    BERTH_FRAME_ENCRYPTED, packed.p, packed.len);
	}
	berth_buf_free(&packed);
	berth_effects_free(&fx);
	return rc;
}

void agent_poll_tick(struct berth_agent *a)
{
	enum berth_err rc;

	if (!a->poll.peer || a->poll.flight || agent_mono_ms() < a->poll.next_ms)
		return;
	a->poll.since_ms = agent_mono_ms();
	if ((rc = poll_once(a))) {
		berth_log_err(BERTH_LOG_INFO, "poll", rc);
		poll_result(a, false);
	} else {
		a->poll.flight = a->next_id;
	}
}

uint32_t agent_poll_wait(const struct berth_agent *a, uint32_t in_ms, uint64_t now_ms)
{
	return a->poll.peer && !a->poll.flight ? agent_sooner(in_ms, a->poll.next_ms, now_ms) : in_ms;
}
