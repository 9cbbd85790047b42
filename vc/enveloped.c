/* SPDX-License-Identifier: Apache-2.0 */
#include "vc/enveloped.h"

#include <string.h>

#include "vc/report.h"
#include "vc/sd_jwt.h"
#include "vc/token.h"

static const struct {
	const char *prefix;
	enum berth_vc_format format;
	bool presentation;
} kinds[] = {
	{ "data:application/vc+jwt,", BERTH_FORMAT_VC_JWT, false },
	{ "data:application/vc+sd-jwt,", BERTH_FORMAT_VC_SD_JWT, false },
	{ "data:application/vp+jwt,", BERTH_FORMAT_VC_JWT, true },
};
#define N_KINDS (sizeof(kinds) / sizeof(kinds[0]))

/* ---- making ---- */

static enum berth_err check_jwt(const char *token)
{
	struct berth_vc_token t;
	enum berth_err rc = berth_vc_token_open(&t, token, strlen(token), BERTH_VC_MAX, "vc+jwt", true, true);

	if (rc)
		return rc;
	rc = berth_credential_check(t.payload);
	berth_vc_token_close(&t);
	return rc;
}

static enum berth_err check_sd_jwt(const char *token)
{
	struct berth_sd_jwt sd;
	enum berth_err rc = berth_sd_parse(&sd, token, strlen(token));

	if (rc)
		return rc;
	if (!(rc = berth_sd_process(&sd)))
		rc = berth_credential_check(sd.payload);
	berth_sd_free(&sd);
	return rc;
}

enum berth_err berth_envelope_make(struct berth_json **out, const char *token)
{
	bool is_sd = strchr(token, '~') != NULL;
	struct berth_buf id = BERTH_BUF_INIT;
	struct berth_json *e = NULL;
	enum berth_err rc;

	*out = NULL;
	if ((rc = is_sd ? check_sd_jwt(token) : check_jwt(token)))
		return rc;
	berth_buf_str(&id, kinds[is_sd].prefix);
	berth_buf_str(&id, token);
	e = berth_json_new_object();
	if ((rc = berth_buf_status(&id)) || (rc = berth_json_set_str(e, "@context", BERTH_VC_CONTEXT)) ||
	    (rc = berth_json_set_str(e, "id", berth_buf_cstr(&id))) ||
	    (rc = berth_json_set_str(e, "type", "EnvelopedVerifiableCredential")))
		berth_json_free(e);
	else
		*out = e;
	berth_buf_free(&id);
	return rc;
}

/* ---- verifying ---- */

const char *berth_envelope_token(const struct berth_json *envelope)
{
	const char *id = berth_vc_is_enveloped(envelope) ? berth_json_str(berth_json_get(envelope, "id")) : NULL;
	const char *comma = id && !strncmp(id, "data:", 5) ? strchr(id, ',') : NULL;

	return comma ? comma + 1 : NULL;
}

bool berth_vp_is_enveloped(const struct berth_json *vp)
{
	const struct berth_json *type = berth_json_get(vp, "type");
	const char *s = berth_json_str(berth_json_is(type, BERTH_JSON_ARRAY) ? berth_json_first(type) : type);

	return s && !strcmp(s, "EnvelopedVerifiablePresentation");
}

static enum berth_err refuse(struct berth_report *r, bool presentation)
{
	enum berth_err rc = berth_report_init(r, "");

	r->presentation = presentation;
	return rc ? rc : berth_report_note(r, berth_fail(BERTH_E_VC, "enveloped, but not as a token that we know"));
}

enum berth_err berth_envelope_verify(struct berth_report *r, const struct berth_verify *v,
				     const struct berth_json *envelope, bool presentation)
{
	const char *id = berth_json_str(berth_json_get(envelope, "id"));

	for (size_t i = 0; id && i < N_KINDS; i++) {
		const char *token = id + strlen(kinds[i].prefix);

		if (kinds[i].presentation != presentation || strncmp(id, kinds[i].prefix, strlen(kinds[i].prefix)))
			continue;
		return (presentation ? berth_verify_presentation : berth_verify_credential)(r, v, kinds[i].format, token,
											    strlen(token));
	}
	return refuse(r, presentation);
}
