/* SPDX-License-Identifier: Apache-2.0 */
#include "vc/policy.h"

#include <stdio.h>
#include <string.h>

#include "did/url.h"

static bool is_same(const char *a, const char *b)
{
	return !strcmp(a, b) || (berth_is_did(a) && berth_is_did(b) && berth_did_same(a, b));
}

static bool is_in(const char *const *list, size_t n, const char *s)
{
	for (size_t i = 0; i < n; i++)
		if (is_same(list[i], s))
			return true;
	return false;
}

/* ---- which rules ---- */

/* type, and the vct of an SD-JWT VC. */
static bool has_type(const struct berth_json *vc, const char *type)
{
	const char *vct = berth_json_str(berth_json_get(vc, "vct"));

	return (vct && !strcmp(vct, type)) || berth_json_says(berth_json_get(vc, "type"), type);
}

static bool names(const struct berth_vc_rule *rule, const struct berth_json *vc)
{
	for (size_t i = 0; i < rule->n_types; i++)
		if (has_type(vc, rule->types[i]))
			return true;
	return false;
}

/* The next rule for the credential from *i on; NULL: no more.  specific: of those that
 * name types. */
static const struct berth_vc_rule *next_of(const struct berth_vc_policy *p, const struct berth_json *vc, bool specific,
					   size_t *i)
{
	while (*i < p->n) {
		const struct berth_vc_rule *rule = &p->rules[(*i)++];

		if (specific ? names(rule, vc) : rule->n_types == 0)
			return rule;
	}
	return NULL;
}

typedef void each_fn(void *arg, const struct berth_vc_rule *rule);

static size_t each_rule(const struct berth_vc_policy *p, const struct berth_json *vc, each_fn *fn, void *arg)
{
	const struct berth_vc_rule *rule;
	size_t n = 0;

	for (int specific = 1; specific >= 0 && n == 0; specific--) {
		size_t i = 0;

		for (; (rule = next_of(p, vc, specific, &i)); n++)
			fn(arg, rule);
	}
	return n;
}

/* ---- before the checks ---- */

struct applied {
	int64_t max_stale_s;
	bool all_ignore, all_lack;
};

static void apply(void *arg, const struct berth_vc_rule *rule)
{
	struct applied *a = arg;

	if (rule->max_stale_s < a->max_stale_s)
		a->max_stale_s = rule->max_stale_s;
	a->all_ignore = a->all_ignore && rule->status == BERTH_STATUS_IGNORED;
	a->all_lack = a->all_lack && (rule->unchecked & BERTH_UNCHECKED_STATUS || rule->status == BERTH_STATUS_IGNORED);
}

void berth_vc_policy_apply(struct berth_verify *v, const struct berth_report *r)
{
	struct applied a = { .max_stale_s = INT64_MAX, .all_ignore = true, .all_lack = true };

	if (!v->policy || !each_rule(v->policy, r->credential, apply, &a))
		return;
	v->max_stale_s = a.max_stale_s;
	v->no_status = a.all_lack;
	if (a.all_ignore)
		v->status_dir = NULL;
}

/* ---- after them ---- */

struct judging {
	struct berth_report *r;
	const struct berth_verify *v;
	struct berth_json *types;	/* those that a delegation must cover */
	enum berth_check issuer;
};

static void fail(struct judging *j, enum berth_err rc, const struct berth_vc_rule *rule, const char *what)
{
	berth_report_note(j->r, berth_fail(rc, "policy %.60s: %.160s", rule->name, what));
}

/* The cryptosuites of the proofs, or the algorithm of the token; each must be taken. */
static bool takes_algorithm(const struct berth_report *r, const struct berth_vc_rule *rule)
{
	const struct berth_json *proof = berth_json_get(r->credential, "proof");
	const struct berth_json *it = berth_json_is(proof, BERTH_JSON_ARRAY) ? berth_json_first(proof) : proof;

	if (*r->alg)
		return is_in(rule->algs, rule->n_algs, r->alg);
	for (; it; it = it == proof ? NULL : berth_json_next(it)) {
		const char *suite = berth_json_str(berth_json_get(it, "cryptosuite"));

		if (!suite || !is_in(rule->algs, rule->n_algs, suite))
			return false;
	}
	return proof != NULL;
}

/* The types of the credential that the rule names; of one that names none, all. */
static enum berth_err covered(struct berth_json **out, const struct berth_vc_rule *rule, const struct berth_json *vc)
{
	const struct berth_json *type = berth_json_get(vc, "type");
	const char *vct = berth_json_str(berth_json_get(vc, "vct"));
	enum berth_err rc = BERTH_OK;

	if (!(*out = berth_json_new_array()))
		return berth_no_memory();
	for (size_t i = 0; i < rule->n_types && !rc; i++)
		if (has_type(vc, rule->types[i]))
			rc = berth_json_push_str(*out, rule->types[i]);
	if (rule->n_types == 0 && vct)
		rc = berth_json_push_str(*out, vct);
	for (const struct berth_json *it = berth_json_first(type); rule->n_types == 0 && it && !rc; it = berth_json_next(it))
		if (berth_json_str(it) && strcmp(berth_json_str(it), "VerifiableCredential") != 0)
			rc = berth_json_push_str(*out, berth_json_str(it));
	return rc;
}

static bool is_delegated(struct judging *j, const struct berth_vc_rule *rule)
{
	struct berth_json *types = NULL;
	bool trusted = false;
	enum berth_err rc = covered(&types, rule, j->r->credential);

	if (!rc)
		rc = berth_vc_delegated(&trusted, j->v, j->r->issuer_did, rule->anchors, rule->n_anchors, types);
	berth_json_free(types);
	berth_report_note(j->r, rc == BERTH_E_NOMEM ? rc : BERTH_OK);
	return !rc && trusted;
}

static void judge_issuer(struct judging *j, const struct berth_vc_rule *rule)
{
	char why[200] = "";

	if (!rule->n_issuers && !rule->n_anchors) {
		j->issuer = berth_check_and(j->issuer, BERTH_CHECK_NOT_CHECKED);
		return;
	}
	if (is_in(rule->issuers, rule->n_issuers, j->r->issuer_did) || is_in(rule->anchors, rule->n_anchors, j->r->issuer_did)) {
		j->issuer = berth_check_and(j->issuer, BERTH_CHECK_PASSED);
		return;
	}
	if (rule->n_anchors && is_delegated(j, rule)) {
		j->issuer = berth_check_and(j->issuer, BERTH_CHECK_PASSED);
		return;
	}
	if (rule->n_anchors)
		strncpy(why, berth_err_detail(), sizeof(why) - 1);
	j->issuer = BERTH_CHECK_FAILED;
	fail(j, BERTH_E_AUTHZ, rule, *why ? why : "the issuer is not trusted for this type");
}

/* A check that was not made: assumed, where the rule says so by name. */
static void judge_unchecked(struct judging *j, const struct berth_vc_rule *rule, enum berth_check check,
			    enum berth_unchecked bit, bool waived, const char *name, enum berth_err rc)
{
	char what[64];

	if (check != BERTH_CHECK_NOT_CHECKED)
		return;
	if (rule->unchecked & bit || waived) {
		berth_report_assume(j->r, name);
		return;
	}
	snprintf(what, sizeof(what), "%s was not checked", name);
	fail(j, rc, rule, what);
}

/* C121: a closed set of contexts; those written into the credential are in none. */
static bool takes_contexts(const struct berth_report *r, const struct berth_vc_rule *rule)
{
	const struct berth_json *all = berth_json_get(r->credential, "@context");

	if (!berth_json_is(all, BERTH_JSON_ARRAY))
		return true;
	for (const struct berth_json *it = berth_json_next(berth_json_first(all)); it; it = berth_json_next(it))
		if (!berth_json_str(it) || !is_in(rule->contexts, rule->n_contexts, berth_json_str(it)))
			return false;
	return true;
}

static void judge_rule(void *arg, const struct berth_vc_rule *rule)
{
	struct judging *j = arg;
	struct berth_report *r = j->r;

	if (rule->n_formats && !is_in(rule->formats, rule->n_formats, r->format))
		fail(j, BERTH_E_ALG, rule, "this format is not taken");
	if (rule->n_algs && !takes_algorithm(r, rule))
		fail(j, BERTH_E_ALG, rule, "this algorithm is not taken");
	if (rule->n_contexts && !takes_contexts(r, rule))
		fail(j, BERTH_E_VC, rule, "a context that is not in the list");
	if (rule->status == BERTH_STATUS_REQUIRED && r->status == BERTH_CHECK_NOT_PRESENT) {
		r->status = BERTH_CHECK_FAILED;
		fail(j, BERTH_E_STATUS, rule, "a status is required, and there is none");
	}
	judge_issuer(j, rule);
	judge_unchecked(j, rule, j->issuer, BERTH_UNCHECKED_ISSUER, false, "issuer", BERTH_E_AUTHZ);
	judge_unchecked(j, rule, r->validity, BERTH_UNCHECKED_VALIDITY, false, "validity", BERTH_E_CLOCK);
	judge_unchecked(j, rule, r->status, BERTH_UNCHECKED_STATUS, rule->status == BERTH_STATUS_IGNORED, "status",
			BERTH_E_STATUS);
	judge_unchecked(j, rule, r->schema, BERTH_UNCHECKED_SCHEMA, false, "schema", BERTH_E_VC);
	berth_report_rule(r, rule->name);
}

void berth_vc_policy_judge(struct berth_report *r, const struct berth_verify *v)
{
	struct judging j = { .r = r, .v = v, .issuer = BERTH_CHECK_NOT_PRESENT };

	if (!each_rule(v->policy, r->credential, judge_rule, &j)) {
		j.issuer = BERTH_CHECK_FAILED;
		berth_report_note(r, berth_fail(BERTH_E_AUTHZ, "policy: no rule for credentials of this type"));
	}
	r->issuer = j.issuer;
}
