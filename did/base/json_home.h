/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_DID_BASE_JSON_HOME_H
#define BERTH_DID_BASE_JSON_HOME_H

#include <stdbool.h>
#include <stddef.h>

/* Memory for values of JSON with their names and texts, for did/base/json*.c alone.  What is
 * taken from a home is never given back by itself: when the last value that lives in it has
 * left, all of it is overwritten and freed.  So a value may go to another tree, and what it
 * was read with waits for it.  The values of one home belong to one thread. */
struct berth_json_home;

/* Where it is not known how much there will be: with what stands before it a block of a size
 * that the C library keeps at hand. */
#define BERTH_JSON_HOME_ROOM ((size_t)960)

/* room: bytes that the first values will take; more may be taken.  NULL: no memory. */
struct berth_json_home *berth_json_home_new(size_t room);
/* n bytes, not initialised, aligned for a value.  NULL: no memory. */
void *berth_json_home_take(struct berth_json_home *home, size_t n);
bool berth_json_home_has(const struct berth_json_home *home, size_t n);	/* without asking for more */
void berth_json_home_enter(struct berth_json_home *home);	/* one more value lives in it */
/* One less: the n bytes at value are not to be used any more.  Wipes and frees with the last. */
void berth_json_home_leave(struct berth_json_home *home, void *value, size_t n);
void berth_json_home_free(struct berth_json_home *home);	/* wipes; whoever lives in it */

#endif
