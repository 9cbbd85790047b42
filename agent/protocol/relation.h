/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_AGENT_PROTOCOL_RELATION_H
#define BERTH_AGENT_PROTOCOL_RELATION_H

#include "agent/protocol/protocol.h"

/* What we have with a peer beyond owning it or being owned: which identity of ours it
 * knows, and how that came about.  One record in BERTH_NS_RELATION for each DID of a
 * peer, {"did", "id", "me", ...}; `id` is the same for all the DIDs it has had. */
#define BERTH_NS_RELATION "relation"
#define BERTH_ID_OOB "to-oob-"		/* how the names of invitations' identities begin */
#define BERTH_RELATION_MOVES_MAX 16	/* rotations of a peer without a quiet hour */
#define BERTH_TO_OWNER "owner"		/* as a receiver: whoever owns this device */

/* SHA-256 in hex: names are long, the store's keys are not. */
void berth_name_key(char key[65], const void *name, size_t n);
/* That of the DID's short form. */
BERTH_MUST_USE enum berth_err berth_peer_key(char key[65], const char *did);

/* E_NOMATCH: none.  Owned by the caller. */
BERTH_MUST_USE enum berth_err
berth_relation_get(struct berth_env *env, const char *peer, struct berth_json **out);
BERTH_MUST_USE enum berth_err
berth_relation_put(struct berth_effects *fx, const char *peer, const struct berth_json *relation);

/* A new one, not stored yet: `me` is what the peer has written to or will hear from.
 * Owned by the caller. */
BERTH_MUST_USE enum berth_err
berth_relation_new(const char *peer, const struct berth_identity *me, struct berth_json **out);
/* Where a peer is that we have to ask for messages, since it cannot dial us.  E_ROUTE:
 * it has no endpoint either. */
BERTH_MUST_USE enum berth_err berth_relation_set_uri(struct berth_env *env, struct berth_json *relation);
/* An identity for one peer or one invitation, kind and suffix in its name. */
BERTH_MUST_USE enum berth_err
berth_relation_make_identity(struct berth_env *env, const char *kind, const char *suffix,
			     const struct berth_identity **out);

/* --- rotation (from_prior), relation_rotate.c --- */
/* We are another to that peer from now on, and say so with every message until it has
 * written to the new DID; forget: the identity before ends then.  One that is under way
 * already stays. */
BERTH_MUST_USE enum berth_err berth_relation_rotate(struct berth_env *env, struct berth_json *relation, bool forget);
/* Who speaks to `to`, where *from was asked to: of a relationship its own identity.
 * *prior: from_prior to be sent along, owned by the caller; NULL: none. */
BERTH_MUST_USE enum berth_err
berth_relation_voice(struct berth_env *env, const struct berth_identity **from, const char *to, char **prior);
/* Before any step: the peer's own rotation, strictly forward (E_ROTATE); *over: it has
 * ended the relationship with this message. */
BERTH_MUST_USE enum berth_err
berth_relation_moved(struct berth_env *env, const struct berth_event *ev, struct berth_effects *fx, bool *over);
/* The same, then: a DID that was given up, or whose relationship has ended, is refused
 * (E_AUTHZ, C065); what was written to our new DID ends our rotation. */
BERTH_MUST_USE enum berth_err
berth_relation_seen(struct berth_env *env, const struct berth_event *ev, struct berth_effects *fx);
/* Whether a rotation by these verified claims is news after the one at last_iat (-1:
 * none), and within its time where there is a clock.  E_ROTATE: it is not later. */
BERTH_MUST_USE enum berth_err
berth_rotation_is_news(const struct berth_env *env, const struct berth_json *claims, int64_t last_iat, int64_t *iat);

extern const struct berth_machine berth_relation_machine;

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
