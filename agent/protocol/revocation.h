/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_AGENT_PROTOCOL_REVOCATION_H
#define BERTH_AGENT_PROTOCOL_REVOCATION_H

#include "agent/protocol/protocol.h"

#define BERTH_PIURI_REVOCATION "https://didcomm.org/revocation_notification/2.0/"
#define BERTH_REVOCATION_FORMAT "urn:berth:credential-hash@v1.0"	/* credential_id: the first 32 hex digits of the SHA-256 of its text */

/* A step of the exchange in which the credential was issued. */
berth_step_fn berth_revocation_send;

#endif
