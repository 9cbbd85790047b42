/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_AGENT_PROTOCOL_RELATION_H
#define BERTH_AGENT_PROTOCOL_RELATION_H

#include "agent/protocol/protocol.h"

/* What we have with a peer beyond owning it or being owned: which identity of ours it
 * knows, and how that came about.  One record in BERTH_NS_RELATION for each DID of a
 * peer, {"did", "id", "me", ...}; `id` is the same for all the DIDs it has had. */
#define BERTH_NS_RELATION "relation"
#define BERTH_TO_OWNER "owner"		/* as a receiver: whoever owns this device */

/* SHA-256 of the DID's short form, in hex: names are long, the store's keys are not. */
BERTH_MUST_USE enum berth_err berth_peer_key(char key[65], const char *did);

/* E_NOMATCH: none.  Owned by the caller. */
BERTH_MUST_USE enum berth_err
berth_relation_get(struct berth_env *env, const char *peer, struct berth_json **out);
BERTH_MUST_USE enum berth_err
berth_relation_put(struct berth_effects *fx, const char *peer, const struct berth_json *relation);

/* Who we are to a peer, and where it is: that of the relationship; an owned device's
 * operational identity; else the identity of our role. */
struct berth_way {
	const struct berth_identity *me;	/* borrowed */
	char *peer;			/* short form */
	char *uri;			/* to be dialled; NULL: what its document says */
};
/* to: a DID, or BERTH_TO_OWNER.  E_NOMATCH: nobody owns this device, or there is no
 * identity that could speak. */
BERTH_MUST_USE enum berth_err berth_way_to(struct berth_env *env, const char *to, struct berth_way *out);
void berth_way_free(struct berth_way *w);

/* Names the thread that peer has with us, whatever DID it uses by now. */
BERTH_MUST_USE enum berth_err
berth_thread_key(struct berth_env *env, const char *peer, const char *thid, char key[65]);

#endif
