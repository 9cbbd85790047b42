/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_AGENT_PROTOCOL_APPLICATION_H
#define BERTH_AGENT_PROTOCOL_APPLICATION_H

#include "agent/protocol/protocol.h"

/* Messages of local applications.  What is no other machine's protocol and is granted
 * to an application (policy->apps) goes into that application's box, a sealed record a
 * message, and stays there until the application has said that it has it. */
extern const struct berth_machine berth_app_machine;

#define BERTH_PIURI_BASIC "https://didcomm.org/basicmessage/2.0/"
#define BERTH_NS_APP_BOX "app-box"	/* "NAME/SEQ": one that waits; sealed under the same label */
#define BERTH_APP_KEY_MAX 96
#define BERTH_APP_MESSAGE_MAX ((size_t)256 << 10)
#define BERTH_APP_BOX_MSGS 256
#define BERTH_APP_BOX_BYTES ((int64_t)4 << 20)
#define BERTH_APP_OUT_MSGS 128		/* that may wait for one peer: half of its share of the outbox */
#define BERTH_APP_THREADS 64		/* of each application whose end is told to it */
#define BERTH_APP_ACKED_MAX 32		/* in one step */

/* pattern: a type, or the beginning of one and a star. */
bool berth_type_matches(const char *pattern, const char *type);
/* Types that are never an application's: those of the agent's own machines, and of
 * protocols that carry, route or judge messages. */
bool berth_type_is_reserved(const struct berth_env *env, const char *type);

/* The key of a record in the box, seq 0: what all keys of that application come after. */
void berth_app_key(char key[BERTH_APP_KEY_MAX], const char *name, int64_t seq);

#endif
