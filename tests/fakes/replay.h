/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_TESTS_FAKES_REPLAY_H
#define BERTH_TESTS_FAKES_REPLAY_H

#include "tests/fakes/story.h"

/* C069: all that the sim has recorded arrives once more, frame by frame, and once more after
 * everybody was switched off and on: nobody's store changes. */
void test_replay(struct story *s);

#endif
