/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_DIDCOMM_ROUTING_H
#define BERTH_DIDCOMM_ROUTING_H

#include <stdbool.h>
#include <stddef.h>

#include "berth/err.h"
#include "did/base/buf.h"
#include "did/base/json.h"
#include "did/base/key.h"
#include "did/resolver.h"
#include "didcomm/message.h"
#include "didcomm/unpack.h"

/* Routing 2.0 (DIDComm v2.1, routing): messages that go through others, who learn whom
 * they are for and nothing else.  A peer's document says the way: its endpoints, each
 * with the keys (routingKeys) that are to be wrapped for.  Nothing here dials. */
#define BERTH_PIURI_ROUTING "https://didcomm.org/routing/2.0/"
#define BERTH_TYPE_FORWARD BERTH_PIURI_ROUTING "forward"
#define BERTH_PROFILE_V2 "didcomm/v2"	/* in an endpoint's `accept` */

#define BERTH_FORWARD_PAYLOADS_MAX 8
#define BERTH_FORWARD_UNWRAP_MAX 2	/* forwards that a receiver takes off its own message */
#define BERTH_ROUTES_MAX 8		/* endpoints of one peer that are considered */
#define BERTH_HOPS_MAX 6		/* forwards around one message */
#define BERTH_HOP_KEYS_MAX 8
#define BERTH_ROUTE_DIDS_MAX 2		/* endpoints that are DIDs, one behind the other */
#define BERTH_ROUTE_LOOKUPS_MAX 24	/* documents that one peer makes us ask for */
#define BERTH_ROUTE_LOOKUPS_STRANGER 4	/* its own, a mediator's twice, and one more */
#define BERTH_ROUTES_TEXT_MAX ((size_t)64 << 10)

/* A forward as it came; borrowed from the message. */
struct berth_forward {
	const char *next;			/* DID, or DID URL of a key */
	const struct berth_json *payloads;	/* attachments, each one packed message */
};

/* E_TYPE: no forward, no next, no attachment, a delay_milli that is no integer (it is
 * not honoured; C079); E_SIZE: caps. */
BERTH_MUST_USE enum berth_err berth_forward_read(struct berth_forward *out, const struct berth_message *m);
/* The packed message in an attachment of a forward, or of a pickup's delivery, appended.
 * E_ENV: it is not an encrypted one; E_JSON, E_B64, E_TYPE; E_NETPOL: only links. */
BERTH_MUST_USE enum berth_err
berth_forward_payload(const struct berth_json *attachment, struct berth_buf *out);

/* One who forwards. */
struct berth_hop {
	char *name;		/* as the route names it, a did:peer:4 in its short form: DID, or DID URL of one key */
	char *kids[BERTH_HOP_KEYS_MAX];
	struct berth_pubkey keys[BERTH_HOP_KEYS_MAX];	/* all of one curve */
	size_t n_keys;
};

/* One way to a peer: what to dial, and around what is sent a forward for each hop,
 * hops[0] the outermost. */
struct berth_route {
	char *uri;
	struct berth_hop *hops;		/* mostly none */
	size_t n_hops;
};

struct berth_routes { struct berth_route *list; size_t n; };	/* owned */

/* The ways to a DID, in the order of its document, with at most so many documents asked
 * for; none is fine.  An endpoint that is a
 * DID stands for the endpoints of that DID, which becomes the first hop.  Endpoints that
 * do not accept DIDComm v2, queue at the sender, or cannot be followed are left out; when
 * no other is left the code says why: E_ROUTE (no v2, DIDs in a circle or too deep, too
 * many hops), E_KEY, E_DID, E_RESOLVE ... */
BERTH_MUST_USE enum berth_err
berth_routes_find(struct berth_routes *out, struct berth_resolver *r, const char *did, unsigned lookups);
void berth_routes_free(struct berth_routes *r);

/* As text that needs no resolver any more, for a store: the one URI where that is all,
 * else JSON.  E_TYPE, E_KEY ...: not such a text. */
BERTH_MUST_USE enum berth_err berth_routes_print(struct berth_buf *out, const struct berth_routes *r);
BERTH_MUST_USE enum berth_err berth_routes_parse(struct berth_routes *out, const char *text);

/* packed, for the DID `to`, with all forwards around it; without hops a copy.  Appends.
 * Each time it is another envelope.  E_SIZE: beyond BERTH_PACKED_MAX. */
BERTH_MUST_USE enum berth_err
berth_route_wrap(struct berth_buf *out, const struct berth_route *r, const char *to, const void *packed, size_t n);
/* One forward by a mediator for the receiver itself (re-wrapping). */
BERTH_MUST_USE enum berth_err
berth_forward_rewrap(struct berth_buf *out, struct berth_resolver *r, const char *to, const void *packed, size_t n);

/* Re-wrapping, at the receiver: whether u is a forward whose next is the DID that it was
 * encrypted to; then the message in it is appended. */
BERTH_MUST_USE enum berth_err
berth_forward_take_off(const struct berth_unpacked *u, struct berth_buf *inner, bool *is);
/* berth_unpack(), and such forwards are taken off and the message in them opened, with
 * re_wrapped_in_forward set: at most BERTH_FORWARD_UNWRAP_MAX of them, E_ROUTE above.
 * Only the inmost message counts. */
BERTH_MUST_USE enum berth_err
berth_unpack_routed(struct berth_unpacked *out, const struct berth_unpack *p, const char *packed, size_t n);

#endif
