/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "did/base/clock.h"
#include "vc/vc_jwt1.h"

static enum berth_err differs(const char *claim)
{
	return berth_fail(BERTH_E_VC, "claim %s and the credential differ", claim);
}

/* ---- a credential's claims ---- */

static enum berth_err set_text(struct berth_json *o, const char *claim, const char *text)
{
	return text ? berth_json_set_str(o, claim, text) : BERTH_OK;
}

static enum berth_err set_time(struct berth_json *o, const char *claim, const struct berth_json *date)
{
	int64_t t;

	if (!date)
		return BERTH_OK;
	if (berth_rfc3339_parse(&t, berth_json_str(date)))
		return berth_fail(BERTH_E_VC, "%s: no date", claim);
	return berth_json_set_int(o, claim, t);
}

enum berth_err berth_vc_jwt1_claims(struct berth_json **out, const struct berth_json *vc)
{
	struct berth_json *o = berth_json_new_object();
	enum berth_err rc;

	*out = NULL;
	if ((rc = set_text(o, "iss", berth_credential_issuer(vc))) ||
	    (rc = set_text(o, "sub", berth_credential_subject(vc))) ||
	    (rc = set_text(o, "jti", berth_json_str(berth_json_get(vc, "id")))) ||
	    (rc = set_time(o, "nbf", berth_json_get(vc, "issuanceDate"))) ||
	    (rc = set_time(o, "exp", berth_json_get(vc, "expirationDate"))) ||
	    (rc = berth_json_set(o, "vc", berth_json_clone(vc)))) {
		berth_json_free(o);
		return rc;
	}
	*out = o;
	return BERTH_OK;
}

/* ---- and back ---- */

/* member of o becomes what the claim says, or is that already. */
static enum berth_err take_text(struct berth_json *o, const char *member, const struct berth_json *claims,
				const char *claim)
{
	const struct berth_json *v = berth_json_get(claims, claim), *there = berth_json_get(o, member);
	const char *s = berth_json_str(v);

	if (!v)
		return BERTH_OK;
	if (!s)
		return berth_fail(BERTH_E_VC, "claim %s is not text", claim);
	if (there)
		return berth_json_str(there) && !strcmp(berth_json_str(there), s) ? BERTH_OK : differs(claim);
	return berth_json_set_str(o, member, s);
}

/* issuer may be an object, and so say more than the claim can. */
static enum berth_err take_issuer(struct berth_json *vc, const struct berth_json *claims)
{
	struct berth_json *issuer = berth_json_get_mut(vc, "issuer");

	if (berth_json_is(issuer, BERTH_JSON_OBJECT))
		return take_text(issuer, "id", claims, "iss");
	return take_text(vc, "issuer", claims, "iss");
}

static enum berth_err take_subject(struct berth_json *vc, const struct berth_json *claims)
{
	struct berth_json *subject = berth_json_get_mut(vc, "credentialSubject");

	if (berth_json_is(subject, BERTH_JSON_ARRAY) && berth_json_len(subject) == 1)
		subject = berth_json_first_mut(subject);
	if (berth_json_is(subject, BERTH_JSON_OBJECT))
		return take_text(subject, "id", claims, "sub");
	return berth_json_get(claims, "sub") ? differs("sub") : BERTH_OK;
}

static enum berth_err take_time(struct berth_json *vc, const char *member, const struct berth_json *claims,
				const char *claim)
{
	const struct berth_json *v = berth_json_get(claims, claim), *there = berth_json_get(vc, member);
	char text[BERTH_RFC3339_LEN + 1];
	int64_t t, date;

	if (!v)
		return BERTH_OK;
	if (!berth_json_is(v, BERTH_JSON_NUMBER) || !(berth_json_num(v) >= 0 && berth_json_num(v) < 253402300800.0))
		return berth_fail(BERTH_E_VC, "claim %s is not a time", claim);
	t = (int64_t)berth_json_num(v);
	if (there) {
		if (!berth_json_str(there) || berth_rfc3339_parse(&date, berth_json_str(there)) || date != t)
			return differs(claim);
		return BERTH_OK;
	}
	berth_rfc3339_format(text, t);
	return berth_json_set_str(vc, member, text);
}

enum berth_err berth_vc_jwt1_credential(struct berth_json **out, const struct berth_json *claims)
{
	const struct berth_json *inner = berth_json_get(claims, "vc");
	struct berth_json *vc;
	enum berth_err rc;

	*out = NULL;
	if (!berth_json_is(inner, BERTH_JSON_OBJECT))
		return berth_fail(BERTH_E_ENV, "no vc claim: not a VC-JWT");
	if (!(vc = berth_json_clone(inner)))
		return berth_no_memory();
	if ((rc = take_issuer(vc, claims)) || (rc = take_subject(vc, claims)) || (rc = take_text(vc, "id", claims, "jti")) ||
	    (rc = take_time(vc, "issuanceDate", claims, "nbf")) || (rc = take_time(vc, "expirationDate", claims, "exp"))) {
		berth_json_free(vc);
		return rc;
	}
	*out = vc;
	return BERTH_OK;
}
