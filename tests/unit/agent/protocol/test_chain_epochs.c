/* SPDX-License-Identifier: Apache-2.0 */
/* Releases and recovery, and whom an owner lets act (C.1a (e)). */
#include "tests/unit/agent/protocol/chain.h"

/* ---- (e): epochs and release ---- */

static const struct berth_hash receipt_hash = { { 0x5e } };

static void released_to(struct berth_ownership *oc, const struct test_party *to)
{
	test_chain_next(&w, &t, to, oc);
	oc->epoch = 2;
	oc->has_release_receipt = true;
	oc->release_receipt = receipt_hash;
}

static void epochs_rise_by_one_with_the_receipt(void **state)
{
	struct berth_ownership oc;

	(void)state;
	released_to(&oc, &w.c);
	policy.epoch = 2;
	CHECK_OK(accept_with(&w.b, &oc));
	oc.has_release_receipt = false;		/* risen without it */
	CHECK_RC(BERTH_E_AUTHZ, accept_with(&w.b, &oc));
	oc.has_release_receipt = true;
	oc.epoch = 3;				/* by two */
	CHECK_RC(BERTH_E_AUTHZ, accept_with(&w.b, &oc));
	oc.epoch = 1;				/* the receipt, and not risen */
	CHECK_RC(BERTH_E_AUTHZ, accept_with(&w.b, &oc));
	oc.has_release_receipt = false;
	oc.epoch = 0;				/* fallen */
	CHECK_RC(BERTH_E_AUTHZ, accept_with(&w.b, &oc));
}

static void the_tip_is_of_the_devices_epoch(void **state)
{
	(void)state;
	policy.epoch = 2;
	CHECK_RC(BERTH_E_REPLAY, accept(&t));
	policy.epoch = 0;
	CHECK_RC(BERTH_E_AUTHZ, accept(&t));
	policy.has_epoch = false;	/* an owner's import, a rendezvous */
	CHECK_OK(accept(&t));
}

static void release_to_b_with_a_sale_to_c(void **state)
{
	struct berth_ownership oc;
	struct berth_hash other = receipt_hash;

	(void)state;
	remember(&t, 1);
	policy.epoch = 2;
	policy.release_receipt = &receipt_hash;
	policy.release_next_owner = w.d.did;	/* the ReleaseCredential named D */
	CHECK_RC(BERTH_E_REPLAY, accept(&t));	/* the owner that released comes back */
	released_to(&oc, &w.c);
	CHECK_RC(BERTH_E_AUTHZ, accept_with(&w.b, &oc));
	released_to(&oc, &w.d);
	CHECK_OK(accept_with(&w.b, &oc));
	other.b[31] = 1;			/* another device's receipt, or an older one */
	oc.release_receipt = other;
	CHECK_RC(BERTH_E_AUTHZ, accept_with(&w.b, &oc));
	policy.release_next_owner = NULL;	/* the release bound nobody */
	released_to(&oc, &w.c);
	CHECK_OK(accept_with(&w.b, &oc));
}

/* ---- recovery ---- */

static void recovery_by_the_root(void **state)
{
	struct berth_device_credential dc;
	struct berth_ownership oc;

	(void)state;
	test_chain_next(&w, &t, &w.d, &oc);
	oc.recovery = true;
	CHECK_OK(accept_with(&w.root, &oc));
	CHECK_RC(BERTH_E_AUTHZ, accept_with(&w.b, &oc));	/* an owner is no root */
	test_chain_free(&t);
	test_world_dc(&w, &dc);
	dc.recovery = false;
	test_chain_start(&t, test_build_dc(&w, &w.maker, &dc));
	test_chain_sell(&w, &t, &w.root, &w.a);
	test_chain_next(&w, &t, &w.d, &oc);
	oc.recovery = true;
	CHECK_RC(BERTH_E_AUTHZ, accept_with(&w.root, &oc));
}

/* ---- delegation ---- */

static struct berth_delegation delegation(void)
{
	struct berth_delegation d;

	memset(&d, 0, sizeof(d));
	d.delegate = w.agent.did_long;
	d.scope[0] = BERTH_SCOPE_ONBOARD;
	d.n_scope = 1;
	d.tip = t.hash[t.n - 1];
	d.dseq = 5;
	d.exp_s = 1796000000;
	return d;
}

static enum berth_err delegated(const struct test_party *by, const struct berth_delegation *d)
{
	test_chain_delegate(&w, &t, by, d);
	return accept(&t);
}

static void delegation_of_the_tip_owner(void **state)
{
	struct berth_delegation d = delegation();
	struct berth_chain *c;

	(void)state;
	test_chain_delegate(&w, &t, &w.b, &d);
	c = test_chain_parsed(&t);
	CHECK_OK(berth_chain_accept(&result, c, &policy));
	CHECK(!strcmp(result.delegate, w.agent.did_long) && result.dseq == 5);
	CHECK(result.delegation_exp_s == 1796000000);
	CHECK(berth_hash_equal(&result.delegation, &c->delegation.obj.hash));
	berth_chain_free(c);
	CHECK_RC(BERTH_E_AUTHZ, delegated(&w.a, &d));		/* not the tip's owner */
	d.tip = t.hash[0];
	CHECK_RC(BERTH_E_AUTHZ, delegated(&w.b, &d));
	d = delegation();
	d.scope[0] = "renew";
	CHECK_RC(BERTH_E_AUTHZ, delegated(&w.b, &d));
	d.n_scope = 0;
	CHECK_RC(BERTH_E_AUTHZ, delegated(&w.b, &d));
	d = delegation();
	d.delegate = "did:web:agent.example";
	CHECK_RC(BERTH_E_DID, delegated(&w.b, &d));
}

static void delegation_expires_at_the_floor(void **state)
{
	struct berth_delegation d = delegation();

	(void)state;
	policy.floor_s = d.exp_s;
	CHECK_RC(BERTH_E_EXPIRED, delegated(&w.b, &d));
	policy.floor_s = d.exp_s - 1;
	CHECK_OK(delegated(&w.b, &d));
	/* the DeviceCredential's date is a floor as well */
	policy.floor_s = 0;
	d.exp_s = 1795000000;
	CHECK_RC(BERTH_E_EXPIRED, delegated(&w.b, &d));
	d.exp_s = 1795000001;
	CHECK_OK(delegated(&w.b, &d));
}

static void older_delegations_are_refused(void **state)
{
	struct berth_delegation d = delegation();

	(void)state;
	policy.dseq_tip = &t.hash[1];
	policy.dseq = 6;
	CHECK_RC(BERTH_E_REPLAY, delegated(&w.b, &d));
	d.dseq = 6;
	CHECK_OK(delegated(&w.b, &d));
	d.dseq = 7;
	CHECK_OK(delegated(&w.b, &d));
	d.dseq = 1;
	policy.dseq_tip = &t.hash[0];	/* counted per tip */
	CHECK_OK(delegated(&w.b, &d));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(epochs_rise_by_one_with_the_receipt), T(the_tip_is_of_the_devices_epoch),
		T(release_to_b_with_a_sale_to_c), T(recovery_by_the_root), T(delegation_of_the_tip_owner),
		T(delegation_expires_at_the_floor), T(older_delegations_are_refused),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
