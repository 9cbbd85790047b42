/* SPDX-License-Identifier: Apache-2.0 */
#include "vc/report.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum berth_err berth_report_init(struct berth_report *r, const char *format)
{
	memset(r, 0, sizeof(*r));
	r->warnings = berth_json_new_array();
	r->format = strdup(format);
	r->presentation = !strncmp(format, "vp", 2);
	r->schema = BERTH_CHECK_NOT_PRESENT;
	if (r->warnings && r->format)
		return BERTH_OK;
	r->first = BERTH_E_NOMEM;
	return berth_no_memory();
}

void berth_report_free(struct berth_report *r)
{
	if (!r)
		return;
	berth_json_free(r->warnings);
	berth_json_free(r->credential);
	berth_json_free(r->credentials);
	berth_json_free(r->rules);
	berth_json_free(r->assumed);
	free(r->issuer_did);
	free(r->format);
	memset(r, 0, sizeof(*r));
}

/* What is wrong with our own machine comes before what is wrong with the token:
 * such a verdict would be no verdict. */
static int rank(enum berth_err rc)
{
	static const enum berth_err order[] = {
		BERTH_E_NOMEM, BERTH_E_INTERNAL,
		BERTH_E_SIZE, BERTH_E_ENV, BERTH_E_B64, BERTH_E_JSON, BERTH_E_TYPE, BERTH_E_SDJWT,
		BERTH_E_VC, BERTH_E_ALG, BERTH_E_DID, BERTH_E_RESOLVE, BERTH_E_KEY, BERTH_E_SIG,
		BERTH_E_EXPIRED, BERTH_E_CLOCK, BERTH_E_STATUS, BERTH_E_AUTHZ, BERTH_E_HOLDER,
	};

	for (int i = 0; i < (int)(sizeof(order) / sizeof(order[0])); i++)
		if (order[i] == rc)
			return i;
	return 2;
}

enum berth_err berth_report_note(struct berth_report *r, enum berth_err rc)
{
	if (rc && (!r->first || rank(rc) < rank(r->first))) {
		r->first = rc;
		snprintf(r->detail, sizeof(r->detail), "%s", berth_err_detail());
	}
	return r->first;
}

enum berth_check berth_check_and(enum berth_check a, enum berth_check b)
{
	static const int weight[] = {
		[BERTH_CHECK_FAILED] = 4, [BERTH_CHECK_STALE] = 3, [BERTH_CHECK_NOT_CHECKED] = 2,
		[BERTH_CHECK_PASSED] = 1, [BERTH_CHECK_NOT_PRESENT] = 0
	};

	return weight[a] >= weight[b] ? a : b;
}

void berth_report_warn(struct berth_report *r, const char *fmt, ...)
{
	char text[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (berth_json_push_str(r->warnings, text))
		berth_report_note(r, BERTH_E_NOMEM);
}

static void push_name(struct berth_report *r, struct berth_json **list, const char *name)
{
	if (!*list)
		*list = berth_json_new_array();
	berth_json_each(it, *list)
		if (!strcmp(berth_json_str(it), name))
			return;
	if (berth_json_push_str(*list, name))
		berth_report_note(r, BERTH_E_NOMEM);
}

void berth_report_rule(struct berth_report *r, const char *name)
{
	push_name(r, &r->rules, name);
}

void berth_report_assume(struct berth_report *r, const char *check)
{
	push_name(r, &r->assumed, check);
}

static const char *check_name(enum berth_check c)
{
	static const char *const names[] = {
		[BERTH_CHECK_NOT_CHECKED] = "not-checked", [BERTH_CHECK_PASSED] = "passed",
		[BERTH_CHECK_FAILED] = "failed", [BERTH_CHECK_NOT_PRESENT] = "not-present",
		[BERTH_CHECK_STALE] = "stale"
	};

	return names[c];
}

static struct berth_json *checks_json(const struct berth_report *r)
{
	struct berth_json *c = berth_json_new_object();

	if (berth_json_set_str(c, "signature", check_name(r->signature)) ||
	    berth_json_set_str(c, "validity", check_name(r->validity)) ||
	    berth_json_set_str(c, "status", check_name(r->status)) ||
	    berth_json_set_str(c, "issuer", check_name(r->issuer)) ||
	    berth_json_set_str(c, "holder", check_name(r->holder)) ||
	    (r->schema != BERTH_CHECK_NOT_PRESENT && berth_json_set_str(c, "schema", check_name(r->schema)))) {
		berth_json_free(c);
		return NULL;
	}
	return c;
}

/* A copy of v, or null: a reader finds every member in every report. */
static enum berth_err set_copy(struct berth_json *obj, const char *key, const struct berth_json *v)
{
	struct berth_json *null = NULL;
	enum berth_err rc;

	if (v)
		return berth_json_set(obj, key, berth_json_clone(v));
	if ((rc = berth_json_parse(&null, "null", 4, BERTH_JSON_MAX)))
		return rc;
	return berth_json_set(obj, key, null);
}

static enum berth_err set_party(struct berth_json *obj, const struct berth_report *r, bool vp)
{
	if (!r->issuer_did)
		return set_copy(obj, vp ? "holder" : "issuer", NULL);
	return berth_json_set_str(obj, vp ? "holder" : "issuer", r->issuer_did);
}

/* {"rules": [], "assumed": [], "stale": []} */
static enum berth_err set_policy(struct berth_json *o, const struct berth_report *r)
{
	struct berth_json *p = berth_json_new_object(), *none = berth_json_new_array(), *stale = berth_json_new_array();
	enum berth_err rc = none && stale ? BERTH_OK : BERTH_E_NOMEM;

	if (!rc && r->status == BERTH_CHECK_STALE)
		rc = berth_json_push_str(stale, "status");
	if (rc || (rc = set_copy(p, "rules", r->rules)) || (rc = set_copy(p, "assumed", r->assumed ? r->assumed : none)) ||
	    (rc = set_copy(p, "stale", stale)))
		berth_json_free(p);
	else
		rc = berth_json_set(o, "policy", p);
	berth_json_free(none);
	berth_json_free(stale);
	return rc;
}

/* The members of INTERFACES; a refusal also says its code and reason.  issuer and
 * credential are null unless the signature held: nobody has said them then. */
struct berth_json *berth_report_json(const struct berth_report *r)
{
	bool vp = r->presentation;
	struct berth_json *o = berth_json_new_object();

	if (berth_json_set_bool(o, "verified", r->verified) ||
	    berth_json_set_str(o, "format", r->format ? r->format : "") ||
	    (vp && set_copy(o, "issuer", NULL)) || set_party(o, r, vp) ||
	    berth_json_set(o, "checks", checks_json(r)) || set_copy(o, "warnings", r->warnings) ||
	    (r->rules && set_policy(o, r)) ||
	    (r->first && (berth_json_set_str(o, "error", berth_err_name(r->first)) ||
			  berth_json_set_str(o, "detail", r->detail))) ||
	    set_copy(o, "credential", r->credential) || (vp && set_copy(o, "credentials", r->credentials))) {
		berth_json_free(o);
		return NULL;
	}
	return o;
}
