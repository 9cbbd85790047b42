/* SPDX-License-Identifier: Apache-2.0 */
/* Data Integrity proofs: making them, and the chains that both sides hash. */
#include <string.h>

#include "did/base/clock.h"
#include "did/codec/multibase.h"
#include "did/proof.h"
#include "did/proof_chain.h"

/* ---- chains ---- */

static bool names(const struct berth_json *ids, const char *id)
{
	return id && berth_di_domain_has(ids, id);
}

static enum berth_err push_named(struct berth_json *list, const struct berth_json *proof, const struct berth_json *ids)
{
	if (!names(ids, berth_json_str(berth_json_get(proof, "id"))))
		return BERTH_OK;
	return berth_json_push(list, berth_json_clone(proof));
}

enum berth_err berth_di_previous(struct berth_json **out, const struct berth_json *document,
				 const struct berth_json *ids)
{
	const struct berth_json *proofs = berth_json_get(document, "proof");
	size_t want = berth_json_str(ids) ? 1 : berth_json_len(ids);
	struct berth_json *list;
	enum berth_err rc = BERTH_OK;

	*out = NULL;
	if (!ids)
		return BERTH_OK;
	if (!(list = berth_json_new_array()))
		return berth_no_memory();
	if (berth_json_is(proofs, BERTH_JSON_OBJECT))
		rc = push_named(list, proofs, ids);
	else
		for (const struct berth_json *p = berth_json_first(proofs); p && !rc; p = berth_json_next(p))
			rc = push_named(list, p, ids);
	/* ids of proofs are unique, so a name that stands twice is missing once */
	if (!rc && berth_json_len(list) != want)
		rc = berth_fail(BERTH_E_SIG, "previousProof names a proof that is not there");
	if (rc)
		berth_json_free(list);
	else
		*out = list;
	return rc;
}

/* ---- making one ---- */

static enum berth_err set_if(struct berth_json *o, const char *member, const char *text)
{
	return text ? berth_json_set_str(o, member, text) : BERTH_OK;
}

static enum berth_err set_created(struct berth_json *o, int64_t s)
{
	char text[BERTH_RFC3339_LEN + 1];

	if (s < 0)
		return BERTH_OK;
	berth_rfc3339_format(text, s);
	return berth_json_set_str(o, "created", text);
}

static enum berth_err set_previous(struct berth_json *proof, const struct berth_di_options *o)
{
	struct berth_json *list;

	if (o->n_previous == 0)
		return BERTH_OK;
	if (o->n_previous == 1)
		return berth_json_set_str(proof, "previousProof", o->previous[0]);
	list = berth_json_new_array();
	for (size_t i = 0; i < o->n_previous; i++)
		if (berth_json_push_str(list, o->previous[i])) {
			berth_json_free(list);
			return BERTH_E_NOMEM;
		}
	return berth_json_set(proof, "previousProof", list);
}

/* The proof without its value.  With JCS it says which contexts it is over; with RDFC
 * those of the document count. */
static enum berth_err options(struct berth_json *proof, const struct berth_json *document, const char *kid,
			      const char *suite, const struct berth_di_options *o)
{
	const struct berth_json *context = berth_json_get(document, "@context");
	enum berth_err rc;

	if ((rc = set_if(proof, "id", o->id)) || (rc = berth_json_set_str(proof, "type", "DataIntegrityProof")) ||
	    (rc = berth_json_set_str(proof, "cryptosuite", suite)) || (rc = set_created(proof, o->created_s)) ||
	    (rc = berth_json_set_str(proof, "verificationMethod", kid)) ||
	    (rc = berth_json_set_str(proof, "proofPurpose", o->purpose)) ||
	    (rc = set_if(proof, "challenge", o->challenge)) || (rc = set_if(proof, "domain", o->domain)) ||
	    (rc = set_previous(proof, o)))
		return rc;
	if (!context || berth_di_suite_is_rdfc(berth_di_suite_find(suite)))
		return BERTH_OK;
	return berth_json_set(proof, "@context", berth_json_clone(context));
}

/* {"document","proof"}, where the document has only the proofs that are signed over. */
static enum berth_err payload(struct berth_buf *out, const struct berth_json *document, const struct berth_json *proof)
{
	struct berth_json *o = berth_json_new_object(), *copy = berth_json_clone(document), *previous = NULL;
	enum berth_err rc = o && copy ? BERTH_OK : berth_no_memory();

	if (!rc)
		rc = berth_di_previous(&previous, document, berth_json_get(proof, "previousProof"));
	if (rc) {
		berth_json_free(copy);
		goto out;
	}
	berth_json_remove(copy, "proof");
	if (previous && (rc = berth_json_set(copy, "proof", previous))) {
		berth_json_free(copy);
		goto out;
	}
	if ((rc = berth_json_set(o, "document", copy)) || (rc = berth_json_set(o, "proof", berth_json_clone(proof))))
		goto out;
	rc = berth_json_print(out, o);
out:
	berth_json_free(o);
	return rc == BERTH_E_SIG ? berth_fail(BERTH_E_VC, "a previous proof is not there") : rc;
}

static enum berth_err sign(struct berth_json *proof, const struct berth_json *document, struct berth_keyring *kr,
			   const char *kid)
{
	struct berth_buf text = BERTH_BUF_INIT, header = BERTH_BUF_INIT, sig = BERTH_BUF_INIT, value = BERTH_BUF_INIT;
	enum berth_err rc;

	if ((rc = payload(&text, document, proof)) ||
	    (rc = kr->ops->sign(kr, kid, BERTH_SIGN_DI, text.p, text.len, &header, &sig)) ||
	    (rc = berth_multibase_encode(&value, 'z', sig.p, sig.len)))
		goto out;
	rc = berth_json_set_str(proof, "proofValue", berth_buf_cstr(&value));
out:
	berth_buf_free(&text);
	berth_buf_free(&header);
	berth_buf_free(&sig);
	berth_buf_free(&value);
	return rc;
}

/* One proof is an object, several are a list. */
static enum berth_err attach(struct berth_json *document, struct berth_json *take)
{
	struct berth_json *list, *there = berth_json_get_mut(document, "proof");
	enum berth_err rc;

	if (!there)
		return berth_json_set(document, "proof", take);
	if (berth_json_is(there, BERTH_JSON_ARRAY))
		return berth_json_push(there, take);
	list = berth_json_new_array();
	if ((rc = berth_json_push(list, berth_json_clone(there)))) {
		berth_json_free(list);
		berth_json_free(take);
		return rc;
	}
	rc = berth_json_push(list, take);
	return berth_json_set_made(document, "proof", list, rc);
}

static enum berth_err check_there(const struct berth_json *document, const char *id)
{
	struct berth_di_proof proofs[BERTH_DI_PROOFS_MAX];
	enum berth_err rc;
	size_t n;

	if (!berth_json_get(document, "proof"))
		return BERTH_OK;
	if ((rc = berth_di_proofs_read(proofs, &n, document)) && rc != BERTH_E_ALG)
		return rc;
	if (n == BERTH_DI_PROOFS_MAX)
		return berth_fail(BERTH_E_SIZE, "more than %d proofs", BERTH_DI_PROOFS_MAX);
	for (size_t i = 0; i < n && id; i++)
		if (proofs[i].id && !strcmp(proofs[i].id, id))
			return berth_fail(BERTH_E_VC, "there is a proof with that id");
	return BERTH_OK;
}

static enum berth_err suite_of(const char **out, const char *wanted, struct berth_keyring *kr, const char *kid)
{
	struct berth_pubkey pub;
	enum berth_di_suite suite;
	enum berth_err rc;

	if (wanted && !berth_di_suite_find(wanted))
		return berth_fail(BERTH_E_ALG, "cryptosuite %.40s", wanted);
	if ((rc = kr->ops->find(kr, kid, &pub)))
		return rc;
	suite = wanted ? berth_di_suite_find(wanted) : berth_di_suite_for(pub.type);
	if (!berth_di_suite_takes(suite, pub.type))
		return berth_fail(BERTH_E_KEY, "the key signs under no such cryptosuite");
	*out = berth_di_suite_name(suite);
	return BERTH_OK;
}

enum berth_err berth_di_proof_add(struct berth_json *document, struct berth_keyring *kr, const char *kid,
				  const struct berth_di_options *o)
{
	struct berth_json *proof = NULL;
	const char *suite;
	enum berth_err rc;

	if ((rc = check_there(document, o->id)) || (rc = suite_of(&suite, o->suite, kr, kid)))
		return rc;
	proof = berth_json_new_object();
	if ((rc = options(proof, document, kid, suite, o)) || (rc = sign(proof, document, kr, kid))) {
		berth_json_free(proof);
		return rc;
	}
	return attach(document, proof);
}
