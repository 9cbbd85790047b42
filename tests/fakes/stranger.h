/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_TESTS_FAKES_STRANGER_H
#define BERTH_TESTS_FAKES_STRANGER_H

#include "agent/ipc/frame.h"
#include "tests/fakes/sim.h"

/* Somebody with a did:peer:4 whom no agent of the sim knows. */
struct test_stranger {
	struct berth_resolver self, resolver;	/* its own short form; and everybody's */
	struct berth_keyring *keys;
	char *did_long, *did;
	uint8_t ack[BERTH_FRAME_ACK_LEN];	/* of what it read last, for what it says next */
	bool owes;
	bool asks, acks;	/* what it says has please_ack; is an acknowledgement */
	const struct berth_identity *other;	/* to whom it last wrote */
};

void test_stranger_appear(struct test_stranger *p);
void test_stranger_leave(struct test_stranger *p);
/* Writes to an identity of the node from one of its two forms; return_route NULL: it
 * does not say.  What became of it.  body is taken; may be NULL.  The reply frame is in
 * to->w->answer. */
enum berth_frame_status test_stranger_say(struct test_stranger *p, const char *from, struct sim_node *to,
					  const char *identity, const char *type, const char *return_route,
					  struct berth_json *body);
/* The message in the reply frame; berth_unpacked_free(). */
void test_stranger_read(struct test_stranger *p, struct sim_node *to, struct berth_unpacked *in);

#endif
