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
	berth_json_free(f->purposes);
	memset(f, 0, sizeof(*f));
}

static bool same_party(const char *a, const char *b)
{
	return a && b && (!strcmp(a, b) || (berth_is_did(a) && berth_is_did(b) && berth_did_same(a, b)));
}

/* ---- how old ---- */

enum berth_err berth_status_age(const struct berth_status_found *f, const struct berth_verify *v, int64_t *stale_for)
{
	const struct berth_window w = { true, f->from_s, f->stale_s };
	int place;

	*stale_for = 0;
	if (v->no_time || (f->from_s == INT64_MIN && f->stale_s == INT64_MAX))
		return BERTH_OK;
	if (berth_window_place(&w, v, &place))
		return bad("a date to judge, and the time is not known");
	if (place < 0)
		return bad("not yet valid");
	if (place > 0)	/* without a clock nobody knows for how long */
		*stale_for = v->now_s >= 0 ? v->now_s - f->stale_s + 1 : INT64_MAX;
	return BERTH_OK;
}

/* Past its ttl a list is as stale as past its end. */
static void add_ttl(struct berth_status_found *f, double ttl_s)
{
	double end = (double)f->issued_s + ttl_s + 1;

	if (f->issued_s != INT64_MIN && ttl_s > 0 && end < (double)f->stale_s)
		f->stale_s = (int64_t)end;
}

/* ---- the W3C's: a credential ---- */

static int64_t date_of(const struct berth_json *vc)
{
	const char *date = berth_json_str(berth_json_get(vc, berth_credential_is_v1(vc) ? "issuanceDate" : "validFrom"));
	int64_t t;

	return date && !berth_rfc3339_parse(&t, date) ? t : INT64_MIN;
}

static void read_validity(struct berth_status_found *f, const struct berth_json *vc)
{
	struct berth_window w = berth_window_of(vc);

	f->issued_s = date_of(vc);
	f->from_s = w.from;
	f->stale_s = w.until;
	/* "ttl" is in milliseconds */
	add_ttl(f, berth_json_num(berth_json_get(berth_json_get(vc, "credentialSubject"), "ttl")) / 1000);
}

static enum berth_err open_credential(struct berth_json **document, const struct berth_verify *v, const char *text,
				      size_t n, const char *issuer)
{
	/* a list is judged like any credential, but its own status is not asked for, and
	 * its time at each question */
	const struct berth_verify sub = {
		.resolver = v->resolver, .key = v->key, .now_s = -1, .no_time = true,
		.no_status = true, .typ_optional = true, .max = BERTH_STATUS_FILE_MAX
	};
	enum berth_vc_format format;
	struct berth_report r;
	enum berth_err rc;

	if ((rc = berth_vc_format_guess(&format, text, n)))
		return rc;
	rc = berth_verify_credential(&r, &sub, format, text, n);
	if (rc && rc != BERTH_E_NOMEM)
		rc = berth_fail(BERTH_E_STATUS, "status list: %s: %s", berth_err_name(rc), r.detail);
	else if (!rc)
		rc = same_party(r.issuer_did, issuer) ? BERTH_OK : bad("by another issuer");
	if (!rc) {
		*document = r.credential;
		r.credential = NULL;
	}
	berth_report_free(&r);
	return rc;
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

static enum berth_err read_times(struct berth_status_found *f, const struct berth_json *payload)
{
	int64_t ttl = 0;

	/* "iat: REQUIRED"; exp and ttl are not */
	if (berth_json_req_int(payload, "iat", 0, INT64_C(1) << 52, &f->issued_s) ||
	    berth_json_opt_int(payload, "exp", 0, INT64_C(1) << 52, &f->stale_s) ||
	    berth_json_opt_int(payload, "ttl", 1, INT64_C(1) << 52, &ttl))
		return bad("iat, exp or ttl");
	add_ttl(f, (double)ttl);
	return BERTH_OK;
}

static enum berth_err open_token(struct berth_json **document, const struct berth_verify *v, const char *text, size_t n,
				 const char *issuer)
{
	struct berth_vc_token t;
	enum berth_err rc;

	if ((rc = berth_vc_token_open(&t, text, n, BERTH_STATUS_FILE_MAX, berth_purpose_typ(BERTH_SIGN_STATUS), false, true)))
		return rc;
	if (!(rc = verify_token(&t, v, issuer))) {
		*document = t.payload;
		t.payload = NULL;
	}
	berth_vc_token_close(&t);
	return rc;
}

/* ---- either ---- */

/* What is kept of a document: the list, its times, and what it is about. */
static enum berth_err keep(struct berth_status_found *out, const struct berth_json *document, const char *id, bool token)
{
	const struct berth_json *purpose = berth_json_get(berth_json_get(document, "credentialSubject"), "statusPurpose");
	const char *name = berth_json_str(berth_json_get(document, token ? "sub" : "id"));
	enum berth_err rc;

	if (!name || strcmp(name, id) != 0)
		return bad("called otherwise");
	if (token && (rc = read_times(out, document)))
		return rc;
	if (!token)
		read_validity(out, document);
	if ((rc = berth_status_list_read(&out->list, document)))
		return rc;
	if ((out->list.kind == BERTH_STATUS_TOKEN) != token)
		return bad("of the other kind");
	if (!token && purpose && !(out->purposes = berth_json_clone(purpose)))
		return berth_no_memory();
	return BERTH_OK;
}

enum berth_err berth_status_open(struct berth_status_found *out, const struct berth_verify *v, const char *text, size_t n,
				 const char *id, const char *issuer, bool token)
{
	struct berth_json *document = NULL;
	enum berth_err rc;

	*out = (struct berth_status_found){ .issued_s = INT64_MIN, .from_s = INT64_MIN, .stale_s = INT64_MAX };
	if (!(rc = token ? open_token(&document, v, text, n, issuer) : open_credential(&document, v, text, n, issuer)))
		rc = keep(out, document, id, token);
	berth_json_free(document);
	if (!rc)
		return BERTH_OK;
	berth_status_found_free(out);
	if (rc != BERTH_E_NOMEM && rc != BERTH_E_STATUS) {
		char why[200];

		strncpy(why, berth_err_detail(), sizeof(why) - 1);
		why[sizeof(why) - 1] = '\0';
		rc = berth_fail(BERTH_E_STATUS, "status list: %s: %s", berth_err_name(rc), why);
	}
	return rc;
}

/* sub of a token, id of a credential, which a VC-JWT of 1.1 has as jti or within. */
static const char *name_in(const struct berth_json *o, bool token)
{
	const struct berth_json *id = berth_json_get(o, token ? "sub" : "id");

	if (!id && !token)
		id = berth_json_get(o, "jti");
	if (!id && !token)
		id = berth_json_get(berth_json_get(o, "vc"), "id");
	return berth_json_str(id);
}

/* What the text says that it is, signed or not: only what is called right is worth a
 * verification.  *o, owned, is NULL where it cannot be read. */
static enum berth_err peek(struct berth_json **o, const char *text, size_t n)
{
	struct berth_jws jws = { .header = NULL };
	enum berth_err rc = BERTH_OK;

	*o = NULL;
	if (n && *text == '{')
		rc = berth_json_parse_object(o, text, n, BERTH_STATUS_FILE_MAX);
	else if (n && !(rc = berth_jws_parse(&jws, text, n, BERTH_STATUS_FILE_MAX)))
		rc = berth_json_parse_object(o, berth_buf_cstr(&jws.payload), jws.payload.len, BERTH_STATUS_FILE_MAX);
	berth_jws_free(&jws);
	return rc == BERTH_E_NOMEM ? rc : BERTH_OK;
}

static enum berth_err is_called(bool *is, const char *text, size_t n, bool token, const char *id)
{
	struct berth_json *o;
	enum berth_err rc = peek(&o, text, n);
	const char *name = name_in(o, token);

	*is = name && !strcmp(name, id);
	berth_json_free(o);
	return rc;
}

/* A bare key is one caller's word: what it has verified is not for others. */
static struct berth_status_cache *cache_of(const struct berth_verify *v)
{
	return v->key ? NULL : v->status_cache;
}

struct search {
	const struct berth_verify *v;
	const char *id, *issuer;
	bool token, any;
	struct berth_status_found best;
	char why[200];			/* of the first that is no good */
};

/* What is remembered of a list of tomorrow would make those of today look old. */
static enum berth_err open_file(struct berth_status_found *f, const struct search *s, const char *text, size_t n)
{
	enum berth_err rc = berth_status_open(f, s->v, text, n, s->id, s->issuer, s->token);

	if (!rc && cache_of(s->v) && s->v->now_s >= 0 && f->issued_s != INT64_MIN && f->issued_s > s->v->now_s + BERTH_VC_IAT_SKEW_S) {
		berth_status_found_free(f);
		rc = bad("issued in the future");
	}
	return rc;
}

static enum berth_err try_file(void *arg, const char *name, const char *text, size_t n)
{
	struct search *s = arg;
	struct berth_status_found f;
	bool is = false;
	enum berth_err rc;

	(void)name;
	if ((rc = is_called(&is, text, n, s->token, s->id)) || !is)
		return rc;
	if ((rc = open_file(&f, s, text, n))) {
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

/* Under which names the lists in the folder are, so that not every question reads all. */
static enum berth_err index_file(void *arg, const char *name, const char *text, size_t n)
{
	struct berth_json *o;
	enum berth_err rc = peek(&o, text, n);

	for (int token = 0; token < 2 && !rc; token++)
		if (name_in(o, token))
			rc = berth_status_cache_index(arg, name, name_in(o, token));
	berth_json_free(o);
	return rc;
}

static enum berth_err search_indexed(struct berth_status_cache *c, struct search *s)
{
	const char *name;
	size_t at = 0;
	enum berth_err rc = BERTH_OK;

	if (berth_status_cache_begin_index(c)) {
		if ((rc = berth_status_dir(s->v->status_dir, index_file, c)))
			return rc;
		berth_status_cache_end_index(c);
	}
	while (!rc && (name = berth_status_cache_named(c, s->id, &at)))
		rc = berth_status_dir_file(s->v->status_dir, name, try_file, s);
	return rc;
}

static enum berth_err search_dir(struct search *s)
{
	struct berth_status_cache *c = cache_of(s->v);
	enum berth_err rc = c ? search_indexed(c, s) : berth_status_dir(s->v->status_dir, try_file, s);

	if (rc)
		berth_status_found_free(&s->best);
	else if (!s->any)
		rc = berth_fail(BERTH_E_STATUS, "%s", *s->why ? s->why : "status list: not in the folder");
	return rc;
}

enum berth_err berth_status_find(struct berth_status_found **out, struct berth_status_found *own,
				 const struct berth_verify *v, const char *id, const char *issuer, bool token)
{
	struct search s = { .v = v, .id = id, .issuer = issuer, .token = token };
	struct berth_status_cache *cache = cache_of(v);
	enum berth_err rc;

	memset(own, 0, sizeof(*own));
	*out = NULL;
	if (!v->status_dir)
		return bad("none at hand");
	if (cache && (*out = berth_status_cache_find(cache, v->status_dir, id, issuer, token)))
		return BERTH_OK;
	if ((rc = search_dir(&s)))
		return rc;
	if (cache)
		return berth_status_cache_put(cache, out, &s.best, id, issuer, token);
	*own = s.best;
	*out = own;
	return BERTH_OK;
}
