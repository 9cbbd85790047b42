/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_AGENT_PROTOCOL_GATEWAY_ITEM_H
#define BERTH_AGENT_PROTOCOL_GATEWAY_ITEM_H

/* One provisioned item on the device, as it is announced, as it comes and as it is kept:
 * what a run (gateway_items.c) and a later set (gateway_set.c) share. */
#include "agent/protocol/gateway.h"
#include "did/base/buf.h"

/* to.items = those that body.items announces, checked and without what we do not know. */
enum berth_err gateway_items_announced(struct berth_json *to, const struct berth_json *body);

struct gateway_item {
	const char *id, *sha, *type, *sensitivity;	/* borrowed from the message */
	int64_t seq, size;
	struct berth_buf bytes;				/* owned; gateway_item_check() fills it */
};
/* What a provision-item says of itself. */
enum berth_err gateway_item_read(struct gateway_item *it, const struct berth_message *m);
/* Its attachment is what its hash (E_TYPE) and its size (E_AUTHZ) say. */
enum berth_err gateway_item_check(struct gateway_item *it, const struct berth_message *m);
/* The item as applications will read it, sealed to that epoch. */
enum berth_err gateway_item_seal(struct berth_env *env, struct berth_effects *fx, const char *ns, int64_t epoch,
				 const struct gateway_item *it);

/* ---- of the lists of data: active.items, staged.items ---- */
#define GATEWAY_ITEM_NS_LEN 16
/* NULL: none of that id. */
const struct berth_json *gateway_items_find(const struct berth_json *items, const char *id);
/* All that is announced of them agrees. */
bool gateway_item_same(const struct berth_json *a, const struct berth_json *b);
/* Where it is: its own slot, or that of active (the run's); item may be NULL. */
const char *gateway_item_slot(const struct berth_json *active, const struct berth_json *item);
void gateway_item_ns(char ns[GATEWAY_ITEM_NS_LEN], const struct berth_json *active, const struct berth_json *item);
/* Its record goes; of one that was refused there is none. */
enum berth_err gateway_item_remove(struct berth_effects *fx, const struct berth_json *active, const struct berth_json *item);

#endif
