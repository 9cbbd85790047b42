/* SPDX-License-Identifier: Apache-2.0 */
/* The ownershipRoot's way out of a fork (ONBOARDING C.1a (c)): it says which of two
 * successors of one entry holds, in an entry of its own that goes on from that side and
 * leaves the device with whom that side ends at.  One word for each fork and no second: two
 * would be a fork that proves our fault.  data: resolved {what they have in common: entry}. */
#include "agent/protocol/factory.h"

#include <string.h>

#include "agent/protocol/object.h"
#include "did/url.h"

#define RESOLVED_MAX 8		/* forks of one device: honest owners make none */

/* A chain that holds, of this device. */
static enum berth_err
open_chain(struct berth_chain **out, const struct berth_instance *inst, const struct berth_json *package)
{
	const char *dc = berth_data_str(inst->data, "dc");
	struct berth_hash hash, root;
	struct berth_chain_policy p = { .factory_did = berth_data_str(inst->data, "did"), .device_credential = &hash, .root = &root };
	struct berth_chain_result r;
	enum berth_err rc;

	*out = NULL;
	berth_object_hash(&hash, dc, strlen(dc));
	if ((rc = berth_body_get_32(inst->data, "rootHash", root.b)) ||
	    (rc = berth_chain_from_json(out, berth_json_clone(package))))
		return rc;
	return berth_chain_accept(&r, *out, &p);
}

/* The other side goes into r; every one of them parts from c at the same place. */
static enum berth_err refuse(struct berth_resolution *r, const struct berth_chain *c, const struct berth_chain *other, size_t *at)
{
	size_t here;

	if (berth_chain_compare(c, other, &here) != BERTH_CHAIN_FORK)
		return berth_fail(BERTH_E_NOMATCH, "the chains do not fork");
	if (r->n_refused && here != *at)
		return berth_fail(BERTH_E_USAGE, "one fork at a time: entries %zu and %zu", *at, here);
	*at = here;
	r->refused[r->n_refused++] = other->oc[here].obj.hash;
	return BERTH_OK;
}

static enum berth_err refuse_all(struct berth_resolution *r, const struct berth_instance *inst, const struct berth_chain *c,
				 const struct berth_json *others, size_t *at)
{
	struct berth_chain *other;
	enum berth_err rc = BERTH_OK;

	berth_json_each(package, others) {
		if (!(rc = open_chain(&other, inst, package)))
			rc = refuse(r, c, other, at);
		berth_chain_free(other);
		if (rc)
			return rc;
	}
	return rc;
}

/* Where c forks from all the others, with what is to be signed of it. */
static enum berth_err read_fork(struct berth_resolution *r, const struct berth_instance *inst, const struct berth_event *ev,
				const struct berth_chain *c, size_t *at)
{
	const struct berth_json *others;
	enum berth_err rc;

	if ((rc = berth_json_req_arr(ev->args, "refused", BERTH_REFUSED_MAX, &others)) ||
	    (rc = refuse_all(r, inst, c, others, at)))
		return rc;
	if (!r->n_refused)
		return berth_fail(BERTH_E_USAGE, "refused: no chain");
	if (!c->dc.recovery)
		return berth_fail(BERTH_E_AUTHZ, "the DeviceCredential does not let the ownershipRoot decide");
	if (c->n >= BERTH_CHAIN_ENTRIES_MAX)
		return berth_fail(BERTH_E_SIZE, "the chain has no room for the entry that says so");
	r->device = c->dc.factory_did;
	r->device_credential = c->dc.obj.hash;
	r->chosen = c->oc[*at].obj.hash;
	return BERTH_OK;
}

/* The entry that carries the word: by the root, for whom the chain ends at. */
static enum berth_err sign_entry(struct berth_env *env, const struct berth_chain *c, const struct berth_resolution *r,
				 struct berth_buf *out)
{
	const struct berth_identity *root = env->identity(env, BERTH_ID_ROOT);
	const struct berth_ownership *tip = &c->oc[c->n - 1];
	struct berth_ownership oc = { .device = c->dc.factory_did, .next_owner = tip->next_owner, .has_prev = true,
		.prev = tip->obj.hash, .device_credential = c->dc.obj.hash, .seq = (int64_t)c->n, .epoch = tip->epoch,
		.transferable = tip->transferable, .recovery = true, .issued_s = env->now_s < 0 ? 0 : env->now_s };
	struct berth_buf word = BERTH_BUF_INIT;
	enum berth_err rc;

	if (!root || !berth_did_same(root->did, c->dc.root.did))
		return berth_fail(BERTH_E_AUTHZ, "this device's ownershipRoot is another");
	if (!(rc = berth_resolution_build(&word, env->keys->keyring, root->sign_kid, r))) {
		oc.resolution = berth_buf_cstr(&word);
		rc = berth_ownership_build(out, env->keys->keyring, root->sign_kid, &oc);
	}
	berth_buf_free(&word);
	return rc;
}

/* What was said before of this fork, if it goes on from this very chain; NULL: nothing yet. */
static enum berth_err said_before(const struct berth_json *resolved, const char *fork, const struct berth_chain *c, const char **entry)
{
	struct berth_ownership oc;
	enum berth_err rc;

	if (!(*entry = berth_data_str(resolved, fork)))
		return berth_json_len(resolved) < RESOLVED_MAX ? BERTH_OK : berth_fail(BERTH_E_QUOTA, "%d forks of this device", RESOLVED_MAX);
	if ((rc = berth_ownership_parse(&oc, *entry, strlen(*entry))))
		return rc;
	if (!berth_hash_equal(&oc.prev, &c->oc[c->n - 1].obj.hash))
		rc = berth_fail(BERTH_E_AUTHZ, "this fork was resolved before, with another chain");
	berth_object_free(&oc.obj);
	return rc;
}

/* The package with the entry at its end.  A delegation is of the tip before. */
static enum berth_err give(struct berth_effects *fx, const struct berth_json *package, const char *entry)
{
	fx->result = berth_json_clone(package);
	berth_json_remove(fx->result, "delegation");
	return berth_json_push_str(berth_json_get_mut(fx->result, "entries"), entry);
}

static enum berth_err say(struct berth_env *env, struct berth_instance *inst, struct berth_effects *fx,
			  const struct berth_chain *c, const struct berth_resolution *r, size_t at)
{
	struct berth_json *resolved = berth_data_obj(inst->data, "resolved");
	struct berth_buf compact = BERTH_BUF_INIT;
	const char *entry;
	char fork[65];
	enum berth_err rc;

	berth_hash_hex(fork, at ? &c->oc[at].prev : &c->dc.obj.hash);
	if ((rc = said_before(resolved, fork, c, &entry)))
		return rc;
	if (!entry) {
		if ((rc = sign_entry(env, c, r, &compact)) || (rc = berth_json_set_str(resolved, fork, berth_buf_cstr(&compact))))
			goto out;
		entry = berth_buf_cstr(&compact);
		berth_effects_audit(fx, "fork of device %s at entry %zu resolved: %zu refused, it is %.80s's",
				    berth_data_str(inst->data, "serial"), at, r->n_refused, c->oc[c->n - 1].next_owner.did);
	}
	rc = give(fx, c->json, entry);
out:
	berth_buf_free(&compact);
	return rc;
}

/* args: {"chain", "refused": [chains]}; result: the chain with the root's word.  E_HOLDER,
 * E_AUTHZ: a chain of another device; E_NOMATCH: it does not fork from all of them. */
enum berth_err factory_resolve(struct berth_env *env, struct berth_instance *inst,
			       const struct berth_event *ev, struct berth_effects *fx)
{
	const struct berth_json *package;
	struct berth_resolution r = { .n_refused = 0 };
	struct berth_chain *c = NULL;
	size_t at = 0;
	enum berth_err rc;

	if (!(rc = berth_json_req_obj(ev->args, "chain", &package)) && !(rc = open_chain(&c, inst, package)) &&
	    !(rc = read_fork(&r, inst, ev, c, &at)))
		rc = say(env, inst, fx, c, &r, at);
	berth_chain_free(c);
	return rc;
}
