/* SPDX-License-Identifier: Apache-2.0 */
#include "vc/formats.h"

#include <string.h>

#include "did/codec/base64url.h"
#include "did/jose/jws.h"
#include "vc/report.h"
#include "vc/sd_jwt.h"

typedef enum berth_err issue_fn(struct berth_buf *out, struct berth_keyring *kr, const struct berth_issue *how,
				const struct berth_json *credential);
typedef enum berth_err present_fn(struct berth_buf *out, struct berth_keyring *kr, const struct berth_issue *how,
				  const char *challenge, const char *domain, const char *const *vcs, size_t n);
typedef enum berth_err verify_fn(struct berth_report *r, const struct berth_verify *v, const char *text, size_t n);

static issue_fn issue_vc_jwt, issue_vc_jwt1, issue_di, issue_sd;
static present_fn present_vp_jwt, present_di, present_sd;

static const struct {
	const char *name, *vp_name;
	issue_fn *issue;		/* NULL, here and below: we do not */
	present_fn *present;
	verify_fn *verify, *vp_verify;
} formats[] = {
	[BERTH_FORMAT_NONE]   = { "", "", NULL, NULL, NULL, NULL },
	[BERTH_FORMAT_VC_JWT] = { "vc+jwt", "vp+jwt", issue_vc_jwt, present_vp_jwt, berth_vc_verify, berth_vp_verify },
	[BERTH_FORMAT_DI]     = { "di", "di", issue_di, present_di, berth_vc_di_verify, berth_vp_di_verify },
	[BERTH_FORMAT_DC_SD_JWT] = { "dc+sd-jwt", "dc+sd-jwt", issue_sd, present_sd, berth_vc_sd_verify, berth_vp_sd_verify },
	[BERTH_FORMAT_VC_SD_JWT] = { "vc+sd-jwt", "vc+sd-jwt", issue_sd, present_sd, berth_vc_sd_verify, berth_vp_sd_verify },
	[BERTH_FORMAT_VC_JWT1] = { "vc-jwt", "vc-jwt", issue_vc_jwt1, NULL, berth_vc_jwt1_verify, NULL },
};
#define N_FORMATS (sizeof(formats) / sizeof(formats[0]))

enum berth_vc_format berth_vc_format_find(const char *name)
{
	for (size_t i = 1; i < N_FORMATS; i++)
		if (!strcmp(name, formats[i].name) || !strcmp(name, formats[i].vp_name))
			return (enum berth_vc_format)i;
	return BERTH_FORMAT_NONE;
}

const char *berth_vc_format_name(enum berth_vc_format f, bool presentation)
{
	return presentation ? formats[f].vp_name : formats[f].name;
}

/* The header's typ is that of any JWT: then a credential in it is one of VCDM 1.1. */
static enum berth_err is_jwt1(bool *is, const char *text, size_t n)
{
	const char *dot = memchr(text, '.', n), *typ;
	struct berth_buf header = BERTH_BUF_INIT;
	struct berth_json *o = NULL;
	enum berth_err rc;

	*is = false;
	if (!dot || (size_t)(dot - text) > BERTH_JWS_HEADER_MAX * 4 / 3)
		return BERTH_OK;
	if (!(rc = berth_b64url_decode(&header, text, (size_t)(dot - text))) &&
	    !(rc = berth_json_parse(&o, berth_buf_cstr(&header), header.len, BERTH_JWS_HEADER_MAX))) {
		typ = berth_json_str(berth_json_get(o, "typ"));
		*is = typ && !strcmp(typ, "JWT");
	}
	berth_json_free(o);
	berth_buf_free(&header);
	return rc == BERTH_E_NOMEM ? rc : BERTH_OK;
}

enum berth_err berth_vc_format_guess(enum berth_vc_format *out, const char *text, size_t n)
{
	bool jwt1 = false;
	enum berth_err rc = BERTH_OK;

	if (n && *text == '{') {
		*out = BERTH_FORMAT_DI;
	} else if (memchr(text, '~', n)) {
		*out = BERTH_FORMAT_DC_SD_JWT;
	} else {
		rc = is_jwt1(&jwt1, text, n);
		*out = jwt1 ? BERTH_FORMAT_VC_JWT1 : BERTH_FORMAT_VC_JWT;
	}
	return rc;
}

static enum berth_err unsupported(enum berth_vc_format f)
{
	return berth_fail(BERTH_E_ALG, "not a format for this: %s", f ? formats[f].name : "unknown");
}

/* ---- making ---- */

static enum berth_err issue_vc_jwt(struct berth_buf *out, struct berth_keyring *kr, const struct berth_issue *how,
				   const struct berth_json *credential)
{
	return berth_vc_issue(out, kr, how->kid, credential);
}

static enum berth_err issue_vc_jwt1(struct berth_buf *out, struct berth_keyring *kr, const struct berth_issue *how,
				    const struct berth_json *credential)
{
	return berth_vc_jwt1_issue(out, kr, how->kid, credential);
}

static enum berth_err issue_di(struct berth_buf *out, struct berth_keyring *kr, const struct berth_issue *how,
			       const struct berth_json *credential)
{
	return berth_vc_di_issue(out, kr, how->kid, credential, &how->di);
}

static enum berth_err present_vp_jwt(struct berth_buf *out, struct berth_keyring *kr, const struct berth_issue *how,
				     const char *challenge, const char *domain, const char *const *vcs, size_t n)
{
	return berth_vp_create(out, kr, how->kid, challenge, domain, vcs, n);
}

static enum berth_err present_di(struct berth_buf *out, struct berth_keyring *kr, const struct berth_issue *how,
				 const char *challenge, const char *domain, const char *const *vcs, size_t n)
{
	struct berth_di_options di = how->di;

	di.challenge = challenge;
	di.domain = domain;
	return berth_vp_di_create(out, kr, how->kid, &di, vcs, n);
}

static enum berth_err issue_sd(struct berth_buf *out, struct berth_keyring *kr, const struct berth_issue *how,
			       const struct berth_json *credential)
{
	return berth_vc_sd_issue(out, kr, how->kid, credential, how->format == BERTH_FORMAT_VC_SD_JWT, how->disclose,
				 how->n_disclose, how->decoys);
}

static enum berth_err present_sd(struct berth_buf *out, struct berth_keyring *kr, const struct berth_issue *how,
				 const char *challenge, const char *domain, const char *const *vcs, size_t n)
{
	const struct berth_sd_binding b = { .kid = how->kid, .nonce = challenge, .aud = domain, .iat_s = how->now_s };

	if (n != 1)
		return berth_fail(BERTH_E_USAGE, "an SD-JWT is presented alone");
	if (how->now_s < 0)
		return berth_fail(BERTH_E_CLOCK, "a key binding says when it was made, and the time is not known");
	return berth_sd_present(out, kr, vcs[0], strlen(vcs[0]), how->disclose, how->n_disclose, &b);
}

static bool is_sd(enum berth_vc_format f)
{
	return f == BERTH_FORMAT_DC_SD_JWT || f == BERTH_FORMAT_VC_SD_JWT;
}

static enum berth_err check_options(const struct berth_issue *how)
{
	if (how->format != BERTH_FORMAT_DI && (how->di.suite || how->di.id || how->di.n_previous))
		return berth_fail(BERTH_E_USAGE, "options of proofs are not for %s", formats[how->format].name);
	if (!is_sd(how->format) && (how->n_disclose || how->decoys))
		return berth_fail(BERTH_E_USAGE, "nothing is withheld in %s", formats[how->format].name);
	return BERTH_OK;
}

enum berth_err berth_issue_credential(struct berth_buf *out, struct berth_keyring *kr, const struct berth_issue *how,
				      const struct berth_json *credential)
{
	enum berth_err rc = check_options(how);

	if (rc || !formats[how->format].issue)
		return rc ? rc : unsupported(how->format);
	return formats[how->format].issue(out, kr, how, credential);
}

enum berth_err berth_issue_presentation(struct berth_buf *out, struct berth_keyring *kr, const struct berth_issue *how,
					const char *challenge, const char *domain, const char *const *vcs, size_t n)
{
	enum berth_err rc = check_options(how);

	if (rc || !formats[how->format].present)
		return rc ? rc : unsupported(how->format);
	return formats[how->format].present(out, kr, how, challenge, domain, vcs, n);
}

/* ---- verifying ---- */

/* What we cannot even look at is refused with a report like any other. */
static enum berth_err verify(struct berth_report *r, const struct berth_verify *v, enum berth_vc_format f,
			     verify_fn *fn, bool presentation, const char *text, size_t n)
{
	enum berth_err rc;

	if (fn)
		return fn(r, v, text, n);
	if ((rc = berth_report_init(r, berth_vc_format_name(f, presentation))))
		return rc;
	r->presentation = presentation;
	return berth_report_note(r, unsupported(f));
}

enum berth_err berth_verify_credential(struct berth_report *r, const struct berth_verify *v, enum berth_vc_format f,
				       const char *text, size_t n)
{
	return verify(r, v, f, formats[f].verify, false, text, n);
}

enum berth_err berth_verify_presentation(struct berth_report *r, const struct berth_verify *v, enum berth_vc_format f,
					 const char *text, size_t n)
{
	return verify(r, v, f, formats[f].vp_verify, true, text, n);
}
