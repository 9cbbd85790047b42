/* SPDX-License-Identifier: Apache-2.0 */
#include "did/jose/di_hash.h"

#include <stdatomic.h>
#include <string.h>

#include "did/codec/did_text.h"
#include "did/codec/jcs.h"
#include "did/crypto/hash.h"

static const struct {
	const char *name;
	enum berth_key_type types[2];
} suites[] = {
	[BERTH_DI_EDDSA_JCS_2022] = { "eddsa-jcs-2022", { BERTH_KEY_ED25519, BERTH_KEY_NONE } },
	[BERTH_DI_ECDSA_JCS_2019] = { "ecdsa-jcs-2019", { BERTH_KEY_P256, BERTH_KEY_P384 } },
	[BERTH_DI_EDDSA_RDFC_2022] = { "eddsa-rdfc-2022", { BERTH_KEY_ED25519, BERTH_KEY_NONE } },
	[BERTH_DI_ECDSA_RDFC_2019] = { "ecdsa-rdfc-2019", { BERTH_KEY_P256, BERTH_KEY_P384 } },
	/* no cryptosuite, but a type */
	[BERTH_DI_ED25519_2020] = { "Ed25519Signature2020", { BERTH_KEY_ED25519, BERTH_KEY_NONE } },
};
#define N_SUITES (sizeof(suites) / sizeof(suites[0]))

static _Atomic(berth_di_rdf *) canonical_rdf;

void berth_di_set_rdf(berth_di_rdf *rdf)
{
	atomic_store(&canonical_rdf, rdf);
}

const char *berth_di_suite_name(enum berth_di_suite suite)
{
	return (unsigned)suite < N_SUITES ? suites[suite].name : NULL;
}

enum berth_di_suite berth_di_suite_find(const char *name)
{
	for (size_t i = 1; name && i < BERTH_DI_ED25519_2020; i++)
		if (!strcmp(suites[i].name, name))
			return (enum berth_di_suite)i;
	return BERTH_DI_NONE;
}

enum berth_di_suite berth_di_suite_of(const struct berth_json *proof)
{
	const struct berth_json *suite = berth_json_get(proof, "cryptosuite");
	const char *type = berth_json_str(berth_json_get(proof, "type"));

	if (type && !strcmp(type, suites[BERTH_DI_ED25519_2020].name))
		return suite ? BERTH_DI_NONE : BERTH_DI_ED25519_2020;
	return berth_di_suite_find(berth_json_str(suite));
}

bool berth_di_suite_takes(enum berth_di_suite suite, enum berth_key_type type)
{
	if (suite == BERTH_DI_NONE || (unsigned)suite >= N_SUITES || type == BERTH_KEY_NONE)
		return false;
	return suites[suite].types[0] == type || suites[suite].types[1] == type;
}

bool berth_di_suite_is_rdfc(enum berth_di_suite suite)
{
	return suite == BERTH_DI_EDDSA_RDFC_2022 || suite == BERTH_DI_ECDSA_RDFC_2019 || suite == BERTH_DI_ED25519_2020;
}

enum berth_di_suite berth_di_suite_for(enum berth_key_type type)
{
	for (size_t i = 1; i < N_SUITES; i++)
		if (berth_di_suite_takes((enum berth_di_suite)i, type))
			return (enum berth_di_suite)i;
	return BERTH_DI_NONE;
}

/* "Check that the securedDocument.@context starts with all values contained in the
 * proofOptions.@context in the same order." */
static bool begins_with(const struct berth_json *document, const struct berth_json *proof)
{
	bool lists = berth_json_is(document, BERTH_JSON_ARRAY);
	const struct berth_json *d = lists ? berth_json_first(document) : document;

	if (!berth_json_is(proof, BERTH_JSON_ARRAY))
		return d && berth_json_equal(d, proof);
	if (berth_json_len(proof) == 0)
		return false;	/* all contexts would be somebody else's */
	for (const struct berth_json *p = berth_json_first(proof); p; p = berth_json_next(p)) {
		if (!d || !berth_json_equal(d, p))
			return false;
		d = lists ? berth_json_next(d) : NULL;
	}
	return true;
}

static void hash(struct berth_di_hash *out, const struct berth_buf *text, bool sha384)
{
	if (sha384)
		berth_sha384(out->b + out->len, text->p, text->len);
	else
		berth_sha256(out->b + out->len, text->p, text->len);
	out->len += sha384 ? BERTH_SHA384_LEN : BERTH_SHA256_LEN;
}

static enum berth_err jcs(struct berth_buf *options, struct berth_buf *text, const struct berth_json *document,
			  const struct berth_json *proof, const struct berth_json *previous)
{
	const struct berth_json *context = berth_json_get(proof, "@context");
	const struct berth_jcs_edit value = { "proofValue", NULL };
	const struct berth_jcs_edit edits[] = { { "proof", previous }, { "@context", context } };
	enum berth_err rc;

	if (context && !begins_with(berth_json_get(document, "@context"), context))
		return berth_fail(BERTH_E_SIG, "the proof is over another @context");
	rc = berth_jcs_edited(options, proof, &value, 1);
	return rc ? rc : berth_jcs_edited(text, document, edits, context ? 2 : 1);
}

/* "Set proofConfig.@context to unsecuredDocument.@context." */
static enum berth_err rdfc(struct berth_buf *options, struct berth_buf *text, const struct berth_json *document,
			   const struct berth_json *proof, const struct berth_json *previous, enum berth_key_type type)
{
	const struct berth_json *context = berth_json_get(document, "@context"), *own = berth_json_get(proof, "@context");
	berth_di_rdf *rdf = atomic_load(&canonical_rdf);
	enum berth_err rc;

	if (!rdf)
		return berth_fail(BERTH_E_ALG, "proofs over RDF are not for this program");
	if (own && !berth_json_equal(own, context))
		return berth_fail(BERTH_E_SIG, "the proof is over another @context");
	rc = rdf(options, proof, context, "proofValue", NULL, type);
	return rc ? rc : rdf(text, document, NULL, "proof", previous, type);
}

enum berth_err berth_di_hash(struct berth_di_hash *out, const struct berth_json *document,
			     const struct berth_json *proof, const struct berth_json *previous,
			     enum berth_key_type type)
{
	struct berth_buf options = BERTH_BUF_INIT, text = BERTH_BUF_INIT;
	enum berth_err rc;

	out->len = 0;
	if (berth_di_suite_is_rdfc(berth_di_suite_of(proof)))
		rc = rdfc(&options, &text, document, proof, previous, type);
	else
		rc = jcs(&options, &text, document, proof, previous);
	if (!rc) {
		hash(out, &options, type == BERTH_KEY_P384);
		hash(out, &text, type == BERTH_KEY_P384);
	}
	berth_buf_free(&options);
	berth_buf_free(&text);
	return rc;
}

/* ---- for the holder of the key ---- */

static const char *id_of(const struct berth_json *v)
{
	return berth_json_str(berth_json_is(v, BERTH_JSON_OBJECT) ? berth_json_get(v, "id") : v);
}

/* Whom the document must name for that purpose; "": no purpose we sign for. */
static const char *party_member(const char *purpose)
{
	if (!strcmp(purpose, "assertionMethod"))
		return "issuer";
	return strcmp(purpose, "authentication") ? "" : "holder";
}

static enum berth_err check_options(const struct berth_json *document, const struct berth_json *proof,
				    const char *kid, enum berth_key_type type)
{
	const char *suite, *vm, *purpose, *party;
	enum berth_err rc;

	if ((rc = berth_json_req_str(proof, "cryptosuite", 64, &suite)) ||
	    (rc = berth_json_req_str(proof, "verificationMethod", BERTH_DID_URL_MAX, &vm)) ||
	    (rc = berth_json_req_str(proof, "proofPurpose", 64, &purpose)))
		return rc;
	if (berth_json_get(proof, "proofValue"))
		return berth_fail(BERTH_E_TYPE, "to be signed: a proof with a value");
	if (!berth_di_suite_takes(berth_di_suite_find(suite), type))
		return berth_fail(BERTH_E_KEY, "%.40s does not sign with this type of key", suite);
	party = id_of(berth_json_get(document, party_member(purpose)));
	if (!berth_is_kid(kid) || !berth_did_url_same(vm, kid))
		return berth_fail(BERTH_E_AUTHZ, "to be signed: the proof names another key");
	if (!party || !berth_is_did(party) || !berth_did_same(party, kid))
		return berth_fail(BERTH_E_AUTHZ, "to be signed: not a document of the DID of the key");
	return BERTH_OK;
}

enum berth_err berth_di_signing_input(struct berth_buf *out, const char *kid, enum berth_key_type type,
				      const void *payload, size_t len)
{
	const struct berth_json *document, *proof;
	struct berth_json *o = NULL;
	struct berth_di_hash h;
	enum berth_err rc;

	if (!kid || !berth_is_kid(kid))
		return berth_fail(BERTH_E_ENV, "kid is not an absolute DID URL with a fragment");
	if ((rc = berth_json_parse_exact(&o, payload, len, BERTH_JSON_MAX)) ||
	    (rc = berth_json_req_obj(o, "document", &document)) || (rc = berth_json_req_obj(o, "proof", &proof)) ||
	    (rc = check_options(document, proof, kid, type)) ||
	    (rc = berth_di_hash(&h, document, proof, berth_json_get(document, "proof"), type)))
		goto out;
	berth_buf_put(out, h.b, h.len);
	rc = berth_buf_status(out);
out:
	berth_json_free(o);
	return rc;
}
