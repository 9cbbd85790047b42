/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_AGENT_PROTOCOL_EXCHANGE_H
#define BERTH_AGENT_PROTOCOL_EXCHANGE_H

#include "agent/protocol/protocol.h"
#include "vc/formats.h"

/* What issue-credential and present-proof have in common: an instance a thread, with
 * data {"peer", "me", "thid", "version", "at", ...}; versions 3.0 and 2.0, in which an
 * exchange is answered as it was begun; credentials and presentations as attachments
 * (exchange_attach.c). */
#define BERTH_EXCHANGES_MAX 512			/* of one machine */
#define BERTH_EXCHANGES_PEER_MAX 32		/* of these, begun by one peer and not ended */
#define BERTH_EXCHANGE_DONE "done"		/* the names of both machines' last states */
#define BERTH_EXCHANGE_ABANDONED "abandoned"
#define BERTH_EXCHANGE_KEEP_S (30 * 86400)	/* then also an open one goes, for a new one */

/* Formats of attachments, 3.0 in the attachment and 2.0 in body.formats.  Where no
 * registry has one it is ours. */
enum berth_attachment_kind { BERTH_ATTACH_DETAIL, BERTH_ATTACH_CREDENTIAL, BERTH_ATTACH_PRESENTATION };
const char *berth_attachment_format(enum berth_vc_format f, enum berth_attachment_kind kind);
/* The first attachment of a format that we have for this kind; its content is in *text.
 * E_TYPE: none. */
BERTH_MUST_USE enum berth_err
berth_exchange_read(const struct berth_message *m, enum berth_attachment_kind kind, enum berth_vc_format *f,
		    struct berth_buf *text);
/* The content of the first attachment of exactly that format; E_NOMATCH. */
BERTH_MUST_USE enum berth_err
berth_exchange_read_format(const struct berth_message *m, const char *format, struct berth_buf *text);
/* text: JSON, which stands as it is, or a token. */
BERTH_MUST_USE enum berth_err
berth_exchange_attach(struct berth_message *m, const char *id, const char *format, const char *text, size_t n);

/* find() of both machines: the thread's, or for a name in starters (NULL-terminated) a
 * new one.  A problem report names the thread by pthid. */
BERTH_MUST_USE enum berth_err
berth_exchange_find(struct berth_env *env, const struct berth_event *ev, const char *ns, const char *const *starters,
		    char **key);
/* In a step for a starter: who, by what version.  E_AUTHZ: a stranger; E_QUOTA: too many
 * exchanges.  Old ones go. */
BERTH_MUST_USE enum berth_err
berth_exchange_begin(struct berth_env *env, struct berth_instance *inst, const struct berth_event *ev,
		     struct berth_effects *fx, const char *ns);
/* The same for a command with args {"to", "thid"}. */
BERTH_MUST_USE enum berth_err
berth_exchange_open(struct berth_env *env, struct berth_instance *inst, const struct berth_event *ev,
		    struct berth_effects *fx, const char *ns);
/* In every other step for a message: of the version it was begun in (E_TYPE), and from
 * whatever DID its peer has by now. */
BERTH_MUST_USE enum berth_err berth_exchange_check(struct berth_instance *inst, const struct berth_event *ev);
/* protocol: "issue-credential".  body is taken. */
BERTH_MUST_USE enum berth_err
berth_exchange_send(struct berth_env *env, const struct berth_instance *inst, struct berth_effects *fx,
		    const char *protocol, const char *name, struct berth_json *body, struct berth_send **out);
/* {"comment"} of a command's args, or an empty body; NULL: no memory. */
struct berth_json *berth_exchange_body(const struct berth_json *args);
/* "ack", as the protocols' pages adopt it: {"status": "OK"}. */
BERTH_MUST_USE enum berth_err
berth_exchange_send_ack(struct berth_env *env, const struct berth_instance *inst, struct berth_effects *fx, const char *protocol);
/* Steps that both tables have: a peer's report, and the operator's "no". */
berth_step_fn berth_exchange_on_problem, berth_exchange_on_decline, berth_exchange_on_ack;
const struct berth_identity *berth_exchange_me(struct berth_env *env, const struct berth_instance *inst);

/* How credentials of others are judged: by the policy, at this time. */
struct berth_verify berth_exchange_verify(const struct berth_env *env);

extern const struct berth_machine berth_issue_machine;		/* issue_credential.c */
extern const struct berth_machine berth_proof_machine;		/* present_proof.c */
extern const struct berth_machine berth_revocation_machine;	/* revocation.c */

#endif
