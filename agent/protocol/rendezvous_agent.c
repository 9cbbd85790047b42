/* SPDX-License-Identifier: Apache-2.0 */
/* The rendezvous: holds where owners are reached, tells devices that prove who they
 * are.  It is believed by nobody: chains and blobs prove themselves.  One record a
 * device, key deviceHash rootHash in hex: {"tips": [{blob, package, tip, regNo, exp}]}. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/protocol/onboarding.h"
#include "agent/protocol/problem.h"
#include "did/base/hex.h"
#include "did/base/rand.h"
#include "did/base/secret.h"
#include "did/crypto/hash.h"
#include "did/url.h"

#define NS_REGISTRATION "registration"
#define TIPS_MAX 4
#define PAD_MIN 600		/* an answer is never larger than its question */
#define COOKIE_MS 60000u

static void record_key(char key[129], const uint8_t device[32], const uint8_t root[32])
{
	berth_hex_encode(key, device, 32);
	berth_hex_encode(key + 64, root, 32);
}

/* The cookie: lookups leave nothing behind here. */
static enum berth_err
cookie(uint8_t out[32], const uint8_t device[32], const uint8_t root[32], const char *reply_to, uint64_t minute)
{
	static uint8_t key[32];
	static bool made;
	struct berth_buf b = BERTH_BUF_INIT;
	enum berth_err rc;

	if (!made) {
		berth_random(key, sizeof(key));
		made = true;
	}
	berth_buf_put(&b, device, 32);
	berth_buf_put(&b, root, 32);
	berth_buf_str16(&b, reply_to);
	berth_buf_be64(&b, minute);
	if (!(rc = berth_buf_status(&b)))
		berth_hmac_sha256(out, key, sizeof(key), b.p, b.len);
	berth_buf_free(&b);
	return rc;
}

struct asked { uint8_t device[32], root[32]; const char *reply_to; };

static enum berth_err read_asked(struct asked *a, const struct berth_json *body)
{
	enum berth_err rc;

	if ((rc = berth_body_get_32(body, "deviceHash", a->device)) ||
	    (rc = berth_body_get_32(body, "rootHash", a->root)))
		return rc;
	return berth_json_req_str(body, "replyTo", 256, &a->reply_to);
}

static enum berth_err on_lookup(struct berth_env *env, struct berth_instance *inst,
				const struct berth_event *ev, struct berth_effects *fx)
{
	struct berth_json *body;
	struct berth_send *s;
	const char *pad;
	struct asked a;
	uint8_t nonce[32];
	enum berth_err rc;

	(void)inst;
	if ((rc = read_asked(&a, ev->in->msg.body)) || (rc = berth_json_req_str(ev->in->msg.body, "pad", 4096, &pad)) ||
	    (rc = cookie(nonce, a.device, a.root, a.reply_to, env->mono_ms / COOKIE_MS)))
		return rc;
	if (strlen(pad) < PAD_MIN || strncmp(a.reply_to, "did:key:", 8) != 0)
		return berth_fail(BERTH_E_TYPE, "a lookup without padding or a did:key to answer to");
	body = berth_json_new_object();
	if ((rc = berth_json_set_b64url(body, "nonce", nonce, 32))) {
		berth_json_free(body);
		return rc;
	}
	if (!(rc = berth_effects_send(env, fx, NULL, a.reply_to, NULL, BERTH_PIURI_RENDEZVOUS "challenge",
				      ev->in->msg.thid, body, &s)))
		s->ephemeral = true;
	return rc;
}

/* ---- prove, redirect ---- */
static enum berth_err check_cookie(struct berth_env *env, const struct asked *a, const uint8_t nonce[32])
{
	uint64_t minute = env->mono_ms / COOKIE_MS;
	uint8_t want[32];
	enum berth_err rc;

	for (uint64_t back = 0; back < 2 && back <= minute; back++) {
		if ((rc = cookie(want, a->device, a->root, a->reply_to, minute - back)))
			return rc;
		if (berth_equal_ct(want, nonce, 32))
			return BERTH_OK;
	}
	return berth_fail(BERTH_E_REPLAY, "not our challenge, or an old one");
}

static enum berth_err
check_prove(struct berth_env *env, const struct berth_event *ev, const struct asked *a)
{
	const struct berth_identity *me = env->identity(env, BERTH_ID_RENDEZVOUS);
	const struct berth_json *body = ev->in->msg.body;
	struct berth_run run = { 0 };
	const char *proof;
	enum berth_err rc;

	if ((rc = berth_json_req_int(body, "epoch", 0, INT64_MAX, &run.epoch)) ||
	    (rc = berth_body_get_32(body, "nonce", run.nonce_o)) ||
	    (rc = berth_json_req_str(body, "proof", BERTH_OBJECT_MAX, &proof)) ||
	    (rc = check_cookie(env, a, run.nonce_o)) ||
	    (rc = berth_device_hash(&run.device_hash, ev->sender, run.epoch)))
		return rc;
	if (memcmp(run.device_hash.b, a->device, 32) != 0)
		return berth_fail(BERTH_E_AUTHZ, "prove for another device than the sender");
	snprintf(run.thid, sizeof(run.thid), "%s", ev->in->msg.thid);
	return berth_run_check_proof(env, &run, BERTH_SIGN_RV_PROVE, ev->sender, me->did, NULL, body, "proof", proof, NULL);
}

static enum berth_err load(struct berth_env *env, const char *key, struct berth_json **out)
{
	struct berth_buf text = BERTH_BUF_INIT;
	enum berth_err rc = env->records->get(env->records, NS_REGISTRATION, key, &text);

	*out = NULL;
	if (!rc)
		rc = berth_json_parse_object(out, (const char *)text.p, text.len, BERTH_JSON_MAX);
	else if (rc == BERTH_E_NOMATCH)
		rc = (*out = berth_json_new_object()) ? berth_json_set(*out, "tips", berth_json_new_array())
						      : berth_no_memory();
	berth_buf_free(&text);
	return rc;
}

static bool expired(const struct berth_env *env, const struct berth_json *tip)
{
	int64_t exp = berth_data_int(tip, "exp", 0);

	return exp && env->now_s >= 0 && exp < env->now_s;
}

/* The device has its DeviceCredential: the package goes without. */
static enum berth_err add_answer(struct berth_json *blobs, const struct berth_json *tip)
{
	struct berth_json *v = berth_json_new_object(), *package = berth_json_clone(berth_json_get(tip, "package"));
	enum berth_err rc;

	if (package)
		berth_json_remove(package, "deviceCredential");
	if ((rc = berth_json_set(v, "package", package)) ||
	    (rc = berth_json_set_str(v, "blob", berth_data_str(tip, "blob")))) {
		berth_json_free(v);
		return rc;
	}
	return berth_json_push(blobs, v);
}

static enum berth_err on_prove(struct berth_env *env, struct berth_instance *inst,
			       const struct berth_event *ev, struct berth_effects *fx)
{
	struct berth_json *held = NULL, *body = NULL, *blobs;
	struct berth_send *s;
	struct asked a;
	char key[129];
	enum berth_err rc;

	(void)inst;
	if ((rc = read_asked(&a, ev->in->msg.body)) || (rc = check_prove(env, ev, &a)))
		return rc;
	record_key(key, a.device, a.root);
	if ((rc = load(env, key, &held)))
		goto out;
	body = berth_json_new_object();
	blobs = berth_json_new_array();
	if ((rc = berth_json_set(body, "blobs", blobs)) || (rc = berth_json_set_b64url(body, "deviceHash", a.device, 32)))
		goto out;
	berth_json_each(tip, berth_json_get(held, "tips"))
		if (!expired(env, tip) && (rc = add_answer(blobs, tip)))
			goto out;
	/* a device in a chain we hold */
	if (berth_json_len(blobs) && (rc = env->learn(env, ev->sender)))
		goto out;
	berth_effects_audit(fx, "a device asked who owns it: %zu answers", berth_json_len(blobs));
	rc = berth_effects_send(env, fx, env->identity(env, BERTH_ID_RENDEZVOUS), ev->sender, NULL,
				BERTH_PIURI_RENDEZVOUS "redirect", ev->in->msg.thid, body, &s);
	body = NULL;
	if (!rc)
		s->ephemeral = true;
out:
	berth_json_free(held);
	berth_json_free(body);
	return rc;
}

/* ---- register ---- */
struct offered {
	struct berth_rv_blob blob;
	struct berth_chain *chain;
	struct berth_chain_result result;
	struct berth_hash root;
	const char *blob_text;
	const struct berth_json *package;
};

static enum berth_err read_offered(struct berth_env *env, const struct berth_event *ev, struct offered *o)
{
	struct berth_chain_issuer issuers[BERTH_POLICY_LIST_MAX] = { 0 };
	struct berth_chain_policy p = { .resolver = env->resolver, .floor_s = env->floor_s,
		.issuers = env->policy->n_issuers ? issuers : NULL, .n_issuers = env->policy->n_issuers };
	const struct berth_json *body = ev->in->msg.body;
	enum berth_err rc;

	for (size_t i = 0; i < p.n_issuers; i++)
		issuers[i].did = env->policy->issuers[i];
	if ((rc = berth_invitation_read(&o->blob, &o->chain, body, NULL)))
		return rc;
	o->blob_text = berth_data_str(body, "blob");
	o->package = berth_json_get(body, "package");
	if ((rc = berth_chain_accept(&o->result, o->chain, &p)) ||
	    (rc = berth_rv_blob_verify(&o->blob, o->chain, &o->result, env->now_s)))
		return rc;
	if (!berth_did_same(ev->sender, o->blob.obj.issuer))
		return berth_fail(BERTH_E_AUTHZ, "a blob by another than the sender");
	return berth_root_hash(&o->root, &o->chain->dc.root);
}

/* How the offered chain stands to one that is held.  E_AUTHZ: refused; *replace: it
 * takes that one's place. */
static enum berth_err compare(const struct offered *o, const struct berth_json *held, bool *replace)
{
	struct berth_chain *c;
	size_t at = 0;
	enum berth_err rc = berth_chain_from_json(&c, berth_json_clone(berth_json_get(held, "package")));

	*replace = false;
	if (rc)
		return rc;
	switch (berth_chain_compare(o->chain, c, &at)) {
	case BERTH_CHAIN_SAME:
		*replace = true;
		if (o->blob.reg_no <= berth_data_int(held, "regNo", 0))
			rc = berth_fail(BERTH_E_REPLAY, "regNo %lld is not higher", (long long)o->blob.reg_no);
		break;
	case BERTH_CHAIN_EXTENDS:
		*replace = true;
		break;
	case BERTH_CHAIN_PREFIX:
		rc = berth_fail(BERTH_E_AUTHZ, "a longer chain is known");
		break;
	case BERTH_CHAIN_FORK:
		if (at == 0)
			rc = berth_fail(BERTH_E_AUTHZ, "another first owner is known");
		break;
	case BERTH_CHAIN_UNRELATED:
		rc = berth_fail(BERTH_E_AUTHZ, "another DeviceCredential is known");
		break;
	}
	berth_chain_free(c);
	return rc;
}

static enum berth_err new_tip(struct berth_json **out, const struct offered *o)
{
	struct berth_json *v = berth_json_new_object(), *package = berth_json_clone(o->package);
	enum berth_err rc;

	if ((rc = berth_json_set(v, "package", package)) || (rc = berth_json_set_str(v, "blob", o->blob_text)) ||
	    (rc = berth_json_set_b64url(v, "tip", o->result.tip.b, 32)) ||
	    (rc = berth_json_set_int(v, "regNo", o->blob.reg_no)) ||
	    (rc = berth_json_set_int(v, "exp", o->blob.exp_s))) {
		berth_json_free(v);
		return rc;
	}
	*out = v;
	return BERTH_OK;
}

/* The tips as they are with the offered one in its place. */
static enum berth_err merge(struct berth_env *env, const struct offered *o, const struct berth_json *held,
			    struct berth_json *tips)
{
	struct berth_json *v;
	bool replace;
	enum berth_err rc;

	berth_json_each(tip, berth_json_get(held, "tips")) {
		if ((rc = compare(o, tip, &replace)))
			return rc;
		if (replace || expired(env, tip))
			continue;
		if ((rc = berth_json_push(tips, berth_json_clone(tip))))
			return rc;
	}
	if (berth_json_len(tips) >= TIPS_MAX)
		return berth_fail(BERTH_E_QUOTA, "%d forks are held already", TIPS_MAX);
	return (rc = new_tip(&v, o)) ? rc : berth_json_push(tips, v);
}

static enum berth_err
store(struct berth_env *env, struct berth_effects *fx, const struct offered *o, const char *key)
{
	struct berth_json *held = NULL, *fresh = berth_json_new_object(), *tips = berth_json_new_array();
	enum berth_err rc;

	if ((rc = berth_json_set(fresh, "tips", tips)) || (rc = load(env, key, &held)) ||
	    (rc = merge(env, o, held, tips)))
		goto out;
	rc = berth_effects_put_json(fx, NS_REGISTRATION, key, fresh);
out:
	berth_json_free(held);
	berth_json_free(fresh);
	return rc;
}

static enum berth_err
send_registered(struct berth_env *env, struct berth_effects *fx, const struct berth_event *ev, const struct offered *o)
{
	int64_t seconds = env->policy->registration_s;
	struct berth_json *body = berth_json_new_object();
	struct berth_send *s;
	enum berth_err rc;

	if (o->blob.exp_s && env->now_s >= 0 && o->blob.exp_s - env->now_s < seconds)
		seconds = o->blob.exp_s - env->now_s;
	if ((rc = berth_json_set_b64url(body, "deviceHash", o->blob.device_hash.b, 32)) ||
	    (rc = berth_json_set_int(body, "regNo", o->blob.reg_no)) ||
	    (rc = berth_json_set_int(body, "seconds", seconds < 1 ? 1 : seconds))) {
		berth_json_free(body);
		return rc;
	}
	if (!(rc = berth_effects_send(env, fx, env->identity(env, BERTH_ID_RENDEZVOUS), ev->sender, NULL,
				      BERTH_PIURI_RENDEZVOUS "registered", ev->in->msg.thid, body, &s)))
		s->ephemeral = true;
	return rc;
}

static enum berth_err on_register(struct berth_env *env, struct berth_instance *inst,
				  const struct berth_event *ev, struct berth_effects *fx)
{
	struct offered *o = calloc(1, sizeof(*o));
	char key[129];
	enum berth_err rc;

	(void)inst;
	if (!o)
		return berth_no_memory();
	fx->lasting = true;	/* its owner relies on it */
	if ((rc = read_offered(env, ev, o)))
		goto out;
	record_key(key, o->blob.device_hash.b, o->root.b);
	rc = store(env, fx, o, key);
	if (rc == BERTH_E_AUTHZ || rc == BERTH_E_QUOTA || rc == BERTH_E_REPLAY) {
		berth_effects_audit(fx, "a registration was refused: %s", berth_err_detail());
		rc = berth_problem_reply(env, fx, env->identity(env, BERTH_ID_RENDEZVOUS), ev, "e.p.req.chain",
					 berth_err_detail());
	} else if (!rc && !(rc = env->learn(env, ev->sender))) {
		berth_effects_audit(fx, "an owner registered a device of %s", o->chain->dc.model);
		rc = send_registered(env, fx, ev, o);
	}
out:
	berth_chain_free(o->chain);
	berth_object_free(&o->blob.obj);
	free(o);
	return rc;
}

#define STAY BERTH_STATE_STAY

static const char *const states[] = { "READY" };
static const char *const anonymous[] = { "lookup", NULL };
static const struct berth_transition table[] = {
	BERTH_ROW(0, "lookup",   on_lookup,   STAY, STAY),
	BERTH_ROW(0, "prove",    on_prove,    STAY, STAY),
	BERTH_ROW(0, "register", on_register, STAY, STAY),
};

const struct berth_machine berth_rendezvous_machine = {
	.name = "rendezvous", .piuri = BERTH_PIURI_RENDEZVOUS, .states = states, .n_states = 1,
	.table = table, .table_len = sizeof(table) / sizeof(table[0]), .anonymous = anonymous,
	.strangers = true, .strict = true,
	.tentative = 1u,	/* who was given an answer may ask again: nobody waits for the disk */
};
