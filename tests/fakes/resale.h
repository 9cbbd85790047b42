/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_TESTS_FAKES_RESALE_H
#define BERTH_TESTS_FAKES_RESALE_H

#include "tests/fakes/forge.h"

/* The story goes on: the owner lets the device go. */

/* A command to the instance of an owner; to may be NULL.  The result, owned; NULL with
 * another outcome than BERTH_OK. */
struct berth_json *resale_command(struct sim_node *owner, const char *device, const char *on, const char *to,
				  enum berth_err want);
/* The operator of the gateway says yes or no. */
enum berth_err resale_consent(struct sim_node *gateway, bool yes);

/* The story's owner has let it go, or the device is no more, and nothing waits anywhere. */
bool resale_released(struct sim *w);
bool resale_retired(struct sim *w);
void resale_watch(struct story *s);	/* whose story these two look at */

/* The released device's chain is taken by `to`, who is the story's owner from now on. */
void resale_take(struct story *s, struct sim_node *to);

/* A story whose device a delegate of its owner will onboard: the owner is returned, and
 * s->owner is the delegate. */
struct sim_node *resale_by_delegate(struct story *s, struct sim_node **agent);

/* Nothing of an owner is left on the device: epoch, counter, records, identities, keys. */
void resale_check_gone(struct story *s, int64_t epoch);
/* The old owner has the device's word, and nothing else of it. */
void resale_check_receipt(struct sim_node *owner, const char *device, const char *state);

#endif
