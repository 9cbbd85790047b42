/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_AGENT_CORE_KEYCLIENT_H
#define BERTH_AGENT_CORE_KEYCLIENT_H

#include <stdbool.h>
#include <stdint.h>

#include "agent/protocol/keys.h"
#include "berth/err.h"
#include "did/jose/keyring.h"
#include "did/keystore/keystore.h"

/* The core's end of berth-keyd: struct berth_keys, whose keyring finds keys by the
 * kids that were bound.  Calls block, for at most one of the deadlines.  When keyd
 * is gone, silent or talks nonsense, that call and all later ones are E_KEYSTORE
 * until a new keyd is attached; bindings outlive it.  One thread. */
struct berth_keyclient;

/* A slow chip signs in well under a second and makes a key in a few; a small board
 * opens a store in less than ten.  What takes longer is taken for hanging. */
#define BERTH_KEYCLIENT_USE_MS 5000	/* of one key, or of a counter */
#define BERTH_KEYCLIENT_MAKE_MS 10000	/* a key, evidence */
#define BERTH_KEYCLIENT_OPEN_MS 30000	/* the store */

/* Remembers cfg (copied) for every attach; not yet connected. */
BERTH_MUST_USE enum berth_err
berth_keyclient_new(struct berth_keyclient **out, const struct berth_keystore_config *cfg);
void berth_keyclient_free(struct berth_keyclient *kc);	/* ends keyd, as it sees the close */
/* One more registry of did:ethr (CHAINID:0xADDRESS) that keys of the store may write to;
 * before it is attached.  None: no key writes to any.  E_CONFIG: it is none, or one too many. */
BERTH_MUST_USE enum berth_err berth_keyclient_allow_registry(struct berth_keyclient *kc, const char *registry);
/* What they may pay for it, in gwei for one unit of gas; before it is attached. */
#define BERTH_KEYCLIENT_FEE_GWEI 1000	/* where it is not said */
void berth_keyclient_set_fee_max(struct berth_keyclient *kc, uint64_t gwei);

/* sock is taken in every case: a connection to a keyd that has just been started,
 * or restarted.  Opens the keystore: keyd's codes. */
BERTH_MUST_USE enum berth_err berth_keyclient_attach(struct berth_keyclient *kc, int sock);
/* The same without waiting, for whoever has other work while a device is slow: begin,
 * and end once the descriptor is readable.  In between every call is E_KEYSTORE. */
BERTH_MUST_USE enum berth_err berth_keyclient_attach_begin(struct berth_keyclient *kc, int sock);
BERTH_MUST_USE enum berth_err berth_keyclient_attach_end(struct berth_keyclient *kc);
bool berth_keyclient_opening(const struct berth_keyclient *kc);	/* begun, not ended */
/* False: start keyd again and attach it. */
bool berth_keyclient_usable(const struct berth_keyclient *kc);
/* For a poll loop: readable while no call runs and none is opening means that keyd
 * has ended.  -1: none. */
int berth_keyclient_fd(const struct berth_keyclient *kc);

/* Borrowed; what the protocols work with. */
struct berth_keys *berth_keyclient_keys(struct berth_keyclient *kc);

/* Beyond struct berth_keys.  purposes may be NULL. */
BERTH_MUST_USE enum berth_err
berth_keyclient_info(struct berth_keyclient *kc, const char *name, struct berth_key_info *info, uint32_t *purposes);
typedef enum berth_err berth_keyclient_each_fn(void *arg, const struct berth_key_info *info, uint32_t purposes);
BERTH_MUST_USE enum berth_err
berth_keyclient_list(struct berth_keyclient *kc, berth_keyclient_each_fn *fn, void *arg);

#endif
