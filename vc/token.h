/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_VC_TOKEN_H
#define BERTH_VC_TOKEN_H

#include "did/jose/jws.h"
#include "vc/report.h"

/* What vc+jwt and vp+jwt have in common: a compact JWS whose payload is the
 * credential or presentation itself. */
struct berth_vc_token {
	struct berth_jws jws;
	struct berth_json *payload;
};

/* Envelope: E_ENV for typ (C033) and kid (C024a), and the codes of JWS and JSON.
 * typ_optional: a missing typ is fine; kid_optional: kid is not looked at. */
BERTH_MUST_USE enum berth_err
berth_vc_token_open(struct berth_vc_token *t, const char *token, size_t n, size_t max,
		    const char *typ, bool typ_optional, bool kid_optional);
void berth_vc_token_close(struct berth_vc_token *t);

/* The registered claims beside the payload's own members, E_VC: vc and vp must
 * not stand there; iss, sub, jti agree with party, subject and id; exp, nbf, iat
 * are times. */
BERTH_MUST_USE enum berth_err
berth_vc_check_claims(const struct berth_json *payload, const char *party, const char *subject);

/* exp, nbf and iat, where they are: E_VC when they are no times. */
BERTH_MUST_USE enum berth_err berth_vc_check_times(const struct berth_json *payload);

/* When it is valid: from <= now < until. */
struct berth_window {
	bool any;			/* whether anything says so */
	int64_t from, until;
};
/* What validFrom, validUntil (of VCDM 1.1 issuanceDate, expirationDate), nbf, exp and iat
 * leave. */
struct berth_window berth_window_of(const struct berth_json *payload);
void berth_window_narrow(struct berth_window *w, bool start, int64_t t);
/* Where now is, as far as v knows the time: -1 before it, 0 in it, 1 behind it.  E_CLOCK:
 * that cannot be told. */
BERTH_MUST_USE enum berth_err berth_window_place(const struct berth_window *w, const struct berth_verify *v, int *place);
/* Writes report->validity; notes E_EXPIRED or E_CLOCK. */
void berth_vc_judge_window(struct berth_report *r, const struct berth_verify *v, const struct berth_window *w);

/* Judges validFrom, validUntil, nbf, exp, iat and writes report->validity; notes
 * E_EXPIRED or E_CLOCK. */
void berth_vc_judge_time(struct berth_report *r, const struct berth_verify *v,
			 const struct berth_json *payload);

/* The key of kid in its document, in that relationship, and the signature with it.
 * party: issuer or holder; where it is another form of the same DID, either may be
 * the one that resolves. */
BERTH_MUST_USE enum berth_err
berth_vc_token_verify(const struct berth_vc_token *t, struct berth_resolver *resolver,
		      const char *party, enum berth_rel rel);

/* Contexts after the first are not processed (C121): each one is a warning. */
void berth_vc_warn_contexts(struct berth_report *r, const struct berth_json *payload);

#endif /* BERTH_VC_TOKEN_H */
