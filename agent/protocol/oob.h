/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_AGENT_PROTOCOL_OOB_H
#define BERTH_AGENT_PROTOCOL_OOB_H

#include "agent/protocol/protocol.h"

/* out-of-band 2.0: an invitation is a plaintext message that anybody may have read, as
 * a URL with ?_oob= or as JSON.  Ours names a DID made for it alone; whoever answers
 * with the invitation's id as pthid is a peer from then on, so often as it allows, and
 * hears from us from yet another DID.  A shortened URL (?_oobid=) is not fetched. */
extern const struct berth_machine berth_oob_machine;

#define BERTH_PIURI_OOB "https://didcomm.org/out-of-band/2.0/"
#define BERTH_NS_OOB "oob"		/* ours: id -> {"identity", "uses", "used", "expires", ...} */
#define BERTH_NS_OOB_TAKEN "oob-taken"	/* others': hash of id -> the peer */
#define BERTH_OOB_TEXT_MAX ((size_t)64 << 10)
#define BERTH_OOB_USES_MAX 256
#define BERTH_OOB_GOAL_MAX 512
#define BERTH_OOB_OPEN_MAX 256		/* invitations of ours */
#define BERTH_OOB_KEEP_S (30 * 86400)	/* of one that nobody can answer any more, and of its DID */
#define BERTH_OOB_ACCEPT_MAX 16

struct berth_oob {
	struct berth_message msg;	/* owned; from is there */
	const char *goal, *goal_code;	/* NULL: absent */
};
/* A URL, or the message itself.  E_TYPE: none, or one whose sender takes no DIDComm v2;
 * E_SIZE, E_B64, E_JSON, E_DID. */
BERTH_MUST_USE enum berth_err berth_oob_parse(struct berth_oob *out, const char *text, size_t n);
void berth_oob_free(struct berth_oob *i);
/* base and ?_oob= or &_oob=, appended. */
BERTH_MUST_USE enum berth_err
berth_oob_url(struct berth_buf *out, const char *base, const struct berth_json *invitation);

/* Before any step: whether who wrote to a DID of an invitation was invited.  E_AUTHZ:
 * another id or none, used up, expired (C068).  The records go into fx. */
BERTH_MUST_USE enum berth_err
berth_oob_admit(struct berth_env *env, const struct berth_event *ev, struct berth_effects *fx);

#endif
