/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_AGENT_PROTOCOL_VERIFIED_H
#define BERTH_AGENT_PROTOCOL_VERIFIED_H

#include <stdbool.h>

#include "agent/protocol/objects.h"
#include "did/base/key.h"

/* Signatures of objects that this thread has lately verified.  An object is read again in
 * the next step of the same run (a gateway judges each answer as it comes, and all of them
 * when it chooses), and verifying it is the dearest part of that.  Nothing but the signature
 * is remembered, and only one that held: of this kind of object, these very bytes (all of
 * the compact form, which open_token() hashed) and this very key.  Whose key that is, what it may
 * sign, times and status are judged each time. */
#define BERTH_VERIFIED_MAX 16	/* 32 octets each; the oldest gives way */

bool berth_verified_is(const struct berth_object *o, const struct berth_pubkey *key);
void berth_verified_note(const struct berth_object *o, const struct berth_pubkey *key);
void berth_verified_forget(void);	/* all of them, as in a new process: for tests */

#endif /* BERTH_AGENT_PROTOCOL_VERIFIED_H */
