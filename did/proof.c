/* SPDX-License-Identifier: Apache-2.0 */
/* Data Integrity proofs: reading and verifying.  proof_add.c makes them. */
#include "did/proof.h"

#include <string.h>

#include "did/base/clock.h"
#include "did/codec/multibase.h"
#include "did/crypto/sign.h"
#include "did/proof_chain.h"
#include "did/signer.h"
#include "did/url.h"

#define TEXT_MAX 1024		/* ids, challenges, domains */

static enum berth_err missing(const char *member)
{
	return berth_fail(BERTH_E_VC, "proof: %s is missing or malformed", member);
}

/* ---- reading ---- */

static enum berth_err read_text(const struct berth_json *json, const char *member, size_t max, bool required,
				const char **out)
{
	const struct berth_json *v = berth_json_get(json, member);

	*out = berth_json_str(v);
	if (!v && !required)
		return BERTH_OK;
	return *out && **out && strlen(*out) <= max ? BERTH_OK : missing(member);
}

static enum berth_err read_date(const struct berth_json *json, const char *member, int64_t *out)
{
	const struct berth_json *v = berth_json_get(json, member);

	if (v && (!berth_json_str(v) || berth_rfc3339_parse(out, berth_json_str(v))))
		return missing(member);
	return BERTH_OK;
}

/* A text, or a list of some. */
static enum berth_err read_texts(const struct berth_json *json, const char *member, const struct berth_json **out)
{
	const struct berth_json *v = berth_json_get(json, member);

	*out = v;
	if (!v || berth_json_str(v))
		return BERTH_OK;
	if (!berth_json_is(v, BERTH_JSON_ARRAY) || berth_json_len(v) == 0)
		return missing(member);
	berth_json_each(it, v)
		if (!berth_json_str(it))
			return missing(member);
	return BERTH_OK;
}

/* "type" may be a list, but a cryptosuite belongs to one type only, and one type of
 * proof has none. */
static enum berth_err read_suite(struct berth_di_proof *out, const struct berth_json *json)
{
	const char *type, *suite;
	enum berth_err rc;

	if ((rc = read_text(json, "type", TEXT_MAX, true, &type)))
		return rc;
	out->suite = berth_di_suite_of(json);
	if (out->suite == BERTH_DI_ED25519_2020)
		return BERTH_OK;
	if (strcmp(type, "DataIntegrityProof") != 0)
		return berth_fail(BERTH_E_ALG, "proof: of type %.40s", type);
	if ((rc = read_text(json, "cryptosuite", TEXT_MAX, true, &suite)))
		return rc;
	return out->suite ? BERTH_OK : berth_fail(BERTH_E_ALG, "proof: cryptosuite %.40s", suite);
}

enum berth_err berth_di_proof_read(struct berth_di_proof *out, const struct berth_json *json)
{
	enum berth_err rc;

	memset(out, 0, sizeof(*out));
	out->json = json;
	out->created_s = INT64_MIN;
	out->expires_s = INT64_MAX;
	if (!berth_json_is(json, BERTH_JSON_OBJECT))
		return berth_fail(BERTH_E_VC, "proof: not an object");
	if ((rc = read_text(json, "id", TEXT_MAX, false, &out->id)) ||
	    (rc = read_text(json, "verificationMethod", BERTH_DID_URL_MAX, true, &out->method)) ||
	    (rc = read_text(json, "proofPurpose", TEXT_MAX, true, &out->purpose)) ||
	    (rc = read_text(json, "proofValue", TEXT_MAX, true, &out->value)) ||
	    (rc = read_text(json, "challenge", TEXT_MAX, false, &out->challenge)) ||
	    (rc = read_texts(json, "domain", &out->domain)) ||
	    (rc = read_texts(json, "previousProof", &out->previous)) ||
	    (rc = read_date(json, "created", &out->created_s)) || (rc = read_date(json, "expires", &out->expires_s)))
		return rc;
	return read_suite(out, json);
}

static enum berth_err append(struct berth_di_proof *out, size_t *n, const struct berth_json *json)
{
	enum berth_err rc;

	if (*n == BERTH_DI_PROOFS_MAX)
		return berth_fail(BERTH_E_SIZE, "more than %d proofs", BERTH_DI_PROOFS_MAX);
	if ((rc = berth_di_proof_read(&out[*n], json)))
		return rc;
	for (size_t i = 0; i < *n && out[*n].id; i++)
		if (out[i].id && !strcmp(out[i].id, out[*n].id))
			return berth_fail(BERTH_E_VC, "two proofs with one id");
	(*n)++;
	return BERTH_OK;
}

enum berth_err berth_di_proofs_read(struct berth_di_proof out[BERTH_DI_PROOFS_MAX], size_t *n,
				    const struct berth_json *document)
{
	const struct berth_json *v = berth_json_get(document, "proof");
	enum berth_err rc, first = BERTH_OK;

	*n = 0;
	if (berth_json_is(v, BERTH_JSON_OBJECT))
		return append(out, n, v);
	if (!berth_json_is(v, BERTH_JSON_ARRAY) || berth_json_len(v) == 0)
		return missing("proof");
	/* what is malformed counts before an algorithm that is none of ours */
	berth_json_each(it, v) {
		rc = append(out, n, it);
		if (rc && (!first || first == BERTH_E_ALG))
			first = rc;
	}
	return first;
}

bool berth_di_domain_has(const struct berth_json *domain, const char *text)
{
	const char *one = berth_json_str(domain);

	if (one)
		return !strcmp(one, text);
	berth_json_each(it, domain)
		if (!strcmp(berth_json_str(it), text))
			return true;
	return false;
}

/* ---- verifying ---- */

enum berth_err berth_di_proof_key(struct berth_pubkey *out, const struct berth_di_proof *p,
				  struct berth_resolver *resolver, const char *party, enum berth_rel rel)
{
	struct berth_did_doc *doc = NULL;
	const struct berth_vm *vm;
	enum berth_err rc;

	memset(out, 0, sizeof(*out));
	if (!berth_is_kid(p->method))
		return berth_fail(BERTH_E_KEY, "proof: verificationMethod is not a DID URL");
	if ((rc = berth_resolve_signer(resolver, p->method, party, &doc)) == BERTH_OK &&
	    (rc = berth_did_doc_key(doc, p->method, rel, &vm)) == BERTH_OK)
		*out = vm->key;
	berth_did_doc_free(doc);
	return rc;
}

/* "z" and base58btc; whatever else stands there is no signature. */
static enum berth_err decode_value(struct berth_buf *sig, const char *value)
{
	enum berth_err rc = *value == 'z' ? berth_multibase_decode(sig, value, strlen(value)) : BERTH_E_B64;

	return !rc || rc == BERTH_E_NOMEM ? rc : berth_fail(BERTH_E_SIG, "proofValue is not base58btc");
}

enum berth_err berth_di_proof_verify(const struct berth_di_proof *p, const struct berth_json *document,
				     const struct berth_pubkey *key)
{
	struct berth_json *previous = NULL;
	struct berth_buf sig = BERTH_BUF_INIT;
	struct berth_di_hash h;
	enum berth_err rc;

	if (!berth_di_suite_takes(p->suite, key->type))
		return berth_fail(BERTH_E_ALG, "%s with another type of key", berth_di_suite_name(p->suite));
	if ((rc = decode_value(&sig, p->value)) || (rc = berth_di_previous(&previous, document, p->previous)) ||
	    (rc = berth_di_hash(&h, document, p->json, previous, key->type)))
		goto out;
	rc = berth_verify(key, h.b, h.len, sig.p, sig.len);
out:
	berth_json_free(previous);
	berth_buf_free(&sig);
	return rc;
}
