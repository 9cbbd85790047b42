/* SPDX-License-Identifier: Apache-2.0 */
/* Which owner?  Answers are judged as they come, and only those that hold are kept;
 * after the window the longest chain wins, of one tip the latest blob. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/protocol/distrust.h"
#include "agent/protocol/gateway.h"
#include "agent/protocol/object.h"
#include "did/url.h"

#define CANDIDATES_MAX 8
#define FORKED_MAX 8

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
	struct berth_json *credential;	/* our DeviceCredential, compact */
	struct berth_hash dc, root, tip, accept_tip, forked[FORKED_MAX], dseq_tip, receipt;
	struct berth_chain_policy p;
};

/* (e): the chain goes on from how the last epoch ended. */
static enum berth_err load_release(struct known *k, const struct berth_json *ended)
{
	enum berth_err rc;

	if (!ended)
		return BERTH_OK;
	if ((rc = berth_body_get_32(ended, "hash", k->receipt.b)))
		return rc;
	k->p.release_receipt = &k->receipt;
	k->p.release_next_owner = berth_data_str(ended, "nextOwner");
	return BERTH_OK;
}

static enum berth_err known_load(struct known *k, struct berth_env *env, const struct berth_instance *inst)
{
	const struct berth_json *forked = berth_json_get(inst->data, "forked");
	const char *compact;
	enum berth_err rc;

	*k = (struct known){ .p = { .resolver = env->resolver, .device_credential = &k->dc, .root = &k->root,
		.factory_did = env->identity(env, BERTH_ID_FACTORY)->did, .has_epoch = true,
		.epoch = berth_data_int(inst->data, "epoch", 0), .floor_s = env->floor_s } };
	if ((rc = gateway_credential_text(env, inst, &k->credential)) ||
	    (rc = berth_body_get_32(inst->data, "rootHash", k->root.b)))
		return rc;
	compact = berth_json_str(k->credential);
	berth_object_hash(&k->dc, compact, strlen(compact));
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
	if ((rc = load_release(k, berth_json_get(inst->data, "ended"))))
		return rc;
	k->p.forked = k->forked;
	for (size_t i = 0; i < berth_json_len(forked) && i < FORKED_MAX; i++)
		if ((rc = berth_body_get_32(berth_json_at(forked, i), "entry", k->forked[k->p.n_forked++].b)))
			return rc;
	return BERTH_OK;
}

static void known_free(struct known *k)
{
	if (k)
		berth_json_free(k->credential);
	free(k);
}

/* Takes entry apart and judges it; a bad one is only a hint that somebody lies. */
static enum berth_err
judge(struct candidate *c, const struct known *k, const struct berth_json *entry)
{
	/* a rendezvous leaves out the DeviceCredential, which we have */
	enum berth_err rc = berth_invitation_read(&c->blob, &c->chain, entry, berth_json_str(k->credential));

	if (rc || (rc = berth_chain_accept(&c->result, c->chain, &k->p)))
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

		if ((rc = berth_json_set_b64url(e, "entry", fork->entry[i].b, 32)))
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

/* The highest delegation seen of this tip counts from the moment it is seen, whatever
 * comes of the run: what its owner signed before is over. */
static enum berth_err keep_dseq(struct berth_instance *inst, const struct berth_chain_result *r)
{
	enum berth_err rc = berth_json_set_b64url(inst->data, "dseqTip", r->tip.b, 32);

	return rc ? rc : berth_json_set_int(inst->data, "dseq", r->dseq);
}

/* Keeps what the run needs of the winner. */
static enum berth_err keep(struct berth_env *env, struct berth_instance *inst, const struct candidate *c)
{
	struct berth_json *owner = berth_data_obj(inst->data, "owner"), *chain = berth_data_obj(inst->data, "chain");
	int64_t failures = berth_data_int(berth_json_get(inst->data, "seek"), "failures", 0);
	enum berth_err rc;

	/* whoever signed the blob: the delegate, or the owner in person; the chain has
	 * the document, and they have ours from the DeviceCredential */
	bool by_delegate = c->result.delegate && berth_did_same(c->blob.obj.issuer, c->result.delegate);
	const char *did = by_delegate ? c->result.delegate : c->result.owner.did;

	if (c->blob.n_endpoints == 0)
		return berth_fail(BERTH_E_VC, "the owner says no endpoint");
	if ((rc = env->learn(env, did)) ||
	    (rc = env->mark_known(env, env->identity(env, BERTH_ID_FACTORY), did)) ||
	    (rc = berth_json_set_str(owner, "did", did)) ||
	    (rc = berth_set_strings(owner, "endpoints", c->blob.endpoints, c->blob.n_endpoints)) ||
	    (rc = berth_json_set_str(owner, "uri", c->blob.endpoints[(uint64_t)failures % c->blob.n_endpoints])) ||
	    (rc = berth_json_set_b64url(chain, "tip", c->result.tip.b, 32)) ||
	    (rc = berth_json_set_int(chain, "tipSeq", c->result.seq)))
		return rc;
	if (c->result.delegate && (rc = keep_dseq(inst, &c->result)))
		return rc;
	if (!by_delegate)
		return berth_json_set_b64url(owner, "jkt", c->result.owner.jkt, 32);
	if ((rc = berth_json_set_str(owner, "for", c->result.owner.did)) ||
	    (rc = berth_json_set_b64url(owner, "forJkt", c->result.owner.jkt, 32)) ||
	    (rc = berth_json_set_b64url(chain, "delegation", c->result.delegation.b, 32)))
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
	fx->lasting = c->result.delegate != NULL;	/* so does its number */
	fx->state = GW_CONTACTING;
	return gateway_hello(env, inst, fx);
}

/* Where the entry goes: beside the others, or in the place of an older blob of its
 * tip.  -1: it says nothing new. */
static int place(const struct berth_json *list, const struct candidate *c)
{
	uint8_t tip[32];

	for (size_t i = 0; i < berth_json_len(list); i++) {
		const struct berth_json *held = berth_json_at(list, i);

		if (berth_body_get_32(held, "tip", tip) || memcmp(tip, c->result.tip.b, 32) != 0)
			continue;
		return berth_data_int(held, "regNo", 0) < c->blob.reg_no ? (int)i : -1;
	}
	return (int)berth_json_len(list);
}

static enum berth_err copy_entry(struct berth_json **out, const struct berth_json *entry, const struct candidate *c)
{
	struct berth_json *v = berth_json_new_object();
	struct berth_json *package = berth_json_clone(berth_json_get(entry, "package"));
	enum berth_err rc;

	if ((rc = berth_json_set(v, "package", package)) ||
	    (rc = berth_json_set_str(v, "blob", berth_data_str(entry, "blob"))) ||
	    (rc = berth_json_set_b64url(v, "tip", c->result.tip.b, 32)) ||
	    (rc = berth_json_set_int(v, "regNo", c->blob.reg_no))) {
		berth_json_free(v);
		return rc;
	}
	*out = v;
	return BERTH_OK;
}

/* The list once more with v at its place. */
static enum berth_err put_at(struct berth_json *seek, size_t at, struct berth_json *v)
{
	const struct berth_json *old = berth_json_get(seek, "candidates");
	struct berth_json *list = berth_json_new_array();
	enum berth_err rc = list ? BERTH_OK : berth_fail(BERTH_E_NOMEM, "candidates");

	for (size_t i = 0; !rc && i < berth_json_len(old); i++)
		if (i != at)
			rc = berth_json_push(list, berth_json_clone(berth_json_at(old, i)));
	if (rc) {
		berth_json_free(v);
		berth_json_free(list);
		return rc;
	}
	if ((rc = berth_json_push(list, v))) {
		berth_json_free(list);
		return rc;
	}
	return berth_json_set(seek, "candidates", list);
}

static enum berth_err
keep_answer(struct berth_json *seek, const struct candidate *c, const struct berth_json *entry)
{
	const struct berth_json *list = berth_json_get(seek, "candidates");
	int at = place(list, c);
	struct berth_json *v;
	enum berth_err rc;

	if (at < 0)
		return BERTH_OK;
	if (at >= CANDIDATES_MAX)
		return berth_fail(BERTH_E_QUOTA, "more than %d tips", CANDIDATES_MAX);
	return (rc = copy_entry(&v, entry, c)) ? rc : put_at(seek, (size_t)at, v);
}

static void candidate_free(struct candidate *c)
{
	berth_chain_free(c->chain);
	berth_object_free(&c->blob.obj);
	*c = (struct candidate){ 0 };
}

/* That we cannot look at it now, or have no room, is nobody's lie. */
static bool is_lie(enum berth_err rc)
{
	return rc != BERTH_OK && rc != BERTH_E_QUOTA && berth_err_exit(rc) < 4;
}

enum berth_err gateway_keep_answers(struct berth_env *env, struct berth_instance *inst,
				    const struct berth_json *blobs, const char *from, struct berth_effects *fx)
{
	struct berth_json *seek = berth_data_obj(inst->data, "seek"), *notes = berth_data_obj(inst->data, "distrust");
	struct known *k = calloc(1, sizeof(*k));
	struct candidate c = { 0 };
	size_t held = 0;
	bool lied = false;
	char why[256] = "";
	enum berth_err rc = k ? known_load(k, env, inst) : berth_fail(BERTH_E_NOMEM, "answers");

	if (rc)
		goto out;
	berth_json_each(entry, blobs) {
		if (!(rc = judge(&c, k, entry)) && !(rc = keep_answer(seek, &c, entry)))
			held++;
		else
			snprintf(why, sizeof(why), "; one refused: %s: %s", berth_err_name(rc), berth_err_detail());
		candidate_free(&c);
		lied |= is_lie(rc);
		if (rc == BERTH_E_NOMEM)
			goto out;
	}
	fx->lasting = lied;
	rc = lied ? berth_distrust_lied(notes, from) : berth_distrust_decay(notes, from);
	berth_effects_audit(fx, "rendezvous %s answered: %zu of %zu hold%s", from, held, berth_json_len(blobs), why);
out:
	known_free(k);
	return rc;
}

static enum berth_err try_blob(struct berth_env *env, struct berth_instance *inst, struct berth_effects *fx,
			       const struct known *k, const struct candidate *c)
{
	const char *owner = berth_data_str(berth_json_get(inst->data, "active"), "owner");
	enum berth_err rc = BERTH_OK;

	if (!berth_hash_equal(&c->result.tip, &k->tip) || !berth_did_same(c->blob.obj.issuer, owner))
		return BERTH_OK;
	for (size_t i = 0; !rc && i < c->blob.n_endpoints; i++)
		rc = gateway_try_at(env, inst, fx, c->blob.endpoints[i]);
	return rc;
}

enum berth_err gateway_try_blobs(struct berth_env *env, struct berth_instance *inst, struct berth_effects *fx,
				 const struct berth_json *blobs)
{
	struct known *k = calloc(1, sizeof(*k));
	struct candidate c = { 0 };
	enum berth_err rc = k ? known_load(k, env, inst) : berth_fail(BERTH_E_NOMEM, "answers");

	berth_json_each(entry, blobs) {
		if (rc)
			break;
		if (!judge(&c, k, entry))
			rc = try_blob(env, inst, fx, k, &c);
		candidate_free(&c);
	}
	known_free(k);
	return rc;
}

static enum berth_err
choose(struct berth_env *env, struct berth_instance *inst, struct berth_effects *fx, struct choice *ch,
       const struct known *k)
{
	size_t best = 0;
	bool forked = false;
	enum berth_err rc;

	berth_json_each(entry, berth_json_get(berth_json_get(inst->data, "seek"), "candidates")) {
		if (ch->n < CANDIDATES_MAX && judge(&ch->c[ch->n], k, entry) == BERTH_OK)
			ch->n++;
		else if (ch->n < CANDIDATES_MAX)
			candidate_free(&ch->c[ch->n]);
	}
	if (ch->n == 0)
		return gateway_seek_again(env, inst, fx, "nobody who may own this device was found");
	if ((rc = pick(inst, ch, &best, &forked)))
		return rc;
	return forked ? gateway_seek_again(env, inst, fx, "two owners show forked chains: both refused")
		      : contact(env, inst, fx, &ch->c[best]);
}

enum berth_err gateway_choose(struct berth_env *env, struct berth_instance *inst,
			      const struct berth_event *ev, struct berth_effects *fx)
{
	const struct berth_json *seek = berth_json_get(inst->data, "seek");
	struct choice *ch;
	struct known *k;
	enum berth_err rc;

	if (berth_json_bool(berth_json_get(seek, "resting"), false))
		return gateway_seek(env, inst, ev, fx);
	ch = calloc(1, sizeof(*ch));
	k = calloc(1, sizeof(*k));
	fx->timer_ms = gateway_back_off_ms(3);	/* if anything below fails */
	rc = ch && k ? known_load(k, env, inst) : berth_fail(BERTH_E_NOMEM, "candidates");
	if (!rc)
		rc = choose(env, inst, fx, ch, k);
	if (ch)
		choice_free(ch);
	known_free(k);
	return rc;
}

/* args: {"blob", "package"}, the signed invitation file */
enum berth_err gateway_on_invitation(struct berth_env *env, struct berth_instance *inst,
				     const struct berth_event *ev, struct berth_effects *fx)
{
	struct candidate *c = calloc(1, sizeof(*c));
	struct known *k = calloc(1, sizeof(*k));
	enum berth_err rc = c && k ? BERTH_OK : berth_fail(BERTH_E_NOMEM, "invitation");

	if (!rc && !(rc = gateway_note_start(env, inst)) && !(rc = known_load(k, env, inst)) &&
	    !(rc = judge(c, k, ev->args)))
		rc = contact(env, inst, fx, c);
	if (c) {
		berth_chain_free(c->chain);
		berth_object_free(&c->blob.obj);
	}
	free(c);
	known_free(k);
	return rc;
}

/* C.1a (c), the operator's way out of a fork; args: {"tip": base64url} */
enum berth_err gateway_accept_tip(struct berth_env *env, struct berth_instance *inst,
				  const struct berth_event *ev, struct berth_effects *fx)
{
	uint8_t tip[32];
	enum berth_err rc = berth_body_get_32(ev->args, "tip", tip);

	(void)env;
	if (rc || (rc = berth_json_set_b64url(inst->data, "acceptTip", tip, 32)))
		return rc;
	fx->go = true;
	berth_effects_audit(fx, "the operator accepts a tip");
	return BERTH_OK;
}
