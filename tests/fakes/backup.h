/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_TESTS_FAKES_BACKUP_H
#define BERTH_TESTS_FAKES_BACKUP_H

#include "tests/fakes/story.h"

/* The owner's store as it is, kept beside it: one at a time. */
void backup_take(struct story *s);
/* In the place of the store of an owner that is off; it is kept no more. */
void backup_put(void);
/* The owner goes off, and on again from that one. */
void backup_restore(struct story *s);

#endif
