/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/protocol/issuing.h"

#include <string.h>

#include "agent/protocol/exchange.h"
#include "agent/protocol/onboarding.h"
#include "did/jose/jwk.h"
#include "vc/sd_jwt.h"

#define DISCLOSABLE_MAX 64

/* The key that the holder can prove to have; SD-JWT wants it in the credential. */
static enum berth_err set_cnf(struct berth_env *env, struct berth_json *claims, const char *holder)
{
	struct berth_did_doc *doc = NULL;
	struct berth_json *cnf = NULL;
	const struct berth_vm *vm;
	enum berth_err rc = berth_resolve(env->resolver, holder, &doc);

	if (rc)
		return rc;
	vm = berth_did_doc_nth(doc, BERTH_REL_AUTHENTICATION, 0);
	if (!vm || vm->key.type == BERTH_KEY_NONE)
		rc = berth_fail(BERTH_E_KEY, "the holder's DID has no key to be bound to");
	else if ((rc = berth_json_set((cnf = berth_json_new_object()), "jwk", berth_jwk_format(&vm->key))))
		berth_json_free(cnf);
	else
		rc = berth_json_set(claims, "cnf", cnf);
	berth_did_doc_free(doc);
	return rc;
}

static enum berth_err set_w3c(struct berth_json *vc, const char *issuer, const char *holder)
{
	const struct berth_json *subject = berth_json_get(vc, "credentialSubject");
	enum berth_err rc;

	if (subject && !berth_json_is(subject, BERTH_JSON_OBJECT))
		return berth_fail(BERTH_E_HOLDER, "a credential for one holder has one subject");
	if (!subject && (rc = berth_json_set(vc, "credentialSubject", berth_json_new_object())))
		return rc;
	if ((rc = berth_json_set_str(berth_json_get_mut(vc, "credentialSubject"), "id", holder)))
		return rc;
	return berth_json_set_str(vc, "issuer", issuer);
}

static enum berth_err set_claims(struct berth_json *claims, const char *issuer, const char *holder)
{
	enum berth_err rc = berth_json_set_str(claims, "iss", issuer);

	return rc ? rc : berth_json_set_str(claims, "sub", holder);
}

/* Whatever the template says of issuer and subject, they are us and who asked. */
static enum berth_err complete(struct berth_env *env, const struct berth_instance *inst, const struct berth_identity *issuer,
			       enum berth_vc_format f, struct berth_json **out)
{
	const struct berth_json *from = berth_json_get(inst->data, "credential");
	const char *holder = berth_data_str(inst->data, "peer");
	struct berth_json *vc = from ? berth_json_clone(from) : NULL;
	enum berth_err rc = vc ? BERTH_OK : berth_fail(BERTH_E_TYPE, "which credential?");

	if (!rc)
		rc = f == BERTH_FORMAT_DC_SD_JWT ? set_claims(vc, issuer->did_long, holder) : set_w3c(vc, issuer->did_long, holder);
	if (!rc && (f == BERTH_FORMAT_DC_SD_JWT || f == BERTH_FORMAT_VC_SD_JWT))
		rc = set_cnf(env, vc, holder);
	return berth_json_give(out, vc, rc);
}

/* Credentials are the role's own to sign; the identity of the thread is for messages. */
static const struct berth_identity *issuer_of(struct berth_env *env, const struct berth_instance *inst)
{
	const struct berth_identity *id = env->identity(env, BERTH_ID_OWNER);

	return id ? id : berth_exchange_me(env, inst);
}

/* SD-JWT: each claim of the holder's can be withheld, not what a verifier needs. */
static size_t disclosable(const struct berth_json *vc, bool vcdm, char (*names)[160], const char **out)
{
	const struct berth_json *from = vcdm ? berth_json_get(vc, "credentialSubject") : vc;
	size_t n = 0;

	berth_json_each(m, from) {
		struct berth_buf p = BERTH_BUF_INIT;

		if (vcdm)
			berth_buf_str(&p, "/credentialSubject");
		berth_sd_pointer_add(&p, berth_json_key(m));
		if (n < DISCLOSABLE_MAX && !berth_buf_status(&p) && p.len < 160 && !berth_sd_is_open(berth_buf_cstr(&p), vcdm) &&
		    strcmp(berth_json_key(m), "id") != 0) {
			memcpy(names[n], berth_buf_cstr(&p), p.len + 1);
			out[n] = names[n];
			n++;
		}
		berth_buf_free(&p);
	}
	return n;
}

enum berth_err berth_issuing_sign(struct berth_env *env, const struct berth_instance *inst, enum berth_vc_format f,
				  struct berth_buf *out)
{
	const struct berth_identity *issuer = issuer_of(env, inst);
	struct berth_issue how = { .format = f, .now_s = env->now_s };
	char names[DISCLOSABLE_MAX][160];
	const char *pointers[DISCLOSABLE_MAX];
	struct berth_json *vc;
	enum berth_err rc;

	if (!issuer)
		return berth_fail(BERTH_E_NOMATCH, "no identity to issue from");
	if ((rc = complete(env, inst, issuer, f, &vc)))
		return rc;
	how.kid = issuer->sign_kid_long;
	how.di.created_s = env->now_s;
	if (how.format == BERTH_FORMAT_DC_SD_JWT || how.format == BERTH_FORMAT_VC_SD_JWT) {
		how.n_disclose = disclosable(vc, how.format == BERTH_FORMAT_VC_SD_JWT, names, pointers);
		how.disclose = pointers;
	}
	rc = berth_issue_credential(out, env->keys->keyring, &how, vc);
	berth_json_free(vc);
	return rc;
}
