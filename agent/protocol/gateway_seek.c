/* SPDX-License-Identifier: Apache-2.0 */
/* Who owns me?  Every rendezvous of the DeviceCredential is asked, answers are
 * collected for a window, and the longest chain that the rules accept wins. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/protocol/gateway.h"
#include "did/base/rand.h"
#include "did/method_key.h"
#include "did/url.h"

#define CANDIDATES_MAX 8
#define BACKOFF_MAX_MS 3600000u
#define LOOKUP_KEY "lookup-agree"
/* what the challenge's envelope is longer than the lookup's body without padding */
#define LOOKUP_PAD 640
#define FORKED_MAX 8

static uint64_t back_off_ms(int64_t failures)
{
	uint32_t r, top = failures >= 12 ? BACKOFF_MAX_MS : 1000u << failures;

	berth_random(&r, sizeof(r));
	if (top > BACKOFF_MAX_MS)
		top = BACKOFF_MAX_MS;
	return 500 + r % top;
}

enum berth_err gateway_seek_again(struct berth_env *env, struct berth_instance *inst,
				  struct berth_effects *fx, const char *why)
{
	struct berth_json *seek = berth_data_obj(inst->data, "seek");
	const char *peer = berth_data_str(berth_json_get(inst->data, "run"), "peer");
	const char *thid = berth_data_str(berth_json_get(inst->data, "run"), "thid");
	int64_t failures = berth_data_int(seek, "failures", 0);
	enum berth_err rc;

	(void)env;
	if ((rc = berth_json_set_int(seek, "failures", failures + 1)) ||
	    (rc = berth_json_set_bool(seek, "resting", true)) ||
	    (peer && thid && (rc = berth_effects_drop(fx, peer, thid))) ||
	    (rc = berth_effects_poll(fx, NULL, NULL, NULL)))
		return rc;
	berth_json_remove(inst->data, "run");
	berth_json_remove(inst->data, "offer");
	berth_json_remove(inst->data, "chain");
	berth_json_remove(inst->data, "owner");
	fx->timer_ms = back_off_ms(failures);
	berth_effects_audit(fx, "%s", why);
	return BERTH_OK;
}

/* The did:key that rendezvous agents answer a lookup to. */
static enum berth_err lookup_did(struct berth_env *env, struct berth_buf *did)
{
	struct berth_key_info info;
	struct berth_did_doc *doc = NULL;
	const struct berth_vm *vm;
	enum berth_err rc;

	if ((rc = env->keys->ops->ensure(env->keys, LOOKUP_KEY, berth_agree_type(env->keys),
					 BERTH_USAGE_AGREE, 0, &info)) ||
	    (rc = berth_did_key_create(did, &info.pub)) ||
	    (rc = berth_resolve(env->resolver, berth_buf_cstr(did), &doc)))
		return rc;
	vm = berth_did_doc_nth(doc, BERTH_REL_KEY_AGREEMENT, 0);
	rc = vm ? env->keys->ops->bind(env->keys, vm->id, LOOKUP_KEY) : berth_fail(BERTH_E_INTERNAL, "lookup key");
	berth_did_doc_free(doc);
	return rc;
}

static enum berth_err set_pad(struct berth_json *body)
{
	char pad[LOOKUP_PAD + 1];

	memset(pad, '.', LOOKUP_PAD);
	pad[LOOKUP_PAD] = '\0';
	return berth_json_set_str(body, "pad", pad);
}

static enum berth_err
set_device(struct berth_json *body, const struct berth_instance *inst, const struct berth_identity *id)
{
	struct berth_hash device;
	uint8_t root[32];
	enum berth_err rc;

	if ((rc = berth_device_hash(&device, id->did, berth_data_int(inst->data, "epoch", 0))) ||
	    (rc = berth_body_get_32(inst->data, "rootHash", root)) ||
	    (rc = berth_body_set_b64(body, "deviceHash", device.b, 32)))
		return rc;
	return berth_body_set_b64(body, "rootHash", root, 32);
}

static enum berth_err
send_lookup(struct berth_env *env, struct berth_instance *inst, struct berth_effects *fx,
	    struct berth_json *lookups, const struct berth_rv *rv, const char *reply_to)
{
	const struct berth_identity *id = env->identity(env, BERTH_ID_FACTORY);
	struct berth_json *body = berth_json_new_object();
	struct berth_send *s;
	enum berth_err rc;

	if ((rc = env->learn(env, rv->did)) || (rc = set_device(body, inst, id)) ||
	    (rc = berth_json_set_str(body, "replyTo", reply_to)) || (rc = set_pad(body))) {
		berth_json_free(body);
		return rc;
	}
	if ((rc = berth_effects_send(env, fx, NULL, rv->did, rv->uri, BERTH_PIURI_RENDEZVOUS "lookup", NULL, body, &s)))
		return rc;
	s->ephemeral = true;
	return berth_json_set_str(lookups, s->msg.id, rv->uri);
}

/* A round: ask everybody, then wait for the window. */
static enum berth_err
ask_all(struct berth_env *env, struct berth_instance *inst, struct berth_effects *fx,
	const struct berth_device_credential *dc)
{
	struct berth_json *seek = berth_data_obj(inst->data, "seek"), *lookups;
	struct berth_buf reply_to = BERTH_BUF_INIT;
	enum berth_err rc;

	berth_json_remove(seek, "lookups");
	berth_json_remove(seek, "candidates");
	berth_json_remove(seek, "resting");
	lookups = berth_data_obj(seek, "lookups");
	if (!(rc = berth_json_set_int(seek, "waiting", (int64_t)dc->n_rv)))
		rc = lookup_did(env, &reply_to);
	for (size_t i = 0; !rc && i < dc->n_rv; i++)
		rc = send_lookup(env, inst, fx, lookups, &dc->rv[i], berth_buf_cstr(&reply_to));
	berth_buf_free(&reply_to);
	fx->timer_ms = (uint64_t)env->policy->collect_s * 1000;
	return rc;
}

static enum berth_err note_start(struct berth_env *env, struct berth_instance *inst)
{
	struct berth_json *o = berth_data_obj(inst->data, "onboarding");
	enum berth_err rc = berth_json_set_int(o, "startMs", (int64_t)env->mono_ms);

	return rc ? rc : berth_json_set_int(o, "startBytes", (int64_t)env->wire_bytes);
}

enum berth_err gateway_seek(struct berth_env *env, struct berth_instance *inst,
			    const struct berth_event *ev, struct berth_effects *fx)
{
	struct berth_device_credential dc = { 0 };
	enum berth_err rc;

	(void)ev;
	fx->timer_ms = back_off_ms(3);	/* if anything below fails */
	if ((rc = gateway_credential(inst, &dc)) || (rc = note_start(env, inst)))
		return rc;
	rc = ask_all(env, inst, fx, &dc);
	if (!rc && dc.n_rv == 0)
		fx->stop_timer = true, fx->timer_ms = 0;	/* an invitation is the only way */
	berth_object_free(&dc.obj);
	return rc;
}

enum berth_err gateway_begin(struct berth_env *env, struct berth_instance *inst,
			     const struct berth_event *ev, struct berth_effects *fx)
{
	(void)env;
	(void)inst;
	(void)ev;
	fx->go = true;
	berth_effects_audit(fx, "switched on: asking who owns this device");
	return BERTH_OK;
}

/* The rendezvous that a lookup went to, by thread. */
static enum berth_err
rv_of(const struct berth_instance *inst, const char *thid, const struct berth_device_credential *dc,
      const struct berth_rv **out)
{
	const char *uri = berth_data_str(berth_json_get(berth_json_get(inst->data, "seek"), "lookups"), thid);

	for (size_t i = 0; uri && i < dc->n_rv; i++)
		if (strcmp(dc->rv[i].uri, uri) == 0) {
			*out = &dc->rv[i];
			return BERTH_OK;
		}
	return berth_fail(BERTH_E_AUTHZ, "an answer to nothing we asked");
}

static enum berth_err
prove_body(struct berth_env *env, const struct berth_instance *inst, const struct berth_identity *id,
	   const struct berth_rv *rv, const char *thid, const uint8_t nonce[32], struct berth_json *body)
{
	struct berth_run run = { .epoch = berth_data_int(inst->data, "epoch", 0) };
	struct berth_buf reply_to = BERTH_BUF_INIT, proof = BERTH_BUF_INIT;
	enum berth_err rc;

	if ((rc = berth_device_hash(&run.device_hash, id->did, run.epoch)) || (rc = lookup_did(env, &reply_to)) ||
	    (rc = set_device(body, inst, id)) || (rc = berth_json_set_str(body, "replyTo", berth_buf_cstr(&reply_to))) ||
	    (rc = berth_json_set_int(body, "epoch", run.epoch)) || (rc = berth_body_set_b64(body, "nonce", nonce, 32)))
		goto out;
	if (strlen(thid) > BERTH_MESSAGE_ID_MAX) {
		rc = berth_fail(BERTH_E_SIZE, "thid");
		goto out;
	}
	memcpy(run.thid, thid, strlen(thid) + 1);
	memcpy(run.nonce_o, nonce, 32);
	if (!(rc = berth_run_prove(env, &run, BERTH_SIGN_RV_PROVE, id, rv->did, 0, NULL, body, &proof)))
		rc = berth_json_set_str(body, "proof", berth_buf_cstr(&proof));
out:
	berth_buf_free(&reply_to);
	berth_buf_free(&proof);
	return rc;
}

enum berth_err gateway_on_challenge(struct berth_env *env, struct berth_instance *inst,
				    const struct berth_event *ev, struct berth_effects *fx)
{
	const struct berth_identity *id = env->identity(env, BERTH_ID_FACTORY);
	struct berth_json *body = berth_json_new_object();
	struct berth_device_credential dc = { 0 };
	const struct berth_rv *rv;
	struct berth_send *s;
	uint8_t nonce[32];
	enum berth_err rc;

	if ((rc = gateway_credential(inst, &dc)) || (rc = rv_of(inst, ev->in->msg.thid, &dc, &rv)) ||
	    (rc = berth_body_get_32(ev->in->msg.body, "nonce", nonce)) ||
	    (rc = prove_body(env, inst, id, rv, ev->in->msg.thid, nonce, body)))
		goto out;
	rc = berth_effects_send(env, fx, id, rv->did, rv->uri, BERTH_PIURI_RENDEZVOUS "prove",
				ev->in->msg.thid, body, &s);
	body = NULL;
	if (!rc)
		s->ephemeral = s->protect_sender = true;
out:
	berth_json_free(body);
	berth_object_free(&dc.obj);
	return rc;
}

static enum berth_err keep_candidate(struct berth_json *list, const struct berth_json *entry)
{
	struct berth_json *copy;

	if (berth_json_len(list) >= CANDIDATES_MAX)
		return berth_fail(BERTH_E_SIZE, "more than %d answers", CANDIDATES_MAX);
	copy = berth_json_clone(entry);
	return copy ? berth_json_push(list, copy) : berth_fail(BERTH_E_NOMEM, "candidates");
}

enum berth_err gateway_on_redirect(struct berth_env *env, struct berth_instance *inst,
				   const struct berth_event *ev, struct berth_effects *fx)
{
	struct berth_json *seek = berth_data_obj(inst->data, "seek"), *list;
	struct berth_device_credential dc = { 0 };
	const struct berth_json *blobs;
	const struct berth_rv *rv;
	int64_t waiting;
	enum berth_err rc;

	(void)env;
	if ((rc = gateway_credential(inst, &dc)) || (rc = rv_of(inst, ev->in->msg.thid, &dc, &rv)) ||
	    (rc = berth_json_req_arr(ev->in->msg.body, "blobs", 4, &blobs)))
		goto out;
	if (!berth_did_same(ev->sender, rv->did)) {
		rc = berth_fail(BERTH_E_AUTHZ, "redirect from another rendezvous");
		goto out;
	}
	if (!berth_json_get(seek, "candidates") && (rc = berth_json_set(seek, "candidates", berth_json_new_array())))
		goto out;
	list = berth_json_get_mut(seek, "candidates");
	berth_json_each(entry, blobs)
		if ((rc = keep_candidate(list, entry)))
			goto out;
	waiting = berth_data_int(seek, "waiting", 1) - 1;
	berth_json_remove(berth_json_get_mut(seek, "lookups"), ev->in->msg.thid);
	rc = berth_json_set_int(seek, "waiting", waiting);
	if (waiting <= 0)
		fx->timer_ms = 1;	/* everybody has answered: choose now */
out:
	berth_object_free(&dc.obj);
	return rc;
}

/* ---- choosing ---- */
struct candidate {
	struct berth_chain *chain;
	struct berth_rv_blob blob;
	struct berth_chain_result result;
};

struct choice {
	struct candidate c[CANDIDATES_MAX];
	size_t n;
};

static void choice_free(struct choice *ch)
{
	for (size_t i = 0; i < ch->n; i++) {
		berth_chain_free(ch->c[i].chain);
		berth_object_free(&ch->c[i].blob.obj);
	}
	free(ch);
}

/* what the device knows, for the rules of C.1a */
struct known {
	struct berth_hash dc, root, tip, accept_tip, forked[FORKED_MAX], dseq_tip;
	struct berth_chain_policy p;
};

static enum berth_err known_load(struct known *k, struct berth_env *env, const struct berth_instance *inst)
{
	const struct berth_json *forked = berth_json_get(inst->data, "forked");
	const char *compact = berth_data_str(inst->data, "dc");
	enum berth_err rc;

	*k = (struct known){ .p = { .resolver = env->resolver, .device_credential = &k->dc, .root = &k->root,
		.factory_did = env->identity(env, BERTH_ID_FACTORY)->did, .has_epoch = true,
		.epoch = berth_data_int(inst->data, "epoch", 0), .floor_s = env->floor_s } };
	berth_object_hash(&k->dc, compact, strlen(compact));
	if ((rc = berth_body_get_32(inst->data, "rootHash", k->root.b)))
		return rc;
	if (berth_json_get(inst->data, "tip")) {
		if ((rc = berth_body_get_32(inst->data, "tip", k->tip.b)))
			return rc;
		k->p.accepted = &k->tip;
		k->p.accepted_seq = berth_data_int(inst->data, "tipSeq", 0);
	}
	if (berth_json_get(inst->data, "acceptTip")) {
		if ((rc = berth_body_get_32(inst->data, "acceptTip", k->accept_tip.b)))
			return rc;
		k->p.accept_tip = &k->accept_tip;
	}
	if (berth_json_get(inst->data, "dseqTip")) {
		if ((rc = berth_body_get_32(inst->data, "dseqTip", k->dseq_tip.b)))
			return rc;
		k->p.dseq_tip = &k->dseq_tip;
		k->p.dseq = berth_data_int(inst->data, "dseq", 0);
	}
	k->p.forked = k->forked;
	for (size_t i = 0; i < berth_json_len(forked) && i < FORKED_MAX; i++)
		if ((rc = berth_body_get_32(berth_json_at(forked, i), "entry", k->forked[k->p.n_forked++].b)))
			return rc;
	return BERTH_OK;
}

/* Takes entry apart and judges it; a bad one is only a hint that somebody lies. */
static enum berth_err
judge(struct candidate *c, const struct known *k, const struct berth_json *entry)
{
	const struct berth_json *package;
	struct berth_json *copy;
	const char *blob;
	enum berth_err rc;

	if ((rc = berth_json_req_str(entry, "blob", BERTH_BLOB_MAX, &blob)) ||
	    (rc = berth_json_req_obj(entry, "package", &package)))
		return rc;
	if (!(copy = berth_json_clone(package)))
		return berth_fail(BERTH_E_NOMEM, "package");
	if ((rc = berth_chain_from_json(&c->chain, copy)) ||
	    (rc = berth_rv_blob_parse(&c->blob, blob, strlen(blob))) ||
	    (rc = berth_chain_accept(&c->result, c->chain, &k->p)))
		return rc;
	return berth_rv_blob_verify(&c->blob, c->chain, &c->result, -1);
}

static enum berth_err
remember_fork(struct berth_instance *inst, const struct berth_chain_fork *fork)
{
	struct berth_json *list;
	enum berth_err rc = BERTH_OK;

	if (!berth_json_get(inst->data, "forked") && (rc = berth_json_set(inst->data, "forked", berth_json_new_array())))
		return rc;
	list = berth_json_get_mut(inst->data, "forked");
	for (int i = 0; !rc && i < 2 && berth_json_len(list) < FORKED_MAX; i++) {
		struct berth_json *e = berth_json_new_object();

		if ((rc = berth_body_set_b64(e, "entry", fork->entry[i].b, 32)))
			berth_json_free(e);
		else
			rc = berth_json_push(list, e);
	}
	return rc;
}

/* The chain that wins; of several blobs for its tip the one with the highest regNo. */
static enum berth_err
pick(struct berth_instance *inst, const struct choice *ch, size_t *best, bool *forked)
{
	const struct berth_chain *chains[CANDIDATES_MAX];
	struct berth_chain_fork fork;
	enum berth_err rc;

	for (size_t i = 0; i < ch->n; i++)
		chains[i] = ch->c[i].chain;
	if ((rc = berth_chain_longest(best, chains, ch->n, &fork))) {
		*forked = rc == BERTH_E_AUTHZ;
		return *forked ? remember_fork(inst, &fork) : rc;
	}
	for (size_t i = 0; i < ch->n; i++)
		if (berth_hash_equal(&ch->c[i].result.tip, &ch->c[*best].result.tip) &&
		    ch->c[i].blob.reg_no > ch->c[*best].blob.reg_no)
			*best = i;
	return BERTH_OK;
}

/* Keeps what the run needs of the winner. */
static enum berth_err keep(struct berth_env *env, struct berth_instance *inst, const struct candidate *c)
{
	struct berth_json *owner = berth_data_obj(inst->data, "owner"), *chain = berth_data_obj(inst->data, "chain");
	int64_t failures = berth_data_int(berth_json_get(inst->data, "seek"), "failures", 0);
	enum berth_err rc;

	if (c->blob.n_endpoints == 0)
		return berth_fail(BERTH_E_VC, "the owner says no endpoint");
	if ((rc = env->learn(env, c->blob.obj.issuer)) ||
	    (rc = berth_json_set_str(owner, "did", c->blob.obj.issuer)) ||
	    (rc = berth_json_set_str(owner, "uri", c->blob.endpoints[(uint64_t)failures % c->blob.n_endpoints])) ||
	    (rc = berth_body_set_b64(chain, "tip", c->result.tip.b, 32)) ||
	    (rc = berth_json_set_int(chain, "tipSeq", c->result.seq)))
		return rc;
	if (!c->result.delegate)
		return BERTH_OK;
	if ((rc = berth_body_set_b64(chain, "delegation", c->result.delegation.b, 32)) ||
	    (rc = berth_json_set_int(chain, "dseq", c->result.dseq)))
		return rc;
	return berth_json_set_int(chain, "delegationExp", c->result.delegation_exp_s);
}

static enum berth_err
contact(struct berth_env *env, struct berth_instance *inst, struct berth_effects *fx, const struct candidate *c)
{
	enum berth_err rc;

	if ((rc = keep(env, inst, c)))
		return rc;
	berth_json_remove(berth_data_obj(inst->data, "seek"), "candidates");
	fx->state = GW_CONTACTING;
	return gateway_hello(env, inst, fx);
}

enum berth_err gateway_choose(struct berth_env *env, struct berth_instance *inst,
			      const struct berth_event *ev, struct berth_effects *fx)
{
	const struct berth_json *seek = berth_json_get(inst->data, "seek");
	struct choice *ch;
	struct known *k;
	size_t best = 0;
	bool forked = false;
	enum berth_err rc;

	if (berth_json_bool(berth_json_get(seek, "resting"), false))
		return gateway_seek(env, inst, ev, fx);
	ch = calloc(1, sizeof(*ch));
	k = calloc(1, sizeof(*k));
	if (!ch || !k) {
		free(ch);
		free(k);
		return berth_fail(BERTH_E_NOMEM, "candidates");
	}
	fx->timer_ms = back_off_ms(3);
	if ((rc = known_load(k, env, inst)))
		goto out;
	berth_json_each(entry, berth_json_get(seek, "candidates")) {
		struct candidate *c = &ch->c[ch->n];

		if (judge(c, k, entry) == BERTH_OK) {
			ch->n++;
			continue;
		}
		berth_effects_audit(fx, "an answer was refused: %s", berth_err_detail());
		berth_chain_free(c->chain);
		berth_object_free(&c->blob.obj);
		*c = (struct candidate){ 0 };
	}
	if (ch->n == 0) {
		char why[300];

		snprintf(why, sizeof(why), "nobody who asked may own this device%s%s", fx->audit ? ": " : "",
			 fx->audit ? fx->audit : "");
		rc = gateway_seek_again(env, inst, fx, why);
	} else if (!(rc = pick(inst, ch, &best, &forked))) {
		rc = forked ? gateway_seek_again(env, inst, fx, "two owners show forked chains: both refused")
			    : contact(env, inst, fx, &ch->c[best]);
	}
out:
	choice_free(ch);
	free(k);
	return rc;
}

/* args: {"blob", "package"}, the signed invitation file */
enum berth_err gateway_on_invitation(struct berth_env *env, struct berth_instance *inst,
				     const struct berth_event *ev, struct berth_effects *fx)
{
	struct candidate *c = calloc(1, sizeof(*c));
	struct known *k = calloc(1, sizeof(*k));
	enum berth_err rc = c && k ? BERTH_OK : berth_fail(BERTH_E_NOMEM, "invitation");

	if (!rc && !(rc = note_start(env, inst)) && !(rc = known_load(k, env, inst)) &&
	    !(rc = judge(c, k, ev->args)))
		rc = contact(env, inst, fx, c);
	if (c) {
		berth_chain_free(c->chain);
		berth_object_free(&c->blob.obj);
	}
	free(c);
	free(k);
	return rc;
}

/* C.1a (c), the operator's way out of a fork; args: {"tip": base64url} */
enum berth_err gateway_accept_tip(struct berth_env *env, struct berth_instance *inst,
				  const struct berth_event *ev, struct berth_effects *fx)
{
	uint8_t tip[32];
	enum berth_err rc = berth_body_get_32(ev->args, "tip", tip);

	(void)env;
	if (rc || (rc = berth_body_set_b64(inst->data, "acceptTip", tip, 32)))
		return rc;
	fx->go = true;
	berth_effects_audit(fx, "the operator accepts a tip");
	return BERTH_OK;
}
