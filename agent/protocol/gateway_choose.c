/* SPDX-License-Identifier: Apache-2.0 */
/* Which owner?  Answers are judged as they come, and only those that hold are kept;
 * after the window the longest chain wins, of one tip the latest blob. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/protocol/distrust.h"
#include "agent/protocol/gateway_judge.h"
#include "did/url.h"

#define CANDIDATES_MAX 8

struct choice {
	struct gateway_candidate c[CANDIDATES_MAX];
	size_t n;
};

static void choice_free(struct choice *ch)
{
	for (size_t i = 0; ch && i < ch->n; i++)
		gateway_candidate_clear(&ch->c[i]);
	free(ch);
}

static enum berth_err
remember_fork(struct berth_instance *inst, const struct berth_chain_fork *fork)
{
	struct berth_json *list;
	enum berth_err rc = BERTH_OK;

	if (!berth_json_get(inst->data, "forked") && (rc = berth_json_set(inst->data, "forked", berth_json_new_array())))
		return rc;
	list = berth_json_get_mut(inst->data, "forked");
	for (int i = 0; !rc && i < 2 && berth_json_len(list) < GATEWAY_FORKED_MAX; i++) {
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
static enum berth_err keep(struct berth_env *env, struct berth_instance *inst, const struct gateway_candidate *c)
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
contact(struct berth_env *env, struct berth_instance *inst, struct berth_effects *fx, const struct gateway_candidate *c)
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
static int place(const struct berth_json *list, const struct gateway_candidate *c)
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

static enum berth_err copy_entry(struct berth_json **out, const struct berth_json *entry, const struct gateway_candidate *c)
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
	enum berth_err rc = list ? BERTH_OK : berth_no_memory();

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
keep_answer(struct berth_json *seek, const struct gateway_candidate *c, const struct berth_json *entry)
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

/* That we cannot look at it now, or have no room, is nobody's lie. */
static bool is_lie(enum berth_err rc)
{
	return rc != BERTH_OK && rc != BERTH_E_QUOTA && berth_err_exit(rc) < 4;
}

enum berth_err gateway_keep_answers(struct berth_env *env, struct berth_instance *inst,
				    const struct berth_json *blobs, const char *from, struct berth_effects *fx)
{
	struct berth_json *seek = berth_data_obj(inst->data, "seek"), *notes = berth_data_obj(inst->data, "distrust");
	struct gateway_candidate c = { 0 };
	size_t held = 0;
	bool lied = false;
	char why[256] = "";
	enum berth_err rc;
	struct gateway_known *k = gateway_known_new(env, inst, &rc);

	if (rc)
		goto out;
	berth_json_each(entry, blobs) {
		if (!(rc = gateway_judge(&c, k, entry)) && !(rc = keep_answer(seek, &c, entry)))
			held++;
		else
			snprintf(why, sizeof(why), "; one refused: %s: %s", berth_err_name(rc), berth_err_detail());
		gateway_candidate_clear(&c);
		lied |= is_lie(rc);
		if (rc == BERTH_E_NOMEM)
			goto out;
	}
	fx->lasting = lied;
	rc = lied ? berth_distrust_lied(notes, from) : berth_distrust_decay(notes, from);
	berth_effects_audit(fx, "rendezvous %s answered: %zu of %zu hold%s", from, held, berth_json_len(blobs), why);
out:
	gateway_known_free(k);
	return rc;
}

static enum berth_err try_blob(struct berth_env *env, struct berth_instance *inst, struct berth_effects *fx,
			       const struct gateway_known *k, const struct gateway_candidate *c)
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
	struct gateway_candidate c = { 0 };
	enum berth_err rc;
	struct gateway_known *k = gateway_known_new(env, inst, &rc);

	berth_json_each(entry, blobs) {
		if (rc)
			break;
		if (!gateway_judge(&c, k, entry))
			rc = try_blob(env, inst, fx, k, &c);
		gateway_candidate_clear(&c);
	}
	gateway_known_free(k);
	return rc;
}

static enum berth_err
choose(struct berth_env *env, struct berth_instance *inst, struct berth_effects *fx, struct choice *ch,
       const struct gateway_known *k)
{
	size_t best = 0;
	bool forked = false;
	enum berth_err rc;

	berth_json_each(entry, berth_json_get(berth_json_get(inst->data, "seek"), "candidates")) {
		if (ch->n < CANDIDATES_MAX && gateway_judge(&ch->c[ch->n], k, entry) == BERTH_OK)
			ch->n++;
		else if (ch->n < CANDIDATES_MAX)
			gateway_candidate_clear(&ch->c[ch->n]);
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
	struct gateway_known *k;
	enum berth_err rc;

	if (berth_json_bool(berth_json_get(seek, "resting"), false))
		return gateway_seek(env, inst, ev, fx);
	fx->timer_ms = gateway_back_off_ms(3);	/* if anything below fails */
	if (!(k = gateway_known_new(env, inst, &rc)))
		return rc;
	ch = calloc(1, sizeof(*ch));
	rc = ch ? choose(env, inst, fx, ch, k) : berth_no_memory();
	choice_free(ch);
	gateway_known_free(k);
	return rc;
}

/* args: {"blob", "package"}, the signed invitation file */
enum berth_err gateway_on_invitation(struct berth_env *env, struct berth_instance *inst,
				     const struct berth_event *ev, struct berth_effects *fx)
{
	struct gateway_candidate c = { 0 };
	enum berth_err rc = gateway_note_start(env, inst);
	struct gateway_known *k = rc ? NULL : gateway_known_new(env, inst, &rc);

	if (!rc && !(rc = gateway_judge(&c, k, ev->args)))
		rc = contact(env, inst, fx, &c);
	gateway_candidate_clear(&c);
	gateway_known_free(k);
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
