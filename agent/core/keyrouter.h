/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_AGENT_CORE_KEYROUTER_H
#define BERTH_AGENT_CORE_KEYROUTER_H

#include <stddef.h>
#include <stdint.h>

#include "agent/protocol/keys.h"
#include "berth/err.h"

/* Several keystores as one struct berth_keys.  What goes where:
 *
 *	a key, by name		the store that claims its identity; the first, when none does
 *	a kid			the store in which it was bound
 *	records, counters	the first store
 *	EK, activation, quote	the store of the device's attestation key
 *	a certification		both keys in one store, or E_KEYSTORE
 *	the state		the worst of all
 *
 * Whether a store answers is the business of its calls alone.  A kid or a key never goes
 * to a second store because the first does not answer. */
struct berth_keyrouter;

#define BERTH_KEYROUTER_MAX 8	/* stores */

/* What a store can claim, the words of `for` in [keystore]: */
#define BERTH_CLAIM_WORDS "device owner pairwise rendezvous maker issuer root ldevid"

BERTH_MUST_USE enum berth_err berth_keyrouter_new(struct berth_keyrouter **out);
void berth_keyrouter_free(struct berth_keyrouter *r);	/* NULL is fine */

/* name and store are borrowed for as long as the router lives; the first one added is
 * what holds everything that is not claimed.  claims: words, each claimed at most once:
 * E_CONFIG else, also for a word that is none, and for too many stores. */
BERTH_MUST_USE enum berth_err
berth_keyrouter_add(struct berth_keyrouter *r, const char *name, struct berth_keys *store,
		    const char *const *claims, size_t n);

/* A key that was found in the i-th store belongs there.  E_KEYSTORE: another one claims
 * it now, and would sign with another key or none. */
BERTH_MUST_USE enum berth_err berth_keyrouter_check(const struct berth_keyrouter *r, size_t i, const char *key);

/* Borrowed; what the protocols work with. */
struct berth_keys *berth_keyrouter_keys(struct berth_keyrouter *r);

#endif
