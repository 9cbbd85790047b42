/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_AGENT_CORE_AGENT_H
#define BERTH_AGENT_CORE_AGENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/core/lookups.h"
#include "agent/core/store.h"
#include "agent/protocol/protocol.h"
#include "berth/err.h"

/* One agent without its processes: store, identities, protocol machines, outbox
 * and inbox.  What is outside comes in as vtables: keys (berth-keyd), transport
 * (berth-netd), a resolver, the clock.  berthd runs one; the flow tests run several
 * in one process with a network of their own.
 *
 *	request frame -> unpack -> seen before? -> machine step -> one transaction
 *	(state, records, packed answers, inbox) -> reply frame
 *
 * Nothing is acknowledged before the transaction that holds it is on disk. */
struct berth_agent;
struct berth_frame_request;

struct berth_transport;
struct berth_transport_ops {
	/* Sends one request frame (nng-transport.md); berth_agent_on_result() follows
	 * with the same id.  E_NETPOL: never there; else worth another try. */
	enum berth_err (*send)(struct berth_transport *t, uint64_t id, const char *uri,
			       const struct berth_buf *frame);
	/* Answers a request that berth_agent_on_request() was given. */
	enum berth_err (*reply)(struct berth_transport *t, uint64_t request, const struct berth_buf *frame);
	/* Asks DNS which agents there are; berth_agent_on_services() follows.  E_NOMATCH:
	 * it is not to be asked.  NULL: it cannot be. */
	enum berth_err (*browse)(struct berth_transport *t);
};
struct berth_transport { const struct berth_transport_ops *ops; };

#define BERTH_AGENT_MACHINES_MAX 32

struct berth_agent_config {
	struct berth_store *store;		/* borrowed, all of them */
	struct berth_keys *keys;
	struct berth_transport *transport;
	struct berth_resolver *resolver;	/* for what is not self-contained; may be NULL */
	struct berth_lookups *lookups;		/* of that resolver; NULL: it never takes long */
	const struct berth_policy *policy;
	bool clock_trusted;			/* the system clock is believed */
	size_t n_machines;
	const struct berth_machine *machines[BERTH_AGENT_MACHINES_MAX];	/* the roles */
};

/* Reads identities and instances, checks the counters (a store older than the
 * device's counters: every machine gets "rollback"), delivers "resume". */
BERTH_MUST_USE enum berth_err
berth_agent_new(struct berth_agent **out, const struct berth_agent_config *cfg);
void berth_agent_free(struct berth_agent *a);

/* How a request came.  An answer over HTTP holds one message at most.  With acks the
 * peer says later that it has it, as everybody does over nng; of another there is only
 * berth_agent_on_sent().  A WebSocket is one request as long as it is open: it is answered
 * as often as there is something for whom its messages authenticated, without end. */
enum berth_link { BERTH_LINK_NNG, BERTH_LINK_HTTP, BERTH_LINK_HTTP_ACKS, BERTH_LINK_WS };

/* Around several of the calls below that belong together: what they commit goes to the
 * disk once, at the end, and the answers after that.  May be nested. */
void berth_agent_batch_begin(struct berth_agent *a);
void berth_agent_batch_end(struct berth_agent *a);

/* A request frame from the network; answered through the transport, at once or
 * later (a poll with nothing to give is parked up to BERTH_AGENT_PARK_MS). */
#define BERTH_AGENT_PARK_MS 55000u
#define BERTH_AGENT_PARK_HTTP_MS 25000u	/* what stands between gives up sooner */
#define BERTH_AGENT_PARKED_MAX 8192	/* as many as [listen] requests-at-once can say */
/* ahead: the same frame will be given to on_request (reply: to on_result) when those before it
 * have been; until ahead_end, which comes before the end of the batch, it stays where it is. */
void berth_agent_ahead(struct berth_agent *a, const uint8_t *frame, size_t len);
void berth_agent_ahead_reply(struct berth_agent *a, const uint8_t *frame, size_t len);
void berth_agent_ahead_end(struct berth_agent *a);
void berth_agent_on_request(struct berth_agent *a, uint64_t request, enum berth_link link, const char *source,
			    const uint8_t *frame, size_t len);
/* The requester is gone; forget a parked request, or that it was given a message. */
void berth_agent_on_gone(struct berth_agent *a, uint64_t request);
/* BERTH_LINK_HTTP: the answer left completely; BERTH_LINK_WS: the peer has read the next
 * message of those in answers.  It counts as delivered. */
void berth_agent_on_sent(struct berth_agent *a, uint64_t request);
/* The transport has lost all that it held: every request is gone. */
void berth_agent_on_all_gone(struct berth_agent *a);
/* The outcome of transport->send: rc and, with BERTH_OK, the reply frame. */
void berth_agent_on_result(struct berth_agent *a, uint64_t id, enum berth_err rc,
			   const uint8_t *frame, size_t len);

/* What came of transport->browse: rc and, with BERTH_OK, hints (agent/protocol/hints.h);
 * octets: on the wire for it, both ways. */
void berth_agent_on_services(struct berth_agent *a, enum berth_err rc, const char *text, uint32_t octets);

/* A look-up that was left for later has ended: what waits for it is taken again. */
void berth_agent_on_lookups(struct berth_agent *a);

/* Does what has become due: timers, outbox, polls, parked requests.  Returns in how
 * many milliseconds to call again at the latest. */
uint32_t berth_agent_tick(struct berth_agent *a);

/* An operator's command to an instance ("cmd/approve"); result (may be NULL): what
 * the step left there, owned by the caller.  key NULL: "self". */
BERTH_MUST_USE enum berth_err
berth_agent_command(struct berth_agent *a, const char *machine, const char *key, const char *on,
		    const struct berth_json *args, struct berth_json **result);

/* A machine's instance as {"state", "data"}; E_NOMATCH: none.  Owned by the caller. */
BERTH_MUST_USE enum berth_err
berth_agent_instance(struct berth_agent *a, const char *machine, const char *key, struct berth_json **out);
/* What the machine keeps apart of its data; E_NOMATCH: nothing yet.  Owned by the caller. */
struct berth_machine;
BERTH_MUST_USE enum berth_err
berth_agent_apart(struct berth_agent *a, const struct berth_machine *m, const char *key, struct berth_json **out);
typedef enum berth_err (*berth_agent_each_fn)(void *arg, const char *key, const struct berth_json *instance);
BERTH_MUST_USE enum berth_err
berth_agent_each(struct berth_agent *a, const char *machine, berth_agent_each_fn fn, void *arg);

/* The DIDs that a role has from its first start on; found again later. */
BERTH_MUST_USE enum berth_err
berth_agent_make_identity(struct berth_agent *a, const char *name, enum berth_key_type sign,
			  enum berth_key_type agree, unsigned purposes, bool is_public);
BERTH_MUST_USE enum berth_err
berth_agent_make_signer(struct berth_agent *a, const char *name, enum berth_key_type type, unsigned purposes);

/* A signature over the end of the audit log, put into it and appended to jws; h: what it
 * says.  E_NOMATCH: the agent has no identity BERTH_ID_AUDIT. */
struct berth_audit_head;
BERTH_MUST_USE enum berth_err
berth_agent_audit_sign(struct berth_agent *a, struct berth_audit_head *h, struct berth_buf *jws);
BERTH_MUST_USE enum berth_err berth_agent_audit_unsigned(struct berth_agent *a, int64_t *rows);
void berth_agent_audit_close(struct berth_agent *a);	/* at a good end */
/* A device that is no more. */
bool berth_agent_closed(const struct berth_agent *a);

/* The store is an older copy than the device's counters say (ONBOARDING C.4): nothing
 * is sent, answered or changed until the operator has looked at it. */
bool berth_agent_quarantined(const struct berth_agent *a);

/* For the local API and the status. */
struct berth_env *berth_agent_env(struct berth_agent *a);
struct berth_store *berth_agent_store(struct berth_agent *a);
size_t berth_agent_identity_count(const struct berth_agent *a);
const struct berth_identity *berth_agent_identity_at(const struct berth_agent *a, size_t i);
/* Messages out of the outbox that are on their way to that peer just now. */
size_t berth_agent_on_the_way(const struct berth_agent *a, const char *peer);
/* Octets on the wire, both ways, frames with the SP header. */
uint64_t berth_agent_wire_bytes(const struct berth_agent *a);
/* Grows with everything that comes in for local applications. */
uint64_t berth_agent_news(const struct berth_agent *a);
/* Grows with every step of the gateway. */
uint64_t berth_agent_changes(const struct berth_agent *a);
/* Seconds that this agent has lived, over restarts, untouched by clock jumps: what
 * the store's times are in. */
int64_t berth_agent_now_s(const struct berth_agent *a);

#endif
