/* SPDX-License-Identifier: Apache-2.0 */
/* Finding the list that a status refers to, and believing it. */
#include <stdlib.h>
#include <string.h>

#include "did/base/clock.h"
#include "did/url.h"
#include "vc/formats.h"
#include "vc/status.h"
#include "vc/token.h"

static enum berth_err bad(const char *what)
{
	return berth_fail(BERTH_E_STATUS, "status list: %s", what);
}

void berth_status_found_free(struct berth_status_found *f)
{
	berth_status_list_free(&f->list);
	berth_json_free(f->document);
	memset(f, 0, sizeof(*f));
}

static bool same_party(const char *a, const char *b)
{
	return a && b && (!strcmp(a, b) || (berth_is_did(a) && berth_is_did(b) && berth_did_same(a, b)));
}

/* ---- the W3C's: a credential ---- */

/* The list is as stale as its credential, or when its ttl (in milliseconds) says so. */
static void judge_age(struct berth_status_found *f, const struct berth_verify *v, int64_t issued_s, double ttl_s)
{
	f->issued_s = issued_s;
	if (v->now_s >= 0 && issued_s != INT64_MIN && ttl_s > 0 && (double)(v->now_s - issued_s) > ttl_s)
		f->stale = true;
}

static enum berth_err open_credential(struct berth_status_found *f, const struct berth_verify *v, const char *text,
				      size_t n, const char *issuer)
{
	/* a list is judged like any credential, but its own status is not asked for */
	const struct berth_verify sub = {
		.resolver = v->resolver, .key = v->key, .now_s = v->now_s, .no_time = v->no_time,
		.no_status = true, .typ_optional = true, .max = BERTH_STATUS_FILE_MAX
	};
	const struct berth_json *subject;
	int64_t from = INT64_MIN;
	enum berth_vc_format format;
	struct berth_report r;
	const char *date;
	enum berth_err rc;

	if ((rc = berth_vc_format_guess(&format, text, n)))
		return rc;
	rc = berth_verify_credential(&r, &sub, format, text, n);
	f->stale = rc == BERTH_E_EXPIRED;
	if (rc && rc != BERTH_E_NOMEM && !f->stale)
		rc = berth_fail(BERTH_E_STATUS, "status list: %s: %s", berth_err_name(rc), r.detail);
	else if (rc != BERTH_E_NOMEM)
		rc = same_party(r.issuer_did, issuer) ? BERTH_OK : bad("by another issuer");
	f->document = rc ? NULL : r.credential;
	if (!rc)
		r.credential = NULL;
	berth_report_free(&r);
	if (rc)
		return rc;
	subject = berth_json_get(f->document, "credentialSubject");
	date = berth_json_str(berth_json_get(f->document, "validFrom"));
	if (date && berth_rfc3339_parse(&from, date))
		from = INT64_MIN;
	judge_age(f, v, from, berth_json_num(berth_json_get(subject, "ttl")) / 1000);
	return BERTH_OK;
}

/* ---- the IETF's: a token ---- */

static enum berth_err verify_token(const struct berth_vc_token *t, const struct berth_verify *v, const char *issuer)
{
	const char *iss = berth_json_str(berth_json_get(t->payload, "iss"));
	enum berth_err rc;

	if (iss && !same_party(iss, issuer))
		return bad("by another issuer");
	if (v->key)
		return berth_jws_verify(&t->jws, v->key);
	if ((rc = berth_jws_require_kid(&t->jws)))
		return rc;
	if (!berth_is_did(issuer) || !berth_did_same(t->jws.kid, issuer))
		return bad("by another issuer");
	return berth_vc_token_verify(t, v->resolver, issuer, BERTH_REL_ASSERTION);
}

static enum berth_err check_times(struct berth_status_found *f, const struct berth_verify *v)
{
	int64_t iat = INT64_MIN, exp = INT64_MAX, ttl = 0;

	/* "iat: REQUIRED"; exp and ttl are not */
	if (berth_json_req_int(f->document, "iat", 0, INT64_C(1) << 52, &iat) ||
	    berth_json_opt_int(f->document, "exp", 0, INT64_C(1) << 52, &exp) ||
	    berth_json_opt_int(f->document, "ttl", 1, INT64_C(1) << 52, &ttl))
		return bad("iat, exp or ttl");
	f->stale = v->now_s >= 0 && v->now_s >= exp;
	judge_age(f, v, iat, (double)ttl);
	return BERTH_OK;
}

static enum berth_err open_token(struct berth_status_found *f, const struct berth_verify *v, const char *text, size_t n,
				 const char *issuer)
{
	struct berth_vc_token t;
	enum berth_err rc;

	if ((rc = berth_vc_token_open(&t, text, n, BERTH_STATUS_FILE_MAX, berth_purpose_typ(BERTH_SIGN_STATUS), false, true)))
		return rc;
	if (!(rc = verify_token(&t, v, issuer))) {
		f->document = t.payload;
		t.payload = NULL;
		rc = check_times(f, v);
	}
	berth_vc_token_close(&t);
	return rc;
}

/* ---- either ---- */

enum berth_err berth_status_open(struct berth_status_found *out, const struct berth_verify *v, const char *text, size_t n,
				 const char *id, const char *issuer, bool token)
{
	const char *name;
	enum berth_err rc;

	memset(out, 0, sizeof(*out));
	out->issued_s = INT64_MIN;
	rc = token ? open_token(out, v, text, n, issuer) : open_credential(out, v, text, n, issuer);
	if (rc)
		goto out;
	name = berth_json_str(berth_json_get(out->document, token ? "sub" : "id"));
	if (!name || strcmp(name, id) != 0)
		rc = bad("called otherwise");
	else
		rc = berth_status_list_read(&out->list, out->document);
	if (!rc && (out->list.kind == BERTH_STATUS_TOKEN) != token)
		rc = bad("of the other kind");
out:
	if (rc) {
		berth_status_found_free(out);
		if (rc != BERTH_E_NOMEM && rc != BERTH_E_STATUS) {
			char why[200];

			strncpy(why, berth_err_detail(), sizeof(why) - 1);
			why[sizeof(why) - 1] = '\0';
			rc = berth_fail(BERTH_E_STATUS, "status list: %s: %s", berth_err_name(rc), why);
		}
	}
	return rc;
}

/* Whether the text says of itself, signed or not, that it is called so: only such a
 * file is worth a verification.  What cannot be read is not. */
static enum berth_err is_called(bool *is, const char *text, size_t n, const char *member, const char *id)
{
	struct berth_jws jws = { .header = NULL };
	struct berth_json *o = NULL;
	const char *name;
	enum berth_err rc;

	if (*text == '{')
		rc = berth_json_parse_object(&o, text, n, BERTH_STATUS_FILE_MAX);
	else if (!(rc = berth_jws_parse(&jws, text, n, BERTH_STATUS_FILE_MAX)))
		rc = berth_json_parse_object(&o, berth_buf_cstr(&jws.payload), jws.payload.len, BERTH_STATUS_FILE_MAX);
	name = berth_json_str(berth_json_get(o, member));
	*is = !rc && name && !strcmp(name, id);
	berth_json_free(o);
	berth_jws_free(&jws);
	return rc == BERTH_E_NOMEM ? rc : BERTH_OK;
}

struct search {
	const struct berth_verify *v;
	const char *id, *issuer;
	bool token, any;
	struct berth_status_found best;
	char why[200];			/* of the first that is no good */
};

static enum berth_err try_file(void *arg, const char *name, const char *text, size_t n)
{
	struct search *s = arg;
	struct berth_status_found f;
	bool is = false;
	enum berth_err rc;

	(void)name;
	if (n == 0)
		return BERTH_OK;
	if ((rc = is_called(&is, text, n, s->token ? "sub" : "id", s->id)) || !is)
		return rc;
	if ((rc = berth_status_open(&f, s->v, text, n, s->id, s->issuer, s->token))) {
		if (!*s->why)
			strncpy(s->why, berth_err_detail(), sizeof(s->why) - 1);
		return rc == BERTH_E_NOMEM ? rc : BERTH_OK;
	}
	if (s->any && s->best.issued_s >= f.issued_s) {
		berth_status_found_free(&f);
		return BERTH_OK;
	}
	berth_status_found_free(&s->best);
	s->best = f;
	s->any = true;
	return BERTH_OK;
}

enum berth_err berth_status_find(struct berth_status_found *out, const struct berth_verify *v, const char *id,
				 const char *issuer, bool token)
{
	struct search s = { .v = v, .id = id, .issuer = issuer, .token = token };
	enum berth_err rc;

	memset(out, 0, sizeof(*out));
	if (!v->status_dir)
		return bad("none at hand");
	if ((rc = berth_status_dir(v->status_dir, try_file, &s))) {
		berth_status_found_free(&s.best);
		return rc;
	}
	if (!s.any)
		return berth_fail(BERTH_E_STATUS, "%s", *s.why ? s.why : "status list: not in the folder");
	*out = s.best;
	return BERTH_OK;
}
