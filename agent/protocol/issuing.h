/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_AGENT_PROTOCOL_ISSUING_H
#define BERTH_AGENT_PROTOCOL_ISSUING_H

#include "agent/protocol/protocol.h"
#include "vc/formats.h"

/* The credential of an exchange's template (its "credential"), signed by us for its peer:
 * whatever the template says of issuer and subject, they are us and who asked.  Appended
 * to out.  E_TYPE: there is no template; E_HOLDER: it has several subjects; E_KEY: the
 * peer's DID has no key to bind it to; E_NOMATCH: no identity of ours issues. */
BERTH_MUST_USE enum berth_err
berth_issuing_sign(struct berth_env *env, const struct berth_instance *inst, enum berth_vc_format f,
		   struct berth_buf *out);

#endif
