/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_VC_FORMATS_H
#define BERTH_VC_FORMATS_H

#include "vc/vc.h"

/* The formats by the names that users give them, and the right function for each. */
enum berth_vc_format {
	BERTH_FORMAT_NONE,
	BERTH_FORMAT_VC_JWT,	/* vc+jwt, presentations vp+jwt */
	BERTH_FORMAT_DI,	/* di */
	BERTH_FORMAT_DC_SD_JWT,	/* dc+sd-jwt: SD-JWT VC */
	BERTH_FORMAT_VC_SD_JWT,	/* vc+sd-jwt: the W3C's model */
	BERTH_FORMAT_VC_JWT1	/* vc-jwt: VC Data Model 1.1; no presentations */
};

/* NONE for a name that we do not have. */
enum berth_vc_format berth_vc_format_find(const char *name);
const char *berth_vc_format_name(enum berth_vc_format f, bool presentation);
/* What the text looks like, which may be wrong.  E_NOMEM. */
BERTH_MUST_USE enum berth_err berth_vc_format_guess(enum berth_vc_format *out, const char *text, size_t n);

struct berth_issue {
	enum berth_vc_format format;
	const char *kid;
	struct berth_di_options di;	/* format di; purpose is set by the call */
	const char *const *disclose;	/* SD-JWT: JSON Pointers */
	size_t n_disclose;
	size_t decoys;			/* SD-JWT */
	int64_t now_s;			/* SD-JWT presentations: iat */
};

/* A credential, or a presentation of vcs; appends its text.  E_USAGE: an option that
 * is not for this format. */
BERTH_MUST_USE enum berth_err
berth_issue_credential(struct berth_buf *out, struct berth_keyring *kr, const struct berth_issue *how,
		       const struct berth_json *credential);
BERTH_MUST_USE enum berth_err
berth_issue_presentation(struct berth_buf *out, struct berth_keyring *kr, const struct berth_issue *how,
			 const char *challenge, const char *domain, const char *const *vcs, size_t n);

/* As berth_vc_verify() and berth_vp_verify(). */
enum berth_err
berth_verify_credential(struct berth_report *r, const struct berth_verify *v, enum berth_vc_format f,
			const char *text, size_t n);
enum berth_err
berth_verify_presentation(struct berth_report *r, const struct berth_verify *v, enum berth_vc_format f,
			  const char *text, size_t n);

#endif /* BERTH_VC_FORMATS_H */
