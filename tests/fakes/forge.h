/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_TESTS_FAKES_FORGE_H
#define BERTH_TESTS_FAKES_FORGE_H

#include "tests/fakes/story.h"

/* What somebody who plays foul in the story can make. */

/* A node with an owner's identity that nobody sold anything to. */
struct sim_node *forge_mallory(struct story *s, const char *name, const char *uri);

/* A message by an identity of `from`, packed and handed to `to` by a stranger: no
 * reply goes anywhere.  thid may be NULL; body is taken. */
struct forge_say {
	struct sim_node *from;
	const char *identity;		/* NULL: anoncrypt, by nobody */
	struct sim_node *to;
	const char *to_did;
	const char *name;		/* of gateway-onboarding, or a whole type */
	const char *thid, *pthid;
	bool plaintext;
};
void forge_say(const struct forge_say *say, struct berth_json *body);
/* What is said from now on carries this token; NULL: none. */
void forge_from_prior(const char *jwt);
/* How many messages the answer to it held. */
size_t forge_answers(struct story *s);

/* OC[seq] over the chain so far; the caller may change it before it is signed. */
typedef void forge_change_fn(struct berth_ownership *oc);
/* One more entry by an identity of node for to; package NULL: OC[0].  Owned. */
struct berth_json *forge_sale(struct story *s, const struct berth_json *package, struct sim_node *by,
			      const char *identity, const struct berth_identity *to, forge_change_fn *change);
/* The package as the owner holds it; owned. */
struct berth_json *forge_package(struct story *s, struct sim_node *owner);

/* {blob, package} for the tip of package, signed by an identity of node; owned. */
struct berth_json *forge_answer(struct story *s, const struct berth_json *package, struct sim_node *by,
				const char *identity, int64_t reg_no, int64_t exp_s);
/* From now on the rendezvous tells this device exactly that: an array of answers,
 * taken. */
void forge_registrations(struct story *s, struct berth_json *answers);
/* What it holds now, to be put back; owned. */
struct berth_json *forge_held(struct story *s);

/* The next message of that name (by whoever) is changed before it is packed: its
 * sender remembers what it meant to say. */
typedef void forge_edit_fn(struct berth_json *message, void *arg);
void forge_edit(const char *name, forge_edit_fn *fn, void *arg);
bool forge_edited(void);
/* Edits that many tests make; arg is not used. */
forge_edit_fn forge_other_epoch /* 1 */, forge_other_nonce;
/* And what others are made of. */
struct berth_json *forge_body(struct berth_json *message);
void forge_bad_signature(struct berth_json *obj, const char *member);	/* of a compact JWS; all else is right */

#endif
