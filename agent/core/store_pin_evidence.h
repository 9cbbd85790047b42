/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_AGENT_CORE_STORE_PIN_EVIDENCE_H
#define BERTH_AGENT_CORE_STORE_PIN_EVIDENCE_H

#include "agent/core/pins.h"
#include "did/base/json.h"

/* What is kept of a registry that contradicts itself, as a record:
 * {"did", "pin", "time", "why", "evidence": [{"name", "size", "hash", "end"}]}, of which the end
 * is as much of each piece as there is room for, in base64url; there is less of it where only
 * strangers wanted to know the DID.  *out is the caller's. */
BERTH_MUST_USE enum berth_err
berth_pin_evidence_make(struct berth_json **out, const char *did, const char *pin, const char *why,
			const struct berth_registry_evidence *e, bool ours);

#endif /* BERTH_AGENT_CORE_STORE_PIN_EVIDENCE_H */
