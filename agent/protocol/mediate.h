/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_AGENT_PROTOCOL_MEDIATE_H
#define BERTH_AGENT_PROTOCOL_MEDIATE_H

#include "agent/protocol/protocol.h"

/* Mediation, both sides.  A mediator takes forwards for DIDs that its clients have
 * registered (coordinate-mediation) and keeps what is in them until the client has it
 * (message pickup).
 *
 *	mediator.c  who is a client, and for which DIDs		instance for each client
 *	mediator_clients.c  the same, for the others
 *	relay.c     forwards					from anybody
 *	pickup.c    what waits					from clients
 *	mediated.c  the client's side of all three; mediated_dids.c its DIDs there */
#define BERTH_PIURI_MEDIATE "https://didcomm.org/coordinate-mediation/3.0/"
#define BERTH_PIURI_MEDIATE_2 "https://didcomm.org/coordinate-mediation/2.0/"
#define BERTH_PIURI_PICKUP "https://didcomm.org/messagepickup/3.0/"

#define BERTH_ID_MEDIATOR "mediator"	/* the mediator's own DID, which forwards are for */
#define BERTH_ID_MEDIATED "mediated"	/* as whom a client speaks with its mediator */

#define BERTH_NS_MEDIATOR "mediator"	/* the machine's instances, by berth_mediate_key() */
#define BERTH_MEDIATOR_GRANTED "GRANTED"	/* the state of a client's */
#define BERTH_NS_ROUTE "route"		/* recipient -> {"client", "did"}, by the same */
#define BERTH_NS_MEDIATED "mediated"	/* of a client: the machine's instance */

#define BERTH_NS_SEEN "mediator-seen"	/* client -> the day (of uptime) of its last word, by the same */
#define BERTH_NS_ROUTING "routing"	/* of a client, "self": the DID that was granted */
#define BERTH_POLL_MEDIATOR "mediator"	/* in BERTH_NS_POLL: whom a client asks for messages */

#define BERTH_MEDIATE_DID_MAX 8192	/* of a recipient, as it is registered: a long did:peer:4 holds its mediator's */
#define BERTH_MEDIATE_SHORT_MAX 2048	/* its short form: what a queue has room for */
#define BERTH_MEDIATE_UPDATES_MAX 32	/* in one message */
#define BERTH_RELAY_MAX ((size_t)720 << 10)	/* one message: what a delivery has room for */
#define BERTH_PICKUP_LIMIT_MAX 10	/* messages in one delivery */
#define BERTH_PICKUP_RECEIVED_MAX 256	/* ids in one messages-received */
#define BERTH_PICKUP_BOTH_MAX ((size_t)128 << 10)	/* of all in a delivery: as base64 and as JSON */
#define BERTH_PICKUP_BASE64_MAX ((size_t)512 << 10)	/* as base64; more goes as JSON */

extern const struct berth_machine berth_mediator_machine;
extern const struct berth_machine berth_relay_machine;
extern const struct berth_machine berth_pickup_machine;
extern const struct berth_machine berth_mediated_machine;

/* A record's key for a DID in any form: names are long, keys are not. */
BERTH_MUST_USE enum berth_err berth_mediate_key(char key[65], const char *did);
/* Whether the configuration lets that DID be a client (still). */
bool berth_mediate_allowed(struct berth_env *env, const char *did);
/* E_AUTHZ: it is none, or not any more. */
BERTH_MUST_USE enum berth_err berth_mediate_check_client(struct berth_env *env, const char *did);
/* Notes that the client was heard of today; one record a day. */
BERTH_MUST_USE enum berth_err
berth_mediate_seen(struct berth_env *env, struct berth_effects *fx, const char *client);
/* Whether there is room for one more client; one that was idle for too long may go. */
BERTH_MUST_USE enum berth_err
berth_mediate_make_room(struct berth_env *env, struct berth_effects *fx, bool *room);
/* Whose recipient that is.  client, did (as it was registered): appended.  E_ROUTE: nobody's. */
BERTH_MUST_USE enum berth_err
berth_mediate_route(struct berth_env *env, const char *recipient, struct berth_buf *client, struct berth_buf *did);

/* What is said unasked to a client that is connected, from the queue: `delivery` in live
 * mode, else `status`.  As a message to be sent once. */
BERTH_MUST_USE enum berth_err
berth_pickup_offer(struct berth_env *env, const char *client, struct berth_effects *fx);

#endif
