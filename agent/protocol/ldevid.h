/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_AGENT_PROTOCOL_LDEVID_H
#define BERTH_AGENT_PROTOCOL_LDEVID_H

#include "agent/protocol/protocol.h"
#include "did/crypto/x509.h"

/* A certificate for a gateway's operational key by a CA of its owner's (docs/ldevid.md).
 * It goes with the OperationalCredential: asked for, issued, switched to and ended in the
 * same steps.  In bodies and in data, member "ldevid":
 *
 *	{reason?}		the owner certifies; but a request (member "csr") was missing, or
 *				its CA could not, and this is the code
 *	{certs [base64url DER]}	the certificate, and those above it; kept with its {serial, untilS} */
#define BERTH_LDEVID "ldevid"
#define BERTH_LDEVID_ISSUED_MAX 24	/* certificates of one device that are not over */

/* v.serial and v.untilS: what people and lists name a certificate by. */
BERTH_MUST_USE enum berth_err berth_ldevid_describe(struct berth_json *v, const struct berth_x509 *cert);

/* ---- the gateway (ldevid.c) ---- */
/* body.csr, for the operational key. */
BERTH_MUST_USE enum berth_err
berth_ldevid_request(struct berth_env *env, const struct berth_identity *op, struct berth_json *body);
/* to.ldevid = what body says, or nothing; a certificate has to be for our key and DID (op
 * NULL: there is none yet, and {} is all that it can say).
 * E_KEY, E_AUTHZ, E_SIG: it is not; E_TYPE, E_B64, E_SIZE: no certificates. */
BERTH_MUST_USE enum berth_err
berth_ldevid_keep(struct berth_env *env, const struct berth_identity *op, struct berth_json *to,
		  const struct berth_json *body);
/* Certificates of such a member as PEM, appended; nothing where there is none. */
BERTH_MUST_USE enum berth_err berth_ldevid_pem(const struct berth_json *ldevid, struct berth_buf *out);

/* ---- the owner (owner_ldevid.c) ---- */
/* data, beside what owner.h says:
 *	ldevid {serial, untilS} or {reason}	what is in use
 *	ldevidIssued [{serial, untilS, goneS?}]	all that is not over; goneS: since when another is in use
 *
 * Answers the request in a body, for what is valid as long as until_s: *out is member
 * "ldevid" of ours, NULL without a CA.  E_SIG, E_KEY, E_ALG, E_TYPE, E_B64, E_SIZE,
 * E_AUTHZ: the request is none by the key of op_did; E_UNAVAILABLE: the CA's keystore does
 * not answer.  Any other fault of the CA's ends nothing: there is a reason and no certificate. */
BERTH_MUST_USE enum berth_err
berth_ldevid_answer(struct berth_env *env, struct berth_instance *inst, struct berth_effects *fx, const char *op_did,
		    const struct berth_json *body, int64_t until_s, struct berth_json **out);
/* to.ldevid = {serial, untilS} of what was issued, or why it was not; nothing where it has none. */
BERTH_MUST_USE enum berth_err berth_ldevid_note(struct berth_json *to, const struct berth_json *issued);
/* The audit log's line, with of.ldevid.reason. */
void berth_ldevid_say(struct berth_effects *fx, const struct berth_instance *inst, const struct berth_json *of, const char *what);
/* The certificate of from.ldevid (from may be NULL) is in use now; the one before is not. */
BERTH_MUST_USE enum berth_err
berth_ldevid_switch(const struct berth_env *env, struct berth_json *data, const struct berth_json *from);
/* Rows of a list of revoked certificates (x509_order.h) for one device of ours: whatever was
 * issued and is neither in use nor on its way, and that as well when `reason` (RFC 5280 5.3.1)
 * is not negative. */
BERTH_MUST_USE enum berth_err
berth_ldevid_revoked(const struct berth_env *env, const struct berth_json *data, int reason, struct berth_buf *rows);

#endif
