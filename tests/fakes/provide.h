/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_TESTS_FAKES_PROVIDE_H
#define BERTH_TESTS_FAKES_PROVIDE_H

#include "tests/fakes/story.h"

/* What an owner provides for a device in use, and what there is of it. */

/* The item in use, opened; want NULL: there is none of that name. */
void provide_check(struct story *s, const char *id, const char *want);
/* One record for each item, in whichever slot. */
void provide_check_records(struct story *s, int64_t want);
/* cmd/provision and the like; value NULL: only the name; confirm_s 0, by NULL: nobody has to. */
enum berth_err provide_order(struct story *s, const char *on, const char *id, const char *type, const char *value,
			     int64_t confirm_s, const char *by);
/* The device has said what became of the last set, and nothing is under way. */
bool provide_dealt_with(struct story *s);

#endif
