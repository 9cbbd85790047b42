/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_AGENT_PROTOCOL_OWNER_ITEMS_H
#define BERTH_AGENT_PROTOCOL_OWNER_ITEMS_H

/* What an owner provides: records "SCOPE/ID" of BERTH_NS_PROVISION, sealed, {type,
 * sensitivity?, value}.  SCOPE is a device's key, a model's, or "*" for all devices; of two
 * items of one name the one that is meant for fewer devices counts. */
#include "agent/protocol/owner.h"
#include "did/base/buf.h"

#define OWNER_SCOPE_LEN 72
#define OWNER_SCOPE_ALL "*"
void owner_scope_of_model(char scope[OWNER_SCOPE_LEN], const char *model);

/* As it is announced: {id, type, seq, size, sensitivity, sha256}. */
typedef enum berth_err owner_item_fn(void *arg, const struct berth_json *announced, const struct berth_buf *bytes);
/* Each that is provided for this device, always in the same order. */
enum berth_err owner_items_each(struct berth_env *env, const struct berth_instance *inst, owner_item_fn *fn, void *arg);

/* The same, sealed, where something else is waited for before they are opened: the keys are
 * told, and need not be waited for once more.  E_QUOTA: more than BERTH_ITEMS_MAX. */
struct owner_items {
	struct owner_sealed_item { struct berth_buf id, box; } v[BERTH_ITEMS_MAX];
	size_t n;
};
enum berth_err owner_items_take(struct berth_env *env, const struct berth_instance *inst, struct owner_items *items);
enum berth_err owner_items_open(struct berth_env *env, struct owner_items *items, owner_item_fn *fn, void *arg);
void owner_items_free(struct owner_items *items);

/* Adds what each, or one, is announced as.  E_QUOTA: more than BERTH_ITEMS_MAX. */
enum berth_err owner_item_announce(struct berth_json *list, const struct berth_json *announced);
enum berth_err owner_items_announce(struct berth_env *env, const struct berth_instance *inst, struct berth_json *list);
enum berth_err owner_item_attach(struct berth_send *s, const struct berth_buf *bytes);
/* args of owner_provision(), sealed for a record; E_TYPE, E_B64, E_SIZE for their form. */
enum berth_err owner_item_seal(struct berth_env *env, const struct berth_json *args, struct berth_buf *box);

/* Something of what is provided for this device has changed: a device that has its items
 * already is told.  args: {"confirmWithin"?, "confirmBy"?, "afterMs"?} */
enum berth_err owner_note_change(struct berth_env *env, struct berth_instance *inst, struct berth_effects *fx,
				 const struct berth_json *args);
/* What was issued with its run is what the device has. */
enum berth_err owner_note_issued(struct berth_instance *inst);

#endif
