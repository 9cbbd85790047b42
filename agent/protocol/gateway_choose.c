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

static enum berth_err
remember_fork(struct berth_instance *inst, const struct berth_chain_fork *fork)
{
	struct berth_json *list = berth_json_get_mut(inst->data, "forked");
	enum berth_err rc = list ? BERTH_OK : berth_json_set_array(inst->data, "forked", &list);

	for (int i = 0; !rc && i < 2 && berth_json_len(list) < GATEWAY_FORKED_MAX; i++) {
		struct berth_json *e = berth_json_new_object();

		if ((rc = berth_json_set_b64url(e, "entry", fork->entry[i].b, 32)))
			berth_json_free(e);
		else
			rc = berth_json_push(list, e);
	}
	return rc;
}

/* ---- what is kept of an answer that holds: the "owner" and the "chain" that a run with it
 * will have, and what the choice goes by.  It is judged once. ---- */

static enum berth_err set_owner(struct berth_json *o, const struct gateway_candidate *c, bool by_delegate)
{
	const struct berth_owner_ref *owner = &c->result.owner;
	enum berth_err rc;

	if ((rc = berth_json_set_str(o, "did", by_delegate ? c->result.delegate : owner->did)) ||
	    (rc = berth_set_strings(o, "endpoints", c->blob.endpoints, c->blob.n_endpoints)))
		return rc;
	if (!by_delegate)
		return berth_json_set_b64url(o, "jkt", owner->jkt, 32);
	rc = berth_json_set_str(o, "for", owner->did);
	return rc ? rc : berth_json_set_b64url(o, "forJkt", owner->jkt, 32);
}

static enum berth_err set_chain(struct berth_json *o, const struct berth_chain_result *r, bool by_delegate)
{
	enum berth_err rc;

	if ((rc = berth_json_set_b64url(o, "tip", r->tip.b, 32)) || (rc = berth_json_set_int(o, "tipSeq", r->seq)) ||
	    (r->delegate && (rc = berth_json_set_int(o, "dseq", r->dseq))) || !by_delegate)
		return rc;
	rc = berth_json_set_b64url(o, "delegation", r->delegation.b, 32);
	return rc ? rc : berth_json_set_int(o, "delegationExp", r->delegation_exp_s);
}

static enum berth_err set_entries(struct berth_json *v, const struct berth_chain *c)
{
	struct berth_json *list = berth_json_new_array();
	enum berth_err rc = BERTH_OK;

	for (size_t i = 0; !rc && i < c->n; i++)
		rc = berth_json_push_b64url(list, c->oc[i].obj.hash.b, 32);
	return berth_json_set_made(v, "entries", list, rc);
}

/* Whoever signed the blob: the delegate, or the owner in person; the chain has the
 * document, and they have ours from the DeviceCredential. */
static enum berth_err describe(struct berth_json **out, const struct gateway_candidate *c)
{
	bool by_delegate = c->result.delegate && berth_did_same(c->blob.obj.issuer, c->result.delegate);
	struct berth_json *v = berth_json_new_object();
	enum berth_err rc;

	if (!(rc = set_owner(berth_data_obj(v, "owner"), c, by_delegate)) &&
	    !(rc = set_chain(berth_data_obj(v, "chain"), &c->result, by_delegate)) &&
	    !(rc = berth_json_set_int(v, "regNo", c->blob.reg_no)))
		rc = set_entries(v, c->chain);
	return berth_json_give(out, v, rc);
}

static enum berth_err tip_of(const struct berth_json *v, uint8_t tip[32])
{
	return berth_body_get_32(berth_json_get(v, "chain"), "tip", tip);
}

/* As much of the chain as comparing it takes. */
static enum berth_err read_entries(struct berth_chain *c, const struct berth_json *v)
{
	const struct berth_json *list;
	enum berth_err rc = berth_json_req_arr(v, "entries", BERTH_CHAIN_ENTRIES_MAX, &list);

	if (rc)
		return rc;
	berth_json_each(it, list) {
		const char *s = berth_json_str(it);

		if (!s || (rc = berth_b64url_decode_fixed(c->oc[c->n].obj.hash.b, 32, s, strlen(s))))
			return rc ? rc : berth_fail(BERTH_E_STORE, "entries of a candidate");
		c->n++;
	}
	return BERTH_OK;
}

/* The chain that wins; of the blobs for its tip the latest was kept.  *best NULL: a fork. */
static enum berth_err pick(struct berth_instance *inst, const struct berth_json *list, const struct berth_json **best)
{
	size_t n = berth_json_len(list) < CANDIDATES_MAX ? berth_json_len(list) : CANDIDATES_MAX, at;
	struct berth_chain *held = calloc(n, sizeof(*held));
	const struct berth_chain *chains[CANDIDATES_MAX];
	struct berth_chain_fork fork;
	enum berth_err rc = held ? BERTH_OK : berth_no_memory();

	*best = NULL;
	for (size_t i = 0; !rc && i < n; i++) {
		chains[i] = &held[i];
		rc = read_entries(&held[i], berth_json_at(list, i));
	}
	if (!rc && !(rc = berth_chain_longest(&at, chains, n, &fork)))
		*best = berth_json_at(list, at);
	else if (rc == BERTH_E_AUTHZ)
		rc = remember_fork(inst, &fork);
	free(held);
	return rc;
}

/* The highest delegation seen of this tip counts from the moment it is seen, whatever
 * comes of the run: what its owner signed before is over. */
static enum berth_err keep_dseq(struct berth_instance *inst, const struct berth_json *chain)
{
	enum berth_err rc = berth_json_set_str(inst->data, "dseqTip", berth_data_str(chain, "tip"));

	return rc ? rc : berth_json_set_int(inst->data, "dseq", berth_data_int(chain, "dseq", 0));
}

/* What the run needs of v. */
static enum berth_err keep(struct berth_env *env, struct berth_instance *inst, const struct berth_json *v)
{
	struct berth_json *owner = berth_json_clone(berth_json_get(v, "owner"));
	const struct berth_json *endpoints = berth_json_get(owner, "endpoints");
	int64_t failures = berth_data_int(berth_json_get(inst->data, "seek"), "failures", 0);
	const char *did = berth_data_str(owner, "did");
	size_t n = berth_json_len(endpoints);
	enum berth_err rc;

	if (n == 0 || !did)
		rc = berth_fail(BERTH_E_VC, "the owner says no endpoint");
	else if (!(rc = env->learn(env, did)) &&
		 !(rc = env->mark_known(env, env->identity(env, BERTH_ID_FACTORY), did)))
		rc = berth_json_set_str(owner, "uri", berth_json_str(berth_json_at(endpoints, (size_t)((uint64_t)failures % n))));
	if ((rc = berth_json_set_made(inst->data, "owner", owner, rc)))
		return rc;
	return berth_json_set(inst->data, "chain", berth_json_clone(berth_json_get(v, "chain")));
}

static enum berth_err
contact(struct berth_env *env, struct berth_instance *inst, struct berth_effects *fx, const struct berth_json *v)
{
	const struct berth_json *chain = berth_json_get(v, "chain");
	enum berth_err rc;

	if ((rc = keep(env, inst, v)))
		return rc;
	fx->lasting = berth_json_get(chain, "dseq") != NULL;	/* so does its number */
	if (fx->lasting && (rc = keep_dseq(inst, chain)))
		return rc;
	berth_json_remove(berth_data_obj(inst->data, "seek"), "candidates");	/* and v with them */
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

		if (tip_of(held, tip) || memcmp(tip, c->result.tip.b, 32) != 0)
			continue;
		return berth_data_int(held, "regNo", 0) < c->blob.reg_no ? (int)i : -1;
	}
	return (int)berth_json_len(list);
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

static enum berth_err keep_answer(struct berth_json *seek, const struct gateway_candidate *c)
{
	const struct berth_json *list = berth_json_get(seek, "candidates");
	int at = place(list, c);
	struct berth_json *v;
	enum berth_err rc;

	if (at < 0)
		return BERTH_OK;
	if (at >= CANDIDATES_MAX)
		return berth_fail(BERTH_E_QUOTA, "more than %d tips", CANDIDATES_MAX);
	return (rc = describe(&v, c)) ? rc : put_at(seek, (size_t)at, v);
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
		if (!(rc = gateway_judge(&c, k, entry)) && !(rc = keep_answer(seek, &c)))
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

enum berth_err gateway_choose(struct berth_env *env, struct berth_instance *inst,
			      const struct berth_event *ev, struct berth_effects *fx)
{
	const struct berth_json *seek = berth_json_get(inst->data, "seek"), *list, *best;
	enum berth_err rc;

	if (berth_json_bool(berth_json_get(seek, "resting"), false))
		return gateway_seek(env, inst, ev, fx);
	fx->timer_ms = gateway_back_off_ms(3);	/* if anything below fails */
	list = berth_json_get(seek, "candidates");
	if (!berth_json_get(berth_json_at(list, 0), "entries"))	/* or kept by an earlier version */
		return gateway_seek_again(env, inst, fx, "nobody who may own this device was found");
	if ((rc = pick(inst, list, &best)))
		return rc;
	return best ? contact(env, inst, fx, best)
		    : gateway_seek_again(env, inst, fx, "two owners show forked chains: both refused");
}

/* args: {"blob", "package"}, the signed invitation file */
enum berth_err gateway_on_invitation(struct berth_env *env, struct berth_instance *inst,
				     const struct berth_event *ev, struct berth_effects *fx)
{
	struct gateway_candidate c = { 0 };
	enum berth_err rc = gateway_note_start(env, inst);
	struct gateway_known *k = rc ? NULL : gateway_known_new(env, inst, &rc);
	struct berth_json *v = NULL;

	if (!rc && !(rc = gateway_judge(&c, k, ev->args)) && !(rc = describe(&v, &c)))
		rc = contact(env, inst, fx, v);
	berth_json_free(v);
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
