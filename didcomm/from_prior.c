/* SPDX-License-Identifier: Apache-2.0 */
#include "didcomm/from_prior.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "did/jose/jws.h"
#include "did/url.h"
#include "didcomm/message.h"

#define TIME_MAX (((int64_t)1 << 53) - 1)

struct claims {
	const char *iss, *sub;
	int64_t iat;
};

/* C024a: kid protected, absolute and with a fragment; C033: typ is JWT's or none. */
static enum berth_err check_header(const struct berth_jws *j)
{
	if (!j->kid || !berth_is_kid(j->kid))
		return berth_fail(BERTH_E_ENV, "from_prior: kid is not an absolute DID URL with a fragment");
	if (j->typ && strcasecmp(j->typ, "JWT") != 0)
		return berth_fail(BERTH_E_ENV, "from_prior: typ");
	return BERTH_OK;
}

/* SPEC signature: "sub: new DID and iss: prior DID"; iat "MUST be the datetime of
 * the DID rotation": without it an old rotation could be played again. */
static enum berth_err read_claims(struct claims *c, const struct berth_json *json)
{
	*c = (struct claims){ 0 };
	if (berth_json_req_str(json, "iss", BERTH_DID_URL_MAX, &c->iss) ||
	    berth_json_opt_str(json, "sub", BERTH_DID_URL_MAX, &c->sub) ||
	    berth_json_req_int(json, "iat", 0, TIME_MAX, &c->iat))
		return berth_fail(BERTH_E_ROTATE, "from_prior: iss, sub or iat");
	if (!berth_is_did(c->iss) || (c->sub && (!berth_is_did(c->sub) || berth_did_same(c->iss, c->sub))))
		return berth_fail(BERTH_E_ROTATE, "from_prior: iss and sub are not two DIDs");
	return BERTH_OK;
}

/* Without sub the relationship ends, and that nobody says but the DID it is about. */
static enum berth_err check_sender(const struct claims *c, const char *from)
{
	if (!from || !berth_did_same(c->sub ? c->sub : c->iss, from))
		return berth_fail(BERTH_E_ROTATE, "from_prior: sub is not from");
	return BERTH_OK;
}

/* The parser's words for a token that is none, except that alg none is an attempt. */
static enum berth_err parse(struct berth_jws *j, struct berth_json **json, const char *jwt)
{
	enum berth_err rc = berth_jws_parse(j, jwt, strlen(jwt), BERTH_FROM_PRIOR_MAX);

	if (rc == BERTH_E_ALG)
		return berth_fail(BERTH_E_ROTATE, "from_prior: alg");
	if (rc || (rc = check_header(j)))
		return rc;
	return berth_json_parse_object(json, berth_buf_cstr(&j->payload), j->payload.len, BERTH_FROM_PRIOR_MAX);
}

static enum berth_err verify_signature(const struct berth_jws *j, const char *iss, struct berth_resolver *resolver)
{
	struct berth_did_doc *doc = NULL;
	const struct berth_vm *vm = NULL;
	enum berth_err rc;

	if (!berth_did_same(j->kid, iss))
		return berth_fail(BERTH_E_ROTATE, "from_prior: not signed by iss");
	if ((rc = berth_resolve(resolver, iss, &doc)))
		return rc;
	if (!(rc = berth_did_doc_key(doc, j->kid, BERTH_REL_AUTHENTICATION, &vm)))
		rc = berth_jws_verify(j, &vm->key);
	berth_did_doc_free(doc);
	if (rc == BERTH_E_KEY || rc == BERTH_E_ALG || rc == BERTH_E_SIG)
		return berth_fail(BERTH_E_ROTATE, "from_prior: not signed with an authentication key of iss");
	return rc;
}

enum berth_err berth_from_prior_verify(struct berth_json **claims, char **kid, const char *jwt,
				       const char *from, struct berth_resolver *resolver)
{
	struct berth_jws j = { 0 };
	struct berth_json *json = NULL;
	struct claims c;
	char *name = NULL;
	enum berth_err rc;

	*claims = NULL;
	*kid = NULL;
	if ((rc = parse(&j, &json, jwt)) || (rc = read_claims(&c, json)))
		goto out;
	if ((rc = check_sender(&c, from)) || (rc = verify_signature(&j, c.iss, resolver)))
		goto out;
	if (!(name = strdup(j.kid))) {
		rc = berth_no_memory();
		goto out;
	}
	*claims = json;
	json = NULL;
	*kid = name;
out:
	berth_json_free(json);
	berth_jws_free(&j);
	return rc;
}

enum berth_err berth_from_prior_check_time(const struct berth_json *claims, int64_t now_s)
{
	int64_t exp = TIME_MAX, nbf = 0;

	if (berth_json_opt_int(claims, "exp", 0, TIME_MAX, &exp) ||
	    berth_json_opt_int(claims, "nbf", 0, TIME_MAX, &nbf))
		return berth_fail(BERTH_E_ROTATE, "from_prior: exp or nbf");
	if (exp <= now_s || nbf > now_s)
		return berth_fail(BERTH_E_ROTATE, "from_prior: outside its time");
	return BERTH_OK;
}

enum berth_err berth_from_prior_create(struct berth_buf *jwt, const char *kid, const char *to, int64_t iat,
				       struct berth_keyring *keyring)
{
	struct berth_json *json = berth_json_new_object();
	struct berth_buf payload = BERTH_BUF_INIT;
	char *iss = strndup(kid, berth_did_len(kid));
	enum berth_err rc;

	if (!iss) {
		rc = berth_no_memory();
		goto out;
	}
	if ((rc = berth_json_set_str(json, "iss", iss)) || (to && (rc = berth_json_set_str(json, "sub", to))) ||
	    (rc = berth_json_set_int(json, "iat", iat)) || (rc = berth_json_print(&payload, json)) ||
	    (rc = berth_buf_status(&payload)))
		goto out;
	rc = berth_keyring_sign_compact(keyring, kid, BERTH_SIGN_FROM_PRIOR, payload.p, payload.len, jwt);
out:
	free(iss);
	berth_buf_free(&payload);
	berth_json_free(json);
	return rc;
}
