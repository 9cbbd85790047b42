/* SPDX-License-Identifier: Apache-2.0 */
/* From an issuer up to somebody that we trust, by credentials that say so. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "did/url.h"
#include "vc/formats.h"
#include "vc/policy.h"
#include "vc/status.h"
#include "vc/wallet.h"

#define LOOKS_MAX 32	/* through the folder, for one question */

struct search {
	const struct berth_verify *v;
	const char *below;			/* whose delegation is looked for */
	const struct berth_json *types;
	bool delegates;				/* below is not the issuer, but made a delegation itself */
	char *by[BERTH_DELEGATIONS_MAX];	/* by whom there are some; owned */
	size_t n;
	char why[160];				/* what was wrong with the last that there was */
};

/* Whether it is one for `below` and these types. */
static bool is_for(const struct search *s, const struct berth_json *vc)
{
	const struct berth_json *may = berth_json_get(berth_json_get(vc, "credentialSubject"), "mayIssue");
	const char *subject = berth_credential_subject(vc);

	if (!berth_json_says(berth_json_get(vc, "type"), BERTH_DELEGATION_TYPE) || !subject || !berth_is_did(subject) ||
	    !berth_is_did(s->below) || !berth_did_same(subject, s->below))
		return false;
	if (s->delegates && !berth_json_says(may, BERTH_DELEGATION_TYPE))
		return false;
	berth_json_each(it, s->types)
		if (!berth_json_says(may, berth_json_str(it)))
			return false;
	return berth_json_len(s->types) > 0;
}

/* Whether the text says so, signed or not: only then it is worth a verification. */
static enum berth_err says_so(bool *is, const struct search *s, const char *text, size_t n)
{
	struct berth_wallet w = { 0 };
	enum berth_err rc = berth_wallet_add(&w, NULL, text, n);

	*is = !rc && is_for(s, berth_wallet_credential(&w.items[0]));
	berth_wallet_free(&w);
	return rc == BERTH_E_NOMEM ? rc : BERTH_OK;
}

/* Judged like any credential, but who made it is the next question. */
static enum berth_err verify(struct berth_report *r, const struct berth_verify *v, const char *text, size_t n)
{
	struct berth_verify sub = *v;
	enum berth_vc_format format;
	enum berth_err rc = berth_vc_format_guess(&format, text, n);

	sub.policy = NULL;
	sub.key = NULL;
	sub.n_trust = 0;
	sub.no_status = false;
	return rc ? rc : berth_verify_credential(r, &sub, format, text, n);
}

static enum berth_err try_file(void *arg, const char *name, const char *text, size_t n)
{
	struct search *s = arg;
	struct berth_report r = { .verified = false };
	bool is;
	enum berth_err rc = says_so(&is, s, text, n);

	(void)name;
	if (rc || !is)
		return rc;
	if (verify(&r, s->v, text, n) == BERTH_E_NOMEM) {
		rc = BERTH_E_NOMEM;
	} else if (!r.verified || !is_for(s, r.credential)) {
		snprintf(s->why, sizeof(s->why), "%.*s", (int)sizeof(s->why) - 1, r.detail);
	} else if (s->n < BERTH_DELEGATIONS_MAX) {
		s->by[s->n++] = r.issuer_did;
		r.issuer_did = NULL;
	}
	berth_report_free(&r);
	return rc;
}

static bool is_anchor(const char *did, const char *const *anchors, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (berth_is_did(did) && berth_did_same(anchors[i], did))
			return true;
	return false;
}

static enum berth_err climb(bool *trusted, const struct berth_verify *v, const char *below, const char *const *anchors,
			    size_t n, const struct berth_json *types, size_t depth, size_t *looks)
{
	struct search s = { .v = v, .below = below, .types = types, .delegates = depth > 1 };
	enum berth_err rc;

	if (++*looks > LOOKS_MAX)
		return berth_fail(BERTH_E_AUTHZ, "too many delegations");
	rc = berth_status_dir(v->delegation_dir, try_file, &s);
	for (size_t i = 0; i < s.n && !rc && !*trusted; i++) {
		*trusted = is_anchor(s.by[i], anchors, n);
		if (!*trusted && depth < BERTH_DELEGATIONS_MAX)
			rc = climb(trusted, v, s.by[i], anchors, n, types, depth + 1, looks);
	}
	for (size_t i = 0; i < s.n; i++)
		free(s.by[i]);
	if (!rc && !*trusted)
		(void)!berth_fail(BERTH_E_AUTHZ, "no delegation from an anchor to the issuer%s%s", *s.why ? ": " : "", s.why);
	return rc;
}

enum berth_err berth_vc_delegated(bool *trusted, const struct berth_verify *v, const char *issuer,
				  const char *const *anchors, size_t n, const struct berth_json *types)
{
	size_t looks = 0;

	*trusted = false;
	if (!v->delegation_dir)
		return berth_fail(BERTH_E_AUTHZ, "no delegations at hand");
	return climb(trusted, v, issuer, anchors, n, types, 1, &looks);
}
