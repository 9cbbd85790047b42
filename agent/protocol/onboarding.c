/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/protocol/onboarding.h"

#include <string.h>

#include "did/base/hex.h"
#include "did/crypto/hash.h"
#include "did/url.h"

const char *berth_data_str(const struct berth_json *obj, const char *key)
{
	return berth_json_str(berth_json_get(obj, key));
}

int64_t berth_data_int(const struct berth_json *obj, const char *key, int64_t otherwise)
{
	int64_t v = otherwise;

	return berth_json_opt_int(obj, key, INT64_MIN, INT64_MAX, &v) ? otherwise : v;
}

struct berth_json *berth_data_obj(struct berth_json *data, const char *key)
{
	if (!berth_json_is(berth_json_get(data, key), BERTH_JSON_OBJECT) &&
	    berth_json_set(data, key, berth_json_new_object()))
		return NULL;
	return berth_json_get_mut(data, key);
}

void berth_hash_hex(char out[65], const struct berth_hash *h)
{
	berth_hex_encode(out, h->b, sizeof(h->b));
}

enum berth_key_type berth_sign_type(struct berth_keys *k, const char *identity)
{
	return k->ops->can(k, identity, BERTH_KEY_ED25519, BERTH_USAGE_SIGN) ? BERTH_KEY_ED25519 : BERTH_KEY_P256;
}

enum berth_custody berth_keys_custody(struct berth_keys *k, const char *name)
{
	return (k->ops->home ? k->ops->home(k, name) : k)->custody;
}

/* --- the memory of a run --- */
static enum berth_err load_text(char *out, size_t size, const struct berth_json *v, const char *key)
{
	const char *s;
	enum berth_err rc = berth_json_req_str(v, key, size - 1, &s);

	if (!rc)
		memcpy(out, s, strlen(s) + 1);
	return rc;
}

enum berth_err berth_run_load(struct berth_run *r, const struct berth_json *data)
{
	const struct berth_json *v = berth_json_get(data, "run");
	struct berth_buf said = BERTH_BUF_INIT;
	enum berth_err rc;

	*r = (struct berth_run){ 0 };
	if (!v)
		return berth_fail(BERTH_E_NOMATCH, "no run");
	if (!(rc = load_text(r->thid, sizeof(r->thid), v, "thid")) &&
	    !(rc = load_text(r->peer, sizeof(r->peer), v, "peer")) &&
	    !(rc = berth_json_req_int(v, "epoch", 0, INT64_MAX, &r->epoch)) &&
	    !(rc = berth_body_get_32(v, "deviceHash", r->device_hash.b)) &&
	    !(rc = berth_body_get_32(v, "tip", r->tip.b)) &&
	    !(rc = berth_body_get_32(v, "nonceD", r->nonce_d)) &&
	    !(rc = berth_body_get_32(v, "nonceO", r->nonce_o)) &&
	    !(rc = berth_body_get_b64(v, "said", 32 * BERTH_TRANSCRIPT_MAX, &said)))
		rc = berth_transcript_decode(&r->said, said.p, said.len);
	berth_buf_free(&said);
	return rc;
}

enum berth_err berth_run_save(struct berth_json *data, const struct berth_run *r)
{
	struct berth_json *v = berth_json_new_object();
	struct berth_buf said = BERTH_BUF_INIT;
	enum berth_err rc;

	berth_transcript_encode(&said, &r->said);
	if ((rc = berth_buf_status(&said)) || (rc = berth_json_set_str(v, "thid", r->thid)) ||
	    (rc = berth_json_set_str(v, "peer", r->peer)) ||
	    (rc = berth_json_set_int(v, "epoch", r->epoch)) ||
	    (rc = berth_json_set_b64url(v, "deviceHash", r->device_hash.b, 32)) ||
	    (rc = berth_json_set_b64url(v, "tip", r->tip.b, 32)) ||
	    (rc = berth_json_set_b64url(v, "nonceD", r->nonce_d, 32)) ||
	    (rc = berth_json_set_b64url(v, "nonceO", r->nonce_o, 32)) ||
	    (rc = berth_json_set_b64url(v, "said", said.p, said.len)))
		berth_json_free(v);
	else
		rc = berth_json_set(data, "run", v);
	berth_buf_free(&said);
	return rc;
}

enum berth_err berth_run_check(const struct berth_run *r, const struct berth_event *ev)
{
	if (strcmp(ev->in->msg.thid, r->thid) != 0)
		return berth_fail(BERTH_E_AUTHZ, "%s of another thread", ev->on);
	if (!ev->sender || !berth_did_same(ev->sender, r->peer))
		return berth_fail(BERTH_E_AUTHZ, "%s from somebody else", ev->on);
	return BERTH_OK;
}

enum berth_err berth_run_check_epoch(const struct berth_run *r, const struct berth_event *ev)
{
	int64_t epoch;
	enum berth_err rc = berth_json_req_int(ev->in->msg.body, "epoch", 0, INT64_MAX, &epoch);

	if (!rc && epoch != r->epoch)
		rc = berth_fail(BERTH_E_AUTHZ, "%s for epoch %lld, this is %lld", ev->on, (long long)epoch, (long long)r->epoch);
	return rc;
}

/* --- proofs --- */
static enum berth_err
fill(struct berth_proof *p, struct berth_buf *iss, struct berth_buf *aud, const struct berth_run *r,
     enum berth_purpose purpose, const char *iss_did, const char *aud_did, const struct berth_hash *delegation,
     const struct berth_json *body, const char *without)
{
	enum berth_err rc;

	if ((rc = berth_did_short(iss, iss_did)) || (rc = berth_did_short(aud, aud_did)))
		return rc;
	*p = (struct berth_proof){ .purpose = purpose, .iss = berth_buf_cstr(iss), .aud = berth_buf_cstr(aud),
		.thid = r->thid, .epoch = r->epoch, .has_delegation = delegation != NULL };
	memcpy(p->device_hash, r->device_hash.b, 32);
	memcpy(p->tip, r->tip.b, 32);
	memcpy(p->nonce_d, r->nonce_d, 32);
	memcpy(p->nonce_o, r->nonce_o, 32);
	if (delegation)
		memcpy(p->delegation, delegation->b, 32);
	return berth_transcript_th(p->th, &r->said, body, without);
}

enum berth_err
berth_run_prove(struct berth_env *env, const struct berth_run *r, enum berth_purpose purpose,
		const struct berth_identity *by, const char *aud, int64_t owner_time,
		const struct berth_hash *delegation, const struct berth_json *body, struct berth_buf *jws)
{
	struct berth_buf iss_s = BERTH_BUF_INIT, aud_s = BERTH_BUF_INIT;
	struct berth_keyring *kr = env->keys->keyring;
	struct berth_proof p;
	enum berth_err rc = fill(&p, &iss_s, &aud_s, r, purpose, by->did, aud, delegation, body, "proof");

	p.owner_time = owner_time;
	if (!rc)
		rc = kr->ops->sign_proof(kr, by->sign_kid, &p, jws);
	berth_buf_free(&iss_s);
	berth_buf_free(&aud_s);
	return rc;
}

/* the authentication key that the JWS names, of the DID it must be by */
static enum berth_err
proof_key(struct berth_env *env, const struct berth_jws *j, const char *iss, struct berth_pubkey *key)
{
	struct berth_did_doc *doc = NULL;
	const struct berth_vm *vm;
	enum berth_err rc;

	if (!j->kid || !berth_is_kid(j->kid))
		return berth_fail(BERTH_E_ENV, "proof without a kid");
	if (!berth_did_same(j->kid, iss))
		return berth_fail(BERTH_E_AUTHZ, "proof by another DID");
	if ((rc = berth_resolve(env->resolver, iss, &doc)))
		return rc;
	if (!(rc = berth_did_doc_key(doc, strchr(j->kid, '#'), BERTH_REL_AUTHENTICATION, &vm)))
		*key = vm->key;
	berth_did_doc_free(doc);
	return rc;
}

enum berth_err
berth_run_check_proof(struct berth_env *env, const struct berth_run *r, enum berth_purpose purpose,
		      const char *iss, const char *aud, const struct berth_hash *delegation,
		      const struct berth_json *body, const char *without, const char *jws,
		      int64_t *owner_time)
{
	struct berth_buf iss_s = BERTH_BUF_INIT, aud_s = BERTH_BUF_INIT;
	struct berth_jws j = { 0 };
	struct berth_pubkey key;
	struct berth_proof want;
	enum berth_err rc;

	if ((rc = fill(&want, &iss_s, &aud_s, r, purpose, iss, aud, delegation, body, without)) ||
	    (rc = berth_jws_parse(&j, jws, strlen(jws), BERTH_OBJECT_MAX)) ||
	    (rc = proof_key(env, &j, iss, &key)) || (rc = berth_jws_verify(&j, &key)) ||
	    (rc = berth_proof_check(&want, j.typ, j.payload.p, j.payload.len)))
		goto out;
	if (owner_time)
		*owner_time = want.owner_time;
out:
	berth_jws_free(&j);
	berth_buf_free(&iss_s);
	berth_buf_free(&aud_s);
	return rc;
}
