/* SPDX-License-Identifier: Apache-2.0 */
#include "vc/data_integrity.h"

#include <string.h>

#include "did/url.h"
#include "vc/jsonld/di_rdf.h"

enum berth_err berth_di_set_read(struct berth_di_set *s, const struct berth_json *document, const char *purpose)
{
	enum berth_err rc = berth_di_proofs_read(s->proofs, &s->n, document);

	berth_jsonld_for_proofs();
	if (rc && rc != BERTH_E_ALG)
		return rc;
	for (size_t i = 0; i < s->n; i++)
		if (strcmp(s->proofs[i].purpose, purpose) != 0)
			return berth_fail(BERTH_E_VC, "proofPurpose is %.40s, not %s", s->proofs[i].purpose, purpose);
	return rc;
}

static enum berth_err verify_one(const struct berth_di_proof *p, const struct berth_json *document,
				 struct berth_resolver *resolver, const struct berth_pubkey *key, const char *party,
				 enum berth_rel rel)
{
	struct berth_pubkey own;
	enum berth_err rc;

	if (key)
		return berth_di_proof_verify(p, document, key);
	rc = berth_di_proof_key(&own, p, resolver, party, rel);
	return rc ? rc : berth_di_proof_verify(p, document, &own);
}

enum berth_err berth_di_set_verify(struct berth_report *r, const struct berth_di_set *s,
				   const struct berth_json *document, struct berth_resolver *resolver,
				   const struct berth_pubkey *key, const char *party, enum berth_rel rel)
{
	for (size_t i = 0; i < s->n; i++)
		berth_report_note(r, verify_one(&s->proofs[i], document, resolver, key, party, rel));
	return r->first;
}

static bool is_by(const struct berth_di_proof *p, const char *did)
{
	return berth_is_kid(p->method) && berth_did_same(p->method, did);
}

bool berth_di_set_has(const struct berth_di_set *s, const char *did)
{
	for (size_t i = 0; i < s->n; i++)
		if (is_by(&s->proofs[i], did))
			return true;
	return false;
}

bool berth_di_set_is_of(const struct berth_di_set *s, const char *did)
{
	for (size_t i = 0; i < s->n; i++)
		if (!is_by(&s->proofs[i], did))
			return false;
	return true;
}

bool berth_di_set_is_rdf(const struct berth_di_set *s)
{
	for (size_t i = 0; i < s->n; i++)
		if (berth_di_suite_is_rdfc(s->proofs[i].suite))
			return true;
	return false;
}

static size_t context_len(const struct berth_json *context)
{
	return berth_json_is(context, BERTH_JSON_ARRAY) ? berth_json_len(context) : 1;
}

enum berth_err berth_di_set_trim(const struct berth_di_set *s, struct berth_json *document)
{
	const struct berth_json *least = berth_json_get(document, "@context");
	struct berth_json *copy;

	for (size_t i = 0; i < s->n; i++) {
		const struct berth_json *c = berth_json_get(s->proofs[i].json, "@context");

		if (c && context_len(c) < context_len(least))
			least = c;
	}
	if (least == berth_json_get(document, "@context"))
		return BERTH_OK;
	copy = berth_json_clone(least);
	return copy ? berth_json_set(document, "@context", copy) : berth_no_memory();
}

void berth_di_set_narrow(const struct berth_di_set *s, struct berth_window *w)
{
	for (size_t i = 0; i < s->n; i++)
		if (s->proofs[i].expires_s != INT64_MAX)
			berth_window_narrow(w, false, s->proofs[i].expires_s);
}
