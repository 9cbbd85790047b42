/* SPDX-License-Identifier: Apache-2.0 */
#include "vc/sd_kb.h"

#include <string.h>

#include "did/jose/jwk.h"
#include "did/signer.h"
#include "did/url.h"
#include "vc/token.h"

static enum berth_err bad(const char *what)
{
	return berth_fail(BERTH_E_HOLDER, "key binding: %s", what);
}

/* A key of kid's DID for authentication. */
static enum berth_err resolve(struct berth_pubkey *out, struct berth_resolver *resolver, const char *kid,
			      const char *party)
{
	struct berth_did_doc *doc;
	const struct berth_vm *vm;
	enum berth_err rc;

	if (!(rc = berth_resolve_signer(resolver, kid, party, &doc)) &&
	    !(rc = berth_did_doc_key(doc, kid, BERTH_REL_AUTHENTICATION, &vm)))
		*out = vm->key;
	berth_did_doc_free(doc);
	return rc == BERTH_OK || rc == BERTH_E_NOMEM ? rc : bad("its key cannot be found");
}

static const char *subject_of(const struct berth_json *payload)
{
	const char *s = berth_credential_subject(payload);

	return s ? s : berth_json_str(berth_json_get(payload, "sub"));
}

static enum berth_err key_of(struct berth_pubkey *out, const struct berth_sd_jwt *sd, const struct berth_verify *v,
			     const char *kid)
{
	const struct berth_json *cnf = berth_json_get(sd->payload, "cnf"), *jwk = berth_json_get(cnf, "jwk");
	const char *named = berth_json_str(berth_json_get(cnf, "kid")), *subject;
	enum berth_err rc;

	if (jwk) {
		rc = berth_jwk_parse(out, jwk);
		return rc == BERTH_OK || rc == BERTH_E_NOMEM ? rc : bad("cnf.jwk is no key");
	}
	if (cnf && (!named || !berth_is_kid(named)))
		return bad("cnf names no key that we know");
	if (named)
		return resolve(out, v->resolver, named, NULL);
	subject = subject_of(sd->payload);
	if (!kid || !subject || !berth_is_did(subject) || !berth_did_same(kid, subject))
		return bad("no cnf, and not by the subject");
	return resolve(out, v->resolver, kid, subject);
}

static bool is_audience(const struct berth_json *aud, const char *domain)
{
	return berth_json_str(aud) && !strcmp(berth_json_str(aud), domain);
}

static enum berth_err check_claims(const struct berth_json *kb, const struct berth_sd_jwt *sd,
				   const struct berth_verify *v, bool challenge)
{
	const char *hash = berth_json_str(berth_json_get(kb, "sd_hash"));
	const char *nonce = berth_json_str(berth_json_get(kb, "nonce"));
	char digest[BERTH_SD_DIGEST_MAX + 1];

	if (berth_sd_digest(digest, sd->hash, sd->text, sd->bound_len))
		return BERTH_E_NOMEM;
	if (!hash || strcmp(hash, digest) != 0)
		return bad("over something else than this");
	if (!berth_json_is(berth_json_get(kb, "iat"), BERTH_JSON_NUMBER) || !nonce)
		return bad("no iat or no nonce");
	if (!challenge)
		return BERTH_OK;
	if (!v->challenge || strcmp(nonce, v->challenge) != 0)
		return bad("nonce is not the challenge");
	if (v->domain && !is_audience(berth_json_get(kb, "aud"), v->domain))
		return bad("aud is not the domain");
	return BERTH_OK;
}

enum berth_err berth_sd_kb_verify(const struct berth_sd_jwt *sd, const struct berth_verify *v, bool challenge)
{
	struct berth_vc_token t;
	struct berth_pubkey key;
	enum berth_err rc;

	if (!sd->kb)
		return bad("missing");
	if ((rc = berth_vc_token_open(&t, sd->kb, sd->kb_len, BERTH_VC_MAX, berth_purpose_typ(BERTH_SIGN_KB), false, true)))
		return rc == BERTH_E_ENV || rc == BERTH_E_NOMEM ? rc : bad(berth_err_detail());
	if (t.jws.kid && (rc = berth_jws_require_kid(&t.jws)))
		goto out;
	if ((rc = key_of(&key, sd, v, t.jws.kid)))
		goto out;
	if (berth_jws_verify(&t.jws, &key))
		rc = bad("not by the holder's key");
	else
		rc = check_claims(t.payload, sd, v, challenge);
out:
	berth_vc_token_close(&t);
	return rc;
}
