/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/protocol/object.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/protocol/verified.h"
#include "did/base/clock.h"
#include "did/base/secret.h"
#include "did/codec/base64url.h"
#include "did/crypto/hash.h"
#include "did/jose/jwk.h"
#include "did/jose/proof.h"
#include "did/url.h"
#include "vc/token.h"
#include "vc/vc.h"

void berth_object_hash(struct berth_hash *out, const char *compact, size_t n)
{
	berth_sha256(out->b, compact, n);
}

bool berth_hash_equal(const struct berth_hash *a, const struct berth_hash *b)
{
	return berth_equal_ct(a->b, b->b, sizeof(a->b));
}

const char *berth_object_type(enum berth_object_kind kind)
{
	static const char *const types[] = {
		[BERTH_OBJECT_DEVICE]	   = "BerthDeviceCredential",
		[BERTH_OBJECT_OWNERSHIP]   = "BerthOwnershipCredential",
		[BERTH_OBJECT_DELEGATION]  = "BerthOwnerDelegation",
		[BERTH_OBJECT_RESOLUTION]  = "BerthForkResolution",
		[BERTH_OBJECT_OPERATIONAL] = "BerthOperationalCredential",
		[BERTH_OBJECT_RELEASE]	   = "BerthReleaseCredential",
		[BERTH_OBJECT_RETIRE]	   = "BerthRetireCredential",
		[BERTH_OBJECT_BATCH]	   = "BerthBatchCredential",
		[BERTH_OBJECT_BLOB]	   = NULL,
	};

	return (unsigned)kind <= BERTH_OBJECT_BLOB ? types[kind] : NULL;
}

void berth_object_free(struct berth_object *o)
{
	if (!o)
		return;
	free(o->compact);
	berth_jws_free(&o->jws);
	berth_json_free(o->json);
	memset(o, 0, sizeof(*o));
}

/* ---- reading ---- */

static enum berth_err open_token(struct berth_object *o, enum berth_object_kind kind, const char *compact,
				 size_t n, const char *typ)
{
	struct berth_vc_token t;
	enum berth_err rc;

	memset(o, 0, sizeof(*o));
	if ((rc = berth_vc_token_open(&t, compact, n, BERTH_OBJECT_MAX, typ, false, false)))
		return rc;
	o->kind = kind;
	o->jws = t.jws;
	o->json = t.payload;
	o->kid = o->jws.kid;
	berth_object_hash(&o->hash, compact, n);
	if (!(o->compact = strndup(compact, n)))
		return berth_no_memory();
	return BERTH_OK;
}

/* Exactly our context after VCDM's, and exactly our type after its own: an object
 * that could pass for two of them passes for none. */
static enum berth_err check_kind(const struct berth_object *o)
{
	const struct berth_json *ctx = berth_json_get(o->json, "@context"), *type = berth_json_get(o->json, "type");
	const char *want[2] = { BERTH_ONBOARDING_CONTEXT, berth_object_type(o->kind) };
	const struct berth_json *list[2] = { ctx, type };

	for (size_t i = 0; i < 2; i++) {
		const char *s = berth_json_str(berth_json_at(list[i], 1));

		if (berth_json_len(list[i]) != 2 || !s || strcmp(s, want[i]))
			return berth_fail(BERTH_E_VC, "not a %s", want[1]);
	}
	return BERTH_OK;
}

/* One way to say a time: registered claims beside validFrom and validUntil could
 * say another. */
static enum berth_err check_no_times(const struct berth_object *o)
{
	static const char *const claims[] = { "exp", "nbf", "iat" };

	for (size_t i = 0; i < sizeof(claims) / sizeof(claims[0]); i++)
		if (berth_json_get(o->json, claims[i]))
			return berth_fail(BERTH_E_VC, "%s has no place in a %s", claims[i],
					  berth_object_type(o->kind));
	return BERTH_OK;
}

static enum berth_err check_date(const struct berth_object *o, const char *key, int64_t *out)
{
	const char *s = berth_json_str(berth_json_get(o->json, key));

	return s ? berth_rfc3339_parse(out, s) : BERTH_OK;
}

static enum berth_err check_issuer(const struct berth_object *o)
{
	if (!o->issuer || !berth_is_did(o->issuer) || !berth_did_same(o->kid, o->issuer))
		return berth_fail(BERTH_E_KEY, "kid is not a key of the issuer");
	return BERTH_OK;
}

enum berth_err berth_object_opened(struct berth_object *o, enum berth_err rc)
{
	char why[160];

	if (rc == BERTH_OK)
		return BERTH_OK;
	if (berth_object_type(o->kind) && (rc == BERTH_E_TYPE || rc == BERTH_E_B64)) {
		snprintf(why, sizeof(why), "%s", berth_err_detail());
		rc = berth_fail(BERTH_E_VC, "%s: %s", berth_object_type(o->kind), why);
	}
	berth_object_free(o);
	return rc;
}

enum berth_err berth_object_open(struct berth_object *o, enum berth_object_kind kind, const char *compact,
				 size_t n, const struct berth_json **subject)
{
	enum berth_err rc;

	*subject = NULL;
	if ((rc = open_token(o, kind, compact, n, berth_purpose_typ(BERTH_SIGN_VC))) ||
	    (rc = berth_credential_check(o->json)) || (rc = check_kind(o)))
		goto out;
	o->issuer = berth_credential_issuer(o->json);
	o->subject = berth_credential_subject(o->json);
	if (!o->subject || !berth_is_did(o->subject)) {
		rc = berth_fail(BERTH_E_VC, "credentialSubject: not one DID");
		goto out;
	}
	if ((rc = berth_vc_check_claims(o->json, o->issuer, o->subject)) || (rc = check_no_times(o)) ||
	    (rc = check_issuer(o)) ||
	    (rc = check_date(o, "validFrom", &o->issued_s)) || (rc = check_date(o, "validUntil", &o->exp_s)))
		goto out;
	*subject = berth_json_get(o->json, "credentialSubject");
	if (!berth_json_is(*subject, BERTH_JSON_OBJECT))
		rc = berth_fail(BERTH_E_VC, "credentialSubject: not an object");
out:
	return berth_object_opened(o, rc);
}

enum berth_err berth_object_open_jws(struct berth_object *o, enum berth_object_kind kind, const char *compact,
				     size_t n)
{
	enum berth_purpose p = kind == BERTH_OBJECT_BLOB ? BERTH_SIGN_RV_BLOB : BERTH_SIGN_RECEIPT;
	enum berth_err rc;
	int64_t v;

	if ((rc = open_token(o, kind, compact, n, berth_purpose_typ(p))) ||
	    (rc = berth_json_req_int(o->json, "v", 1, 1, &v)) ||
	    (rc = berth_req_did(o->json, "iss", &o->issuer)))
		goto out;
	rc = check_issuer(o);
out:
	return berth_object_opened(o, rc);
}

/* ---- verifying ---- */

static enum berth_err resolve(struct berth_did_doc **doc, struct berth_resolver *resolver, const char *did)
{
	struct berth_resolver builtin;

	berth_resolver_builtin_init(&builtin, NULL);
	return berth_resolve(resolver ? resolver : &builtin, did, doc);
}

bool berth_key_has_thumbprint(const struct berth_pubkey *key, const uint8_t jkt[32])
{
	uint8_t tp[32];

	if (key->type == BERTH_KEY_NONE)
		return false;
	berth_jwk_thumbprint(tp, key);
	return berth_equal_ct(tp, jkt, 32);
}

enum berth_err berth_object_verify(const struct berth_object *o, struct berth_resolver *resolver,
				   const char *did, const uint8_t *jkt)
{
	bool credential = berth_object_type(o->kind) != NULL;
	struct berth_did_doc *doc = NULL;
	const struct berth_vm *vm;
	enum berth_err rc;

	if (did && !berth_did_same(did, o->issuer))
		return berth_fail(BERTH_E_AUTHZ, "issued by another than it must be");
	/* The DIDs are one, so the fragment says which key, whatever form kid has. */
	if ((rc = resolve(&doc, resolver, did ? did : o->issuer)) ||
	    (rc = berth_did_doc_key(doc, strchr(o->kid, '#'),
				    credential ? BERTH_REL_ASSERTION : BERTH_REL_AUTHENTICATION, &vm)))
		goto out;
	if (jkt && !berth_key_has_thumbprint(&vm->key, jkt)) {
		rc = berth_fail(BERTH_E_AUTHZ, "signed with another key than the one named");
		goto out;
	}
	if (!berth_verified_is(o, &vm->key) && !(rc = berth_jws_verify(&o->jws, &vm->key)))
		berth_verified_note(o, &vm->key);
out:
	berth_did_doc_free(doc);
	return rc;
}

enum berth_err berth_did_self_certifying(const char *did)
{
	bool peer4 = !strncmp(did, "did:peer:4", 10);

	if (!berth_is_did(did) ||
	    (strncmp(did, "did:key:", 8) && strncmp(did, "did:jwk:", 8) && !(peer4 && strchr(did + 10, ':'))))
		return berth_fail(BERTH_E_DID, "not self-certifying: %.40s", did);
	return BERTH_OK;
}

enum berth_err berth_kid_thumbprint(uint8_t jkt[32], struct berth_resolver *resolver, const char *kid)
{
	char did[BERTH_DID_URL_MAX + 1];
	size_t n = berth_did_len(kid);
	struct berth_did_doc *doc = NULL;
	const struct berth_vm *vm;
	enum berth_err rc;

	memset(jkt, 0, 32);
	if (!berth_is_kid(kid) || n >= sizeof(did))
		return berth_fail(BERTH_E_KEY, "kid is not an absolute DID URL");
	memcpy(did, kid, n);
	did[n] = 0;
	if ((rc = resolve(&doc, resolver, did)) == BERTH_OK &&
	    (rc = berth_did_doc_key(doc, strchr(kid, '#'), BERTH_REL_ASSERTION, &vm)) == BERTH_OK)
		berth_jwk_thumbprint(jkt, &vm->key);
	berth_did_doc_free(doc);
	return rc;
}

enum berth_err berth_owner_check(const struct berth_owner_ref *ref)
{
	struct berth_did_doc *doc = NULL;
	const struct berth_vm *vm;
	enum berth_err rc;

	if ((rc = berth_did_self_certifying(ref->did)) || (rc = resolve(&doc, NULL, ref->did)))
		return rc;
	rc = BERTH_E_AUTHZ;
	for (size_t i = 0; rc && (vm = berth_did_doc_nth(doc, BERTH_REL_ASSERTION, i)); i++)
		if (berth_key_has_thumbprint(&vm->key, ref->jkt))
			rc = BERTH_OK;
	berth_did_doc_free(doc);
	return rc ? berth_fail(rc, "no key of the DID has the thumbprint") : BERTH_OK;
}

/* ---- building ---- */

static enum berth_err set_date(struct berth_json *o, const char *key, int64_t s)
{
	char text[BERTH_RFC3339_LEN + 1];

	if (s == 0)
		return BERTH_OK;
	berth_rfc3339_format(text, s);
	return berth_json_set_str(o, key, text);
}

/* Takes a fresh DID text of kid; NULL: malformed or no memory. */
static char *did_of(const char *kid)
{
	return berth_is_kid(kid) ? strndup(kid, berth_did_len(kid)) : NULL;
}

static enum berth_err fill(struct berth_json *vc, const char *issuer, enum berth_object_kind kind,
			   int64_t issued_s, int64_t exp_s, const struct berth_json *status)
{
	const char *context[] = { BERTH_VC_CONTEXT, BERTH_ONBOARDING_CONTEXT };
	const char *type[] = { "VerifiableCredential", berth_object_type(kind) };
	enum berth_err rc;

	if ((rc = berth_set_strings(vc, "@context", context, 2)) ||
	    (rc = berth_set_strings(vc, "type", type, 2)) ||
	    (rc = berth_json_set_str(vc, "issuer", issuer)) ||
	    (rc = set_date(vc, "validFrom", issued_s)) || (rc = set_date(vc, "validUntil", exp_s)))
		return rc;
	return status ? berth_json_set(vc, "credentialStatus", berth_json_clone(status)) : BERTH_OK;
}

enum berth_err berth_object_issue(struct berth_buf *out, struct berth_keyring *kr, const char *kid,
				  enum berth_object_kind kind, struct berth_json *subject,
				  int64_t issued_s, int64_t exp_s, const struct berth_json *status)
{
	struct berth_json *vc = berth_json_new_object();
	char *issuer = did_of(kid);
	enum berth_err rc;

	if (!issuer) {
		berth_json_free(subject);
		rc = berth_fail(BERTH_E_KEY, "kid is not an absolute DID URL");
		goto out;
	}
	if ((rc = berth_json_set(vc, "credentialSubject", subject)) ||
	    (rc = fill(vc, issuer, kind, issued_s, exp_s, status)))
		goto out;
	rc = berth_vc_issue(out, kr, kid, vc);
out:
	berth_json_free(vc);
	free(issuer);
	return rc;
}

enum berth_err berth_object_issue_jws(struct berth_buf *out, struct berth_keyring *kr, const char *kid,
				      enum berth_purpose purpose, struct berth_json *payload)
{
	struct berth_buf text = BERTH_BUF_INIT;
	char *issuer = did_of(kid);
	enum berth_err rc;

	if (!issuer) {
		rc = berth_fail(BERTH_E_KEY, "kid is not an absolute DID URL");
		goto out;
	}
	if ((rc = berth_json_set_int(payload, "v", 1)) || (rc = berth_json_set_str(payload, "iss", issuer)) ||
	    (rc = berth_json_print(&text, payload)))
		goto out;
	rc = berth_keyring_sign_compact(kr, kid, purpose, text.p, text.len, out);
out:
	berth_buf_free(&text);
	berth_json_free(payload);
	free(issuer);
	return rc;
}
