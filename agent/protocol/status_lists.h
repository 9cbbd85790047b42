/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_AGENT_PROTOCOL_STATUS_LISTS_H
#define BERTH_AGENT_PROTOCOL_STATUS_LISTS_H

#include "agent/protocol/protocol.h"

/* The status lists of the OperationalCredentials that an owner issues: two W3C Bitstring
 * Status Lists, one that says "revocation" and one that says "suspension".  A device has
 * one index in both for as long as it stays this owner's, drawn at random so that a list
 * does not say who was bought when; one that was revoked gets another if it comes back.
 *
 * Records: BERTH_NS_STATUS, index -> {"device", "status"}; BERTH_NS_STATUS_LISTS, "lists"
 * -> {"seq", "signedS", "revocation", "suspension"}, the lists as they were signed last. */
#define BERTH_NS_STATUS "status"
#define BERTH_NS_STATUS_LISTS "status-lists"
#define BERTH_STATUS_LIST_URN "urn:berth:status-list:"
#define BERTH_STATUS_LIST_ENTRIES ((size_t)1 << 20)

#define BERTH_STATUS_VALID "valid"
#define BERTH_STATUS_SUSPENDED "suspended"
#define BERTH_STATUS_REVOKED "revoked"
#define BERTH_STATUS_ONBOARD "onboard"	/* in a notice only: revoked, and may start anew */

/* Draws an index for that device of ours.  E_QUOTA: the lists are as good as full. */
BERTH_MUST_USE enum berth_err
berth_status_assign(struct berth_env *env, struct berth_effects *fx, const char *device, int64_t *index);
/* credentialStatus of a credential with that index, owned by the caller. */
BERTH_MUST_USE enum berth_err berth_status_entry(struct berth_json **out, struct berth_env *env, int64_t index);
/* The device's entry says status from now on: both lists are signed anew.  seq: of this
 * change, higher than any before it, and at least the time, so that an owner that was
 * restored from an old copy does not fall behind what it has said. */
BERTH_MUST_USE enum berth_err
berth_status_change(struct berth_env *env, struct berth_effects *fx, const char *device, int64_t index,
		    const char *status, int64_t *seq);

/* berth_status_machine, "self", answers cmd/lists with the record above, signed anew when
 * half of the lists' life is over. */

#endif
