/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_VC_VC_H
#define BERTH_VC_VC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "berth/err.h"
#include "did/base/buf.h"
#include "did/base/json.h"
#include "did/jose/keyring.h"
#include "did/proof.h"
#include "did/resolver.h"

#define BERTH_VC_MAX ((size_t)64 << 10)	/* one token */
#define BERTH_VP_MAX ((size_t)512 << 10)	/* a presentation with what it envelops */
#define BERTH_VP_CREDENTIALS_MAX 16
#define BERTH_VC_IAT_SKEW_S 300		/* how far ahead a signer's clock may be */
#define BERTH_VC_CONTEXT "https://www.w3.org/ns/credentials/v2"
#define BERTH_VC_CONTEXT_V1 "https://www.w3.org/2018/credentials/v1"

/* The outcome of one check, as the report spells it. */
enum berth_check {
	BERTH_CHECK_NOT_CHECKED, BERTH_CHECK_PASSED, BERTH_CHECK_FAILED,
	BERTH_CHECK_NOT_PRESENT, BERTH_CHECK_STALE
};

/* VCDM 2.0 structure (section 4): E_VC, naming the member. */
BERTH_MUST_USE enum berth_err berth_credential_check(const struct berth_json *vc);
BERTH_MUST_USE enum berth_err berth_presentation_check(const struct berth_json *vp);
/* VCDM 1.1: whether it says to be one, its structure, and the structure of the version
 * that it says to be of. */
bool berth_credential_is_v1(const struct berth_json *vc);
BERTH_MUST_USE enum berth_err berth_credential_check_v1(const struct berth_json *vc);
BERTH_MUST_USE enum berth_err berth_credential_check_any(const struct berth_json *vc);
/* The issuer's or holder's id, string or object form; NULL if malformed. */
const char *berth_credential_issuer(const struct berth_json *vc);
const char *berth_presentation_holder(const struct berth_json *vp);
/* Who signs as kid is the issuer: E_KEY else. */
BERTH_MUST_USE enum berth_err berth_issuer_signs(const char *issuer, const char *kid);
/* credentialSubject.id of the only subject; NULL: none, or several. */
const char *berth_credential_subject(const struct berth_json *vc);

/* type says EnvelopedVerifiableCredential. */
bool berth_vc_is_enveloped(const struct berth_json *vc);

/* vc+jwt (VC-JOSE-COSE): the credential itself is the payload.  issuer must be
 * the DID of kid (else E_KEY).  Appends the compact JWS.  Nothing is added: a
 * device without a clock gives a credential without dates (ONBOARDING C.4). */
BERTH_MUST_USE enum berth_err
berth_vc_issue(struct berth_buf *out, struct berth_keyring *kr, const char *kid,
	       const struct berth_json *credential);

/* vp+jwt around vc+jwt tokens (EnvelopedVerifiableCredential); holder = DID of
 * kid, nonce = challenge, aud = domain (NULL: none).  No time stands in it. */
BERTH_MUST_USE enum berth_err
berth_vp_create(struct berth_buf *out, struct berth_keyring *kr, const char *kid,
		const char *challenge, const char *domain, const char *const *vcs, size_t n);

struct berth_status_cache;
struct berth_vc_policy;

struct berth_verify {
	struct berth_resolver *resolver;
	const struct berth_pubkey *key;	/* the issuer's bare key (--jwk), or NULL */
	const char *const *trust;	/* trusted issuers' DIDs */
	size_t n_trust;
	int64_t now_s;			/* < 0: no trusted time, then a date is E_CLOCK, ... */
	int64_t floor_s;		/* ... but for what is decided by the time being at least this; 0: nothing */
	bool no_time;			/* clockless device: validity is not judged */
	bool no_status;			/* a status that cannot be answered is a warning */
	bool typ_optional;		/* --format given: a missing typ is accepted */
	const char *challenge, *domain;	/* presentations */
	const char *status_dir;		/* a folder of status lists, or NULL */
	struct berth_status_cache *status_cache;	/* vc/status.h; NULL: every list is read anew */
	int64_t max_stale_s;		/* a list past its validity still counts for so long */
	const char *schema_dir;		/* a folder of JSON Schemas, or NULL */
	const char *delegation_dir;	/* a folder of DelegationCredentials, or NULL */
	const struct berth_vc_policy *policy;	/* vc/policy.h; NULL: trust, and nothing else */
	size_t max;			/* bytes of one credential; 0: BERTH_VC_MAX */
};

struct berth_report {
	bool verified, presentation;
	bool rdf;			/* a proof over RDF: the contexts were processed */
	enum berth_err first;		/* the first failed, in INTERFACES' order */
	enum berth_check signature, validity, status, issuer, holder;
	enum berth_check schema;	/* not-present unless the credential names one */
	char alg[32];			/* of a token; "" else */
	struct berth_json *rules;	/* names of the policy's rules that were kept to; NULL: no policy */
	struct berth_json *assumed;	/* names of checks that they let pass unmade */
	struct berth_json *warnings;	/* array */
	struct berth_json *credential;	/* the payload (VC or VP); only if the signature held */
	char *issuer_did, *format;	/* issuer_did: of a presentation the holder */
	char detail[256];
	struct berth_json *credentials;	/* presentations: array of reports */
};

/* Verifies one token.  Returns report->first; the report is filled in every case
 * and freed with berth_report_free(). */
enum berth_err
berth_vc_verify(struct berth_report *report, const struct berth_verify *v, const char *token, size_t n);
enum berth_err
berth_vp_verify(struct berth_report *report, const struct berth_verify *v, const char *token, size_t n);

/* vc-jwt, VC Data Model 1.1 6.3.1: the credential in the claim vc of a JWT, whose own
 * claims (iss, sub, jti, nbf, exp) say the same.  The report's credential has all of it. */
BERTH_MUST_USE enum berth_err
berth_vc_jwt1_issue(struct berth_buf *out, struct berth_keyring *kr, const char *kid,
		    const struct berth_json *credential);
enum berth_err
berth_vc_jwt1_verify(struct berth_report *report, const struct berth_verify *v, const char *token, size_t n);

/* Data Integrity (did/proof.h): the JSON text of a credential or presentation with its
 * proofs.  options->purpose is set here; issuing adds to the proofs that are there. */
BERTH_MUST_USE enum berth_err
berth_vc_di_issue(struct berth_buf *out, struct berth_keyring *kr, const char *kid,
		  const struct berth_json *credential, const struct berth_di_options *options);
BERTH_MUST_USE enum berth_err
berth_vp_di_create(struct berth_buf *out, struct berth_keyring *kr, const char *kid,
		   const struct berth_di_options *options, const char *const *vcs, size_t n);
enum berth_err
berth_vc_di_verify(struct berth_report *report, const struct berth_verify *v, const char *text, size_t n);
enum berth_err
berth_vp_di_verify(struct berth_report *report, const struct berth_verify *v, const char *text, size_t n);

/* SD-JWT (vc/sd_jwt.h): claims with vct as dc+sd-jwt, or a credential of the W3C's
 * model as vc+sd-jwt; what pointers name can be withheld.  decoys: berth_sd_issue().
 * vp: a key binding must be there and answer challenge and domain. */
BERTH_MUST_USE enum berth_err
berth_vc_sd_issue(struct berth_buf *out, struct berth_keyring *kr, const char *kid, const struct berth_json *claims,
		  bool vcdm, const char *const *pointers, size_t n, size_t decoys);
enum berth_err
berth_vc_sd_verify(struct berth_report *report, const struct berth_verify *v, const char *text, size_t n);
enum berth_err
berth_vp_sd_verify(struct berth_report *report, const struct berth_verify *v, const char *text, size_t n);

void berth_report_free(struct berth_report *r);
struct berth_json *berth_report_json(const struct berth_report *r);

#endif
