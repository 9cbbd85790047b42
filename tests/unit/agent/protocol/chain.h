/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_TESTS_UNIT_AGENT_PROTOCOL_CHAIN_H
#define BERTH_TESTS_UNIT_AGENT_PROTOCOL_CHAIN_H

/* A chain of ownership, root -> A -> B, made anew for each test, and what judges it. */
#include "tests/check.h"
#include "tests/fakes/world.h"

static struct test_world w;
static struct test_chain t;		/* root -> A -> B, one epoch */
static struct berth_chain_policy policy;
static struct berth_chain_issuer issuer;
static struct berth_chain_result result;

static inline int setup(void **state)
{
	(void)state;
	test_world_make(&w);
	return 0;
}

static inline int teardown(void **state)
{
	(void)state;
	test_world_free(&w);
	return 0;
}

static inline void start(struct test_chain *out)
{
	struct berth_device_credential dc;

	test_world_dc(&w, &dc);
	test_chain_start(out, test_build_dc(&w, &w.maker, &dc));
}

static inline int fresh(void **state)
{
	(void)state;
	start(&t);
	test_chain_sell(&w, &t, &w.root, &w.a);
	test_chain_sell(&w, &t, &w.a, &w.b);
	issuer = (struct berth_chain_issuer){ w.maker.did, NULL };
	policy = (struct berth_chain_policy){ .issuers = &issuer, .n_issuers = 1, .floor_s = 1795000000 };
	policy.factory_did = w.device.did;
	policy.has_epoch = true;
	policy.epoch = 1;
	return 0;
}

static inline int done(void **state)
{
	(void)state;
	test_chain_free(&t);
	return 0;
}

static inline enum berth_err accept(const struct test_chain *chain)
{
	struct berth_chain *c = test_chain_parsed(chain);
	enum berth_err rc = berth_chain_accept(&result, c, &policy);

	/* text of a result lives with its chain */
	result.owner.did = result.delegate = NULL;
	berth_chain_free(c);
	return rc;
}

/* The chain with one entry more, which somebody made differently. */
static inline enum berth_err accept_with(const struct test_party *by, const struct berth_ownership *oc)
{
	struct test_chain more;
	enum berth_err rc;

	test_chain_branch(&more, &t, t.n);
	test_chain_add(&w, &more, by, oc);
	rc = accept(&more);
	test_chain_free(&more);
	return rc;
}

static inline void remember(const struct test_chain *chain, size_t i)
{
	policy.accepted = &chain->hash[i];
	policy.accepted_seq = (int64_t)i;
}

#define T(f) cmocka_unit_test_setup_teardown(f, fresh, done)

#endif /* BERTH_TESTS_UNIT_AGENT_PROTOCOL_CHAIN_H */
