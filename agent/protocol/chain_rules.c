/* SPDX-License-Identifier: Apache-2.0 */
/* Chain acceptance (ONBOARDING C.1a): who owns this device, as far as signatures
 * and what the device remembers can say.  No clock but the floor of delegations,
 * no network but the resolver for a manufacturer's DID. */
#include <string.h>

#include "agent/protocol/chain.h"
#include "agent/protocol/object.h"
#include "did/base/secret.h"
#include "did/url.h"

struct judge {
	const struct berth_chain *c;
	const struct berth_chain_policy *p;
};

/* ---- the manufacturer's word ---- */

/* Documents of the package, for a DID whose key was pinned. */
struct docs_resolver {
	struct berth_resolver base;
	const struct berth_json *docs;
};

static enum berth_err docs_resolve(struct berth_resolver *r, const char *did, struct berth_did_doc **out)
{
	const struct berth_json *doc = berth_json_get(((struct docs_resolver *)r)->docs, did);
	struct berth_json *copy;

	*out = NULL;
	if (!doc)
		return berth_fail(BERTH_E_RESOLVE, "no document in the package");
	if (!(copy = berth_json_clone(doc)))
		return berth_no_memory();
	return berth_did_doc_from_json(out, copy, did);
}

static const struct berth_chain_issuer *find_issuer(const struct judge *j)
{
	for (size_t i = 0; i < j->p->n_issuers; i++)
		if (berth_did_same(j->p->issuers[i].did, j->c->dc.obj.issuer))
			return &j->p->issuers[i];
	return NULL;
}

static enum berth_err check_manufacturer(const struct judge *j)
{
	const struct berth_device_credential *dc = &j->c->dc;
	const struct berth_chain_issuer *issuer = find_issuer(j);
	const uint8_t *pin = issuer ? issuer->jkt : NULL;
	struct docs_resolver docs = { { .resolve = docs_resolve }, j->c->docs };
	struct berth_resolver *resolver = j->p->resolver;
	uint8_t jkt[32];
	enum berth_err rc;

	/* A device knows its own by heart. */
	if (j->p->device_credential) {
		if (!berth_hash_equal(j->p->device_credential, &dc->obj.hash))
			return berth_fail(BERTH_E_AUTHZ, "not the DeviceCredential of this device's birth");
		return BERTH_OK;
	}
	if (j->p->n_issuers > 0 && !issuer)
		return berth_fail(BERTH_E_AUTHZ, "DeviceCredential of an issuer that is not trusted");
	if (pin && berth_json_get(j->c->docs, dc->obj.issuer))
		resolver = &docs.base;
	if ((rc = berth_object_verify(&dc->obj, resolver, NULL, pin)) ||
	    (rc = berth_kid_thumbprint(jkt, resolver, dc->obj.kid)))
		return rc;
	/* "ownershipRoot (a key apart from the issuing key)" */
	if (berth_equal_ct(jkt, dc->root.jkt, sizeof(jkt)))
		return berth_fail(BERTH_E_AUTHZ, "ownershipRoot is the issuing key");
	return BERTH_OK;
}

static enum berth_err check_device(const struct judge *j)
{
	const struct berth_device_credential *dc = &j->c->dc;
	struct berth_hash root;
	enum berth_err rc;

	if (j->p->factory_did && !berth_did_same(j->p->factory_did, dc->factory_did))
		return berth_fail(BERTH_E_HOLDER, "chain of another device");
	if ((rc = check_manufacturer(j)) || (rc = berth_owner_check(&dc->root)) ||
	    (rc = berth_root_hash(&root, &dc->root)))
		return rc;
	if (j->p->root && !berth_hash_equal(j->p->root, &root))
		return berth_fail(BERTH_E_AUTHZ, "not the ownershipRoot of this device's birth");
	return BERTH_OK;
}

/* ---- the entries ---- */

/* (e): "epochs along a chain rise by 0 or 1, and by 1 only where the release
 * receipt's hash stands". */
static enum berth_err check_epoch(const struct judge *j, size_t i)
{
	const struct berth_ownership *oc = &j->c->oc[i];
	int64_t before = i ? oc[-1].epoch : j->c->dc.epoch0;

	if (oc->epoch != before + (oc->has_release_receipt ? 1 : 0) || (i == 0 && oc->has_release_receipt))
		return berth_fail(BERTH_E_AUTHZ, "entries[%zu]: epoch %lld after %lld", i,
				  (long long)oc->epoch, (long long)before);
	return BERTH_OK;
}

static enum berth_err check_place(const struct judge *j, size_t i)
{
	const struct berth_ownership *oc = &j->c->oc[i];

	if (oc->seq != (int64_t)i)
		return berth_fail(BERTH_E_VC, "entries[%zu]: seq %lld", i, (long long)oc->seq);
	if (i && !berth_hash_equal(&oc->prev, &oc[-1].obj.hash))
		return berth_fail(BERTH_E_VC, "entries[%zu]: prev is not the entry before", i);
	if (!berth_did_same(oc->device, j->c->dc.factory_did))
		return berth_fail(BERTH_E_HOLDER, "entries[%zu]: made for another device", i);
	if (!berth_hash_equal(&oc->device_credential, &j->c->dc.obj.hash))
		return berth_fail(BERTH_E_AUTHZ, "entries[%zu]: of another DeviceCredential", i);
	return BERTH_OK;
}

/* Signed by the one whom the entry before names; by the root for the first one
 * and, where the DeviceCredential lets buyers see it, for recovery. */
static enum berth_err check_entry(const struct judge *j, size_t i)
{
	const struct berth_ownership *oc = &j->c->oc[i];
	const struct berth_owner_ref *by = i && !oc->recovery ? &oc[-1].next_owner : &j->c->dc.root;
	enum berth_err rc;

	if (oc->recovery && (i == 0 || !j->c->dc.recovery))
		return berth_fail(BERTH_E_AUTHZ, "entries[%zu]: recovery was not agreed", i);
	if ((rc = berth_object_verify(&oc->obj, NULL, by->did, by->jkt)) || (rc = check_place(j, i)) ||
	    (rc = check_epoch(j, i)))
		return rc;
	if (i && !oc->recovery && !oc[-1].transferable)
		return berth_fail(BERTH_E_AUTHZ, "entries[%zu]: the one before was not transferable", i);
	return berth_owner_check(&oc->next_owner);
}

/* ---- documents ---- */

static const struct berth_owner_ref *named_owner(const struct berth_chain *c, const char *did)
{
	if (berth_did_same(c->dc.root.did, did))
		return &c->dc.root;
	for (size_t i = 0; i < c->n; i++)
		if (berth_did_same(c->oc[i].next_owner.did, did))
			return &c->oc[i].next_owner;
	return NULL;
}

/* Owners' own documents are computed from their DIDs; one that comes along must
 * say the same key. */
static enum berth_err check_doc(const struct judge *j, const char *did, const struct berth_json *json)
{
	const struct berth_owner_ref *owner = named_owner(j->c, did);
	struct berth_json *copy = berth_json_clone(json);
	struct berth_did_doc *doc = NULL;
	const struct berth_vm *vm;
	bool found = !owner;
	enum berth_err rc;

	if (!copy)
		return berth_no_memory();
	if ((rc = berth_did_doc_from_json(&doc, copy, did)))
		return rc;
	for (size_t i = 0; !found && (vm = berth_did_doc_nth(doc, BERTH_REL_ASSERTION, i)); i++)
		found = berth_key_has_thumbprint(&vm->key, owner->jkt);
	berth_did_doc_free(doc);
	return found ? BERTH_OK : berth_fail(BERTH_E_AUTHZ, "docs: a document without the key that was named");
}

static enum berth_err check_docs(const struct judge *j)
{
	enum berth_err rc;

	berth_json_each(it, j->c->docs) {
		const char *did = berth_json_key(it);

		if (!berth_is_did(did) || (!named_owner(j->c, did) && !berth_did_same(did, j->c->dc.obj.issuer)))
			return berth_fail(BERTH_E_VC, "docs: %.40s has no place in this chain", did);
		if ((rc = check_doc(j, did, it)))
			return rc;
	}
	return BERTH_OK;
}

/* ---- what the device remembers ---- */

/* (a): only chains that contain exactly the tip last accepted.  *after: how many
 * entries are decided. */
static enum berth_err check_memory(const struct judge *j, size_t *after)
{
	const struct berth_chain *c = j->c;

	*after = 0;
	if (!j->p->accepted)
		return BERTH_OK;
	if ((int64_t)c->n <= j->p->accepted_seq)
		return berth_fail(BERTH_E_REPLAY, "a chain of %zu entries after one of %lld", c->n,
				  (long long)j->p->accepted_seq + 1);
	if (j->p->accepted_seq < 0 ||
	    !berth_hash_equal(&c->oc[j->p->accepted_seq].obj.hash, j->p->accepted))
		return berth_fail(BERTH_E_AUTHZ, "the chain does not contain the tip that was accepted");
	*after = (size_t)j->p->accepted_seq + 1;
	return BERTH_OK;
}

/* (e): the entry that opens the new epoch answers the release that ended the old. */
static enum berth_err check_release(const struct judge *j, size_t after)
{
	const struct berth_ownership *oc;

	if (!j->p->release_receipt && !j->p->release_next_owner)
		return BERTH_OK;
	for (oc = &j->c->oc[after]; oc < &j->c->oc[j->c->n] && !oc->has_release_receipt; oc++)
		;
	if (oc == &j->c->oc[j->c->n])
		return berth_fail(BERTH_E_REPLAY, "released, and no entry says so");
	if (j->p->release_receipt && !berth_hash_equal(&oc->release_receipt, j->p->release_receipt))
		return berth_fail(BERTH_E_AUTHZ, "the new epoch stands on another receipt");
	if (j->p->release_next_owner && !berth_did_same(oc->next_owner.did, j->p->release_next_owner))
		return berth_fail(BERTH_E_AUTHZ, "released to another owner than this");
	return BERTH_OK;
}

static enum berth_err check_current(const struct judge *j)
{
	int64_t epoch = j->c->oc[j->c->n - 1].epoch;

	if (!j->p->has_epoch || epoch == j->p->epoch)
		return BERTH_OK;
	if (epoch < j->p->epoch)
		return berth_fail(BERTH_E_REPLAY, "epoch %lld is over", (long long)epoch);
	return berth_fail(BERTH_E_AUTHZ, "epoch %lld has not begun", (long long)epoch);
}

/* ---- (c) forks ---- */

/* Entry k carries the root's word that entry i is the branch that holds. */
static enum berth_err check_resolution(const struct judge *j, size_t i, size_t k)
{
	const struct berth_device_credential *dc = &j->c->dc;
	const char *token = j->c->oc[k].resolution;
	struct berth_resolution r;
	enum berth_err rc;

	if ((rc = berth_resolution_parse(&r, token, strlen(token))))
		return rc;
	if ((rc = berth_object_verify(&r.obj, NULL, dc->root.did, dc->root.jkt)))
		goto out;
	if (!dc->recovery || !berth_did_same(r.device, dc->factory_did) ||
	    !berth_hash_equal(&r.device_credential, &dc->obj.hash) ||
	    !berth_hash_equal(&r.chosen, &j->c->oc[i].obj.hash))
		rc = berth_fail(BERTH_E_AUTHZ, "entries[%zu]: no resolution of this fork", k);
out:
	berth_object_free(&r.obj);
	return rc;
}

static bool contains(const struct berth_chain *c, size_t from, const struct berth_hash *h)
{
	for (size_t i = from; h && i < c->n; i++)
		if (berth_hash_equal(&c->oc[i].obj.hash, h))
			return true;
	return false;
}

/* Both sides of a fork are refused, until the root (a later entry carries its
 * resolution) or the operator (accept_tip) says which one holds. */
static enum berth_err check_fork(const struct judge *j, size_t i)
{
	enum berth_err rc;

	if (contains(j->c, i, j->p->accept_tip))
		return BERTH_OK;
	for (size_t k = i + 1; k < j->c->n; k++) {
		if (!j->c->oc[k].resolution)
			continue;
		rc = check_resolution(j, i, k);
		if (rc != BERTH_E_AUTHZ)
			return rc;
	}
	return berth_fail(BERTH_E_AUTHZ, "entries[%zu] is one side of a fork", i);
}

static enum berth_err check_forks(const struct judge *j, size_t after)
{
	enum berth_err rc;

	for (size_t i = after; i < j->c->n; i++)
		for (size_t f = 0; f < j->p->n_forked; f++)
			if (berth_hash_equal(&j->c->oc[i].obj.hash, &j->p->forked[f]) &&
			    (rc = check_fork(j, i)))
				return rc;
	return BERTH_OK;
}

/* ---- delegation ---- */

static enum berth_err check_delegation(const struct judge *j, const struct berth_chain_result *r)
{
	const struct berth_delegation *d = &j->c->delegation;
	int64_t floor = j->p->floor_s > j->c->dc.issued_s ? j->p->floor_s : j->c->dc.issued_s;
	enum berth_err rc;

	if ((rc = berth_object_verify(&d->obj, NULL, r->owner.did, r->owner.jkt)) ||
	    (rc = berth_did_self_certifying(d->delegate)))
		return rc;
	if (!berth_hash_equal(&d->tip, &r->tip) || !berth_delegation_has_scope(d, BERTH_SCOPE_ONBOARD))
		return berth_fail(BERTH_E_AUTHZ, "delegation of another tip or scope");
	if (j->p->dseq_tip && berth_hash_equal(j->p->dseq_tip, &r->tip) && d->dseq < j->p->dseq)
		return berth_fail(BERTH_E_REPLAY, "delegation %lld after %lld", (long long)d->dseq,
				  (long long)j->p->dseq);
	if (d->exp_s <= floor)
		return berth_fail(BERTH_E_EXPIRED, "delegation");
	return BERTH_OK;
}

static enum berth_err fill_result(struct berth_chain_result *r, const struct judge *j)
{
	const struct berth_ownership *tip = &j->c->oc[j->c->n - 1];
	enum berth_err rc;

	r->tip = tip->obj.hash;
	r->seq = tip->seq;
	r->epoch = tip->epoch;
	r->owner = tip->next_owner;
	if (!j->c->has_delegation)
		return BERTH_OK;
	if ((rc = check_delegation(j, r)))
		return rc;
	r->delegate = j->c->delegation.delegate;
	r->delegation = j->c->delegation.obj.hash;
	r->dseq = j->c->delegation.dseq;
	r->delegation_exp_s = j->c->delegation.exp_s;
	return BERTH_OK;
}

enum berth_err berth_chain_accept(struct berth_chain_result *out, const struct berth_chain *c,
				  const struct berth_chain_policy *p)
{
	struct judge j = { c, p };
	struct berth_chain_result r;
	size_t after;
	enum berth_err rc;

	memset(out, 0, sizeof(*out));
	memset(&r, 0, sizeof(r));
	if ((rc = check_device(&j)))
		return rc;
	for (size_t i = 0; i < c->n; i++)
		if ((rc = check_entry(&j, i)))
			return rc;
	if ((rc = check_docs(&j)) || (rc = check_memory(&j, &after)) || (rc = check_current(&j)) ||
	    (rc = check_release(&j, after)) || (rc = check_forks(&j, after)) || (rc = fill_result(&r, &j)))
		return rc;
	*out = r;
	return BERTH_OK;
}
