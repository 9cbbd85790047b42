/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_TESTS_FAKES_NOTE_H
#define BERTH_TESTS_FAKES_NOTE_H

#include "agent/protocol/protocol.h"

/* A protocol that does nothing but send numbered notes and keep count of what came: how
 * often each, and whether a thread came in its order.  Commands:
 *	cmd/send {"identity","to","thread","n","size"?}: the next n (40 at most) of a thread
 *	cmd/poll {"identity","peer","uri"}: ask that peer for messages */
extern const struct berth_machine test_note_machine;

#define TEST_NOTE_THREADS 4096
#define TEST_NOTE_KEY_MAX 400

/* What came of a sender's thread, or of all its threads (-1). */
struct test_note_got { int notes, times, out_of_order; };
enum berth_err test_note_got(struct berth_env *env, const char *from, int thread, struct test_note_got *out);
/* What was sent, by the sender's own count. */
enum berth_err test_note_sent(struct berth_env *env, const char *to, int thread, int *out);
/* Notes that it was told were given up. */
enum berth_err test_note_dead(struct berth_env *env, int *out);
/* Microseconds from the command to the step of the note at its receiver, on one machine:
 * of those that came since the last call, in the order they came; how many. */
size_t test_note_latencies(uint32_t *out, size_t max);

#endif
