/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_TESTS_FAKES_FRAMES_H
#define BERTH_TESTS_FAKES_FRAMES_H

#include "tests/fakes/story.h"

/* What `act` sets going, once for each frame that it takes, in a world of its own: that frame
 * meets a fault, and everything ends as well as without. */
struct frames {
	void (*begin)(struct story *s);
	void (*act)(struct story *s);
	bool (*done)(struct sim *w);
	void (*end)(struct story *s);	/* checks, and ends the story */
	int64_t limit_s;
	size_t at_least;		/* so many frames it takes */
	size_t last;			/* only so many of them, at the end; 0: all */
};

void frames_each(const struct frames *f, enum fault fault);
void frames_each_fault(const struct frames *f);
/* Three in ten are lost, whichever, as often as that. */
void frames_many(const struct frames *f, uint32_t runs, int64_t limit_s);

#endif
