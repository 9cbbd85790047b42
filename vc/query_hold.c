/* SPDX-License-Identifier: Apache-2.0 */
/* One credential held against one item. */
#include <stdlib.h>
#include <string.h>

#include "vc/query_internal.h"
#include "vc/schema.h"
#include "vc/sd_jwt.h"

#define BIT(f) (1u << (f))

/* ---- formats ---- */

/* Names of the claim format registry and of OpenID4VP for what we hold; one that is not
 * here is of no credential of ours. */
static const struct {
	const char *name;
	unsigned formats;
} names[] = {
	{ "jwt_vc", BIT(BERTH_FORMAT_VC_JWT) | BIT(BERTH_FORMAT_VC_JWT1) },
	{ "jwt_vc_json", BIT(BERTH_FORMAT_VC_JWT) | BIT(BERTH_FORMAT_VC_JWT1) },
	{ "jwt", BIT(BERTH_FORMAT_VC_JWT) | BIT(BERTH_FORMAT_VC_JWT1) },
	{ "vc+jwt", BIT(BERTH_FORMAT_VC_JWT) },
	{ "vc-jwt", BIT(BERTH_FORMAT_VC_JWT1) },
	{ "ldp_vc", BIT(BERTH_FORMAT_DI) },
	{ "ldp", BIT(BERTH_FORMAT_DI) },
	{ "di", BIT(BERTH_FORMAT_DI) },
	{ "dc+sd-jwt", BIT(BERTH_FORMAT_DC_SD_JWT) },
	{ "vc+sd-jwt", BIT(BERTH_FORMAT_DC_SD_JWT) | BIT(BERTH_FORMAT_VC_SD_JWT) },
};

static bool is_format(const char *name, enum berth_vc_format f)
{
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (!strcmp(names[i].name, name))
			return names[i].formats & BIT(f);
	return false;
}

/* {"alg": []}, {"proof_type": []} or {"sd-jwt_alg_values": []}; one that says nothing takes
 * all.  A proof is known by its type and by its cryptosuite. */
static bool is_algorithm(const struct berth_json *o, const struct berth_wallet_item *w)
{
	static const char *const members[] = { "alg", "proof_type", "sd-jwt_alg_values", "alg_values" };
	bool said = false;

	for (size_t i = 0; i < sizeof(members) / sizeof(*members); i++) {
		const struct berth_json *list = berth_json_get(o, members[i]);

		said |= list != NULL;
		if (berth_json_says(list, w->alg) || (w->is_di && berth_json_says(list, "DataIntegrityProof") && strchr(w->alg, '-')))
			return true;
	}
	return !said;
}

static bool is_wanted_format(const struct query_item *item, const struct berth_wallet_item *w)
{
	if (item->format)
		return is_format(item->format, w->format);
	if (!item->formats)
		return true;
	berth_json_each(it, item->formats)
		if (is_format(berth_json_key(it), w->format) && is_algorithm(it, w))
			return true;
	return false;
}

/* ---- types, issuers, holders ---- */

/* Without term processing a type is the name that it has in the credential; the one of
 * all credentials is known by its IRI, too. */
static bool has_type(const struct berth_json *types, const char *want)
{
	static const char iri[] = "https://www.w3.org/2018/credentials#VerifiableCredential";

	return berth_json_says(types, !strcmp(want, iri) ? "VerifiableCredential" : want);
}

static bool has_types(const struct berth_json *types, const struct berth_json *all)
{
	berth_json_each(it, all)
		if (!has_type(types, berth_json_str(it)))
			return false;
	return true;
}

static bool is_wanted_type(const struct query_item *item, const struct berth_json *types)
{
	if (item->vcts)
		berth_json_each(it, item->vcts)
			if (berth_json_says(types, berth_json_str(it)))
				return true;
	if (item->types)
		berth_json_each(it, item->types)
			if (has_types(types, it))
				return true;
	return !item->vcts && !item->types;
}

/* Ours have neither X.509 chains nor a place in trusted lists; of a federation only the
 * issuer itself is known. */
static bool is_wanted_authority(const struct query_item *item, const struct berth_wallet_item *w)
{
	const char *issuer = berth_wallet_issuer(w);

	if (!item->authorities)
		return true;
	berth_json_each(it, item->authorities)
		if (issuer && !strcmp(berth_json_str(berth_json_get(it, "type")), "openid_federation") &&
		    berth_json_says(berth_json_get(it, "values"), issuer))
			return true;
	return false;
}

bool query_is_bindable(const struct berth_wallet_item *w)
{
	bool has_key;

	return berth_wallet_holder(w, &has_key) || has_key;
}

bool query_is_sd(const struct berth_wallet_item *w)
{
	return w->format == BERTH_FORMAT_DC_SD_JWT || w->format == BERTH_FORMAT_VC_SD_JWT;
}

static bool is_self_issued(const struct berth_wallet_item *w)
{
	const char *issuer = berth_wallet_issuer(w), *subject;
	bool has_key;

	subject = berth_wallet_holder(w, &has_key);
	return issuer && subject && !strcmp(issuer, subject);
}

static bool has_one_subject(const struct berth_wallet_item *w)
{
	const struct berth_json *subject = berth_json_get(berth_wallet_credential(w), "credentialSubject");

	return !berth_json_is(subject, BERTH_JSON_ARRAY) || berth_json_len(subject) == 1;
}

static enum berth_err fits_outside(const struct query_item *item, const struct berth_wallet_item *w, bool *fits)
{
	struct berth_json *types = NULL;
	enum berth_err rc;

	*fits = is_wanted_format(item, w) && is_wanted_authority(item, w) && (!item->bound || query_is_bindable(w)) &&
		(!item->self_issued || is_self_issued(w)) && (!item->one_subject || has_one_subject(w)) && (item->limit != QUERY_LIMIT_REQUIRED || query_is_sd(w));
	if (!*fits || (!item->vcts && !item->types))
		return BERTH_OK;
	if (!(rc = berth_wallet_types(&types, w)))
		*fits = is_wanted_type(item, types);
	berth_json_free(types);
	return rc;
}

/* ---- claims ---- */

struct found {
	char **pointers;
	size_t n;
};

static void free_found(struct found *f)
{
	for (size_t i = 0; i < f->n; i++)
		free(f->pointers[i]);
	free(f->pointers);
	memset(f, 0, sizeof(*f));
}

static enum berth_err push(struct found *f, const char *pointer)
{
	char **grown;

	for (size_t i = 0; i < f->n; i++)
		if (!strcmp(f->pointers[i], pointer))
			return BERTH_OK;
	if (!(grown = realloc(f->pointers, (f->n + 1) * sizeof(*grown))))
		return berth_no_memory();
	f->pointers = grown;
	if (!(grown[f->n] = strdup(pointer)))
		return berth_no_memory();
	f->n++;
	return BERTH_OK;
}

struct test {
	const struct query_claim *claim;
	struct found found;
	size_t *budget;
};

/* PEX: "evaluate the first JSONPath match" */
static enum berth_err first_passes(void *arg, const struct berth_json *v, const char *pointer, bool *enough)
{
	struct test *t = arg;
	bool valid = true;
	enum berth_err rc = BERTH_OK;

	*enough = true;
	if (t->claim->filter)
		rc = berth_schema_validate(t->claim->filter, v, t->budget, &valid);
	return rc || !valid ? rc : push(&t->found, pointer);
}

static bool is_value(const struct berth_json *values, const struct berth_json *v)
{
	berth_json_each(it, values)
		if (berth_json_equal(it, v))
			return true;
	return false;
}

/* DCQL: all that is selected, of which some may have to have a value. */
static enum berth_err any_passes(void *arg, const struct berth_json *v, const char *pointer, bool *enough)
{
	struct test *t = arg;

	(void)enough;
	if (t->found.n == BERTH_SD_POINTERS_MAX)
		return berth_fail(BERTH_E_SIZE, "query: a path to more than %d claims", BERTH_SD_POINTERS_MAX);
	return !t->claim->values || is_value(t->claim->values, v) ? push(&t->found, pointer) : BERTH_OK;
}

static enum berth_err try_path(struct test *t, const struct berth_path *p, const struct berth_json *root)
{
	enum berth_err rc;

	if (!root)
		return BERTH_OK;
	rc = berth_path_select(p, root, t->budget, p->elements_only ? any_passes : first_passes, t);
	if (rc != BERTH_E_NOMATCH)
		return rc;
	free_found(&t->found);
	return BERTH_OK;
}

/* What the claim selects; nothing: it is not there.  JSONPaths are written for the JWT's
 * claims or for the credential in it, claims path pointers for the credential. */
static enum berth_err find_claim(struct test *t, const struct berth_wallet_item *w)
{
	enum berth_err rc = BERTH_OK;

	for (size_t i = 0; i < t->claim->n_paths && !rc && !t->found.n; i++) {
		const struct berth_path *p = &t->claim->paths[i];

		if (p->elements_only)
			rc = try_path(t, p, berth_wallet_credential(w));
		else if (!(rc = try_path(t, p, w->claims)) && !t->found.n)
			rc = try_path(t, p, w->credential);
	}
	return rc;
}

/* Which claims are there, as a mask; and all that they select. */
static enum berth_err find_claims(const struct query_item *item, const struct berth_wallet_item *w, size_t *budget,
				  struct found *found, uint64_t *mask)
{
	enum berth_err rc = BERTH_OK;

	*mask = 0;
	for (size_t i = 0; i < item->n_claims && !rc; i++) {
		struct test t = { .claim = &item->claims[i], .budget = budget };

		rc = find_claim(&t, w);
		if (t.found.n)
			*mask |= UINT64_C(1) << i;
		found[i] = t.found;
	}
	return rc;
}

/* The claims to show: the first set that is there, or all that are not optional. */
static bool choose(const struct query_item *item, uint64_t there, uint64_t *chosen)
{
	uint64_t all = 0;

	for (size_t i = 0; i < item->n_sets; i++) {
		*chosen = item->sets[i];
		if ((there & *chosen) == *chosen)
			return true;
	}
	if (item->n_sets)
		return false;
	for (size_t i = 0; i < item->n_claims; i++) {
		if (item->claims[i].predicate)	/* we cannot derive any */
			return false;
		all |= item->claims[i].optional ? 0 : UINT64_C(1) << i;
	}
	*chosen = all;
	return (there & all) == all;
}

void query_credential_free(struct berth_answer_credential *c)
{
	for (size_t i = 0; i < c->n_claims; i++)
		free(c->claims[i]);
	free(c->claims);
	memset(c, 0, sizeof(*c));
}

/* The pointers of the chosen claims move to out. */
static enum berth_err collect(struct berth_answer_credential *out, const struct query_item *item,
			      const struct found *found, uint64_t chosen)
{
	struct found all = { NULL, 0 };
	enum berth_err rc = BERTH_OK;

	for (size_t i = 0; i < item->n_claims && !rc; i++)
		for (size_t k = 0; k < found[i].n && !rc && chosen >> i & 1; k++)
			rc = push(&all, found[i].pointers[k]);
	if (!rc && all.n > BERTH_SD_POINTERS_MAX)
		rc = berth_fail(BERTH_E_SIZE, "query: more than %d claims of one credential", BERTH_SD_POINTERS_MAX);
	if (rc) {
		free_found(&all);
		return rc;
	}
	out->claims = all.pointers;
	out->n_claims = all.n;
	return BERTH_OK;
}

enum berth_err query_hold(const struct query_item *item, const struct berth_wallet_item *w, size_t *budget,
			  struct berth_answer_credential *out, bool *fits)
{
	struct found found[BERTH_QUERY_CLAIMS_MAX] = { { NULL, 0 } };
	uint64_t there, chosen;
	enum berth_err rc = fits_outside(item, w, fits);

	memset(out, 0, sizeof(*out));
	if (rc || !*fits)
		return rc;
	*fits = false;
	if (!(rc = find_claims(item, w, budget, found, &there)) && choose(item, there, &chosen) &&
	    !(rc = collect(out, item, found, chosen)))
		*fits = true;
	out->whole = w->n_withheld == 0;
	for (size_t i = 0; i < item->n_claims; i++)
		free_found(&found[i]);
	return rc;
}
