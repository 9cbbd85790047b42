/* SPDX-License-Identifier: Apache-2.0 */
/* A credential taken apart, with its token beside it: {..., "proof": {"jwt": token}}. */
#include <string.h>

#include "did/base/clock.h"
#include "vc/formats.h"
#include "vc/vc_jwt1.h"

/* An issuer that is an object with nothing but an id is the same as the id. */
static enum berth_err plain_issuer(struct berth_json *vc)
{
	const struct berth_json *issuer = berth_json_get(vc, "issuer");
	struct berth_json *id;

	if (!berth_json_is(issuer, BERTH_JSON_OBJECT) || berth_json_len(issuer) != 1 || !berth_json_get(issuer, "id"))
		return BERTH_OK;
	id = berth_json_clone(berth_json_get(issuer, "id"));
	return berth_json_replace(berth_json_get_mut(vc, "issuer"), id);
}

/* Dates are compared to the second, however they are written. */
static enum berth_err plain_date(struct berth_json *vc, const char *member)
{
	const char *date = berth_json_str(berth_json_get(vc, member));
	char text[BERTH_RFC3339_LEN + 1];
	int64_t t;

	if (!date || berth_rfc3339_parse(&t, date))
		return BERTH_OK;
	berth_rfc3339_format(text, t);
	return berth_json_set_str(vc, member, text);
}

static enum berth_err plain(struct berth_json *vc)
{
	enum berth_err rc = plain_issuer(vc);

	if (rc || (rc = plain_date(vc, "issuanceDate")))
		return rc;
	return plain_date(vc, "expirationDate");
}

static enum berth_err compare(const struct berth_json *signed_vc, struct berth_json *shown)
{
	struct berth_json *copy = berth_json_clone(signed_vc);
	enum berth_err rc = copy ? plain(copy) : berth_no_memory();

	berth_json_remove(shown, "proof");
	if (!rc && !(rc = plain(shown)) && !berth_json_equal(copy, shown))
		rc = berth_fail(BERTH_E_SIG, "not what the token in its proof says");
	berth_json_free(copy);
	return rc;
}

enum berth_err berth_vc_proof_jwt_verify(struct berth_report *r, const struct berth_verify *v, struct berth_json *take)
{
	const char *token = berth_json_str(berth_json_get(berth_json_get(take, "proof"), "jwt"));
	enum berth_vc_format f = BERTH_FORMAT_VC_JWT;
	enum berth_err rc = berth_vc_format_guess(&f, token, strlen(token));

	if (f == BERTH_FORMAT_DI)	/* JSON in JSON: no token */
		f = BERTH_FORMAT_VC_JWT;
	(void)berth_verify_credential(r, v, f, token, strlen(token));
	if (rc)
		berth_report_note(r, rc);
	if (r->credential && (rc = compare(r->credential, take))) {
		/* what the token says was not shown */
		berth_json_free(r->credential);
		r->credential = NULL;
		r->signature = BERTH_CHECK_FAILED;
		berth_report_note(r, rc);
		r->verified = false;
	}
	berth_json_free(take);
	return r->first;
}
