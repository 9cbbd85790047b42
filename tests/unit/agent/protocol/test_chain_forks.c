/* SPDX-License-Identifier: Apache-2.0 */
/* Chains that are shorter, longer, or fork from what is known (ONBOARDING C.1a (a) to (c)). */
#include "tests/unit/agent/protocol/chain.h"

/* ---- (a), (b): prefixes ---- */

static void prefix_after_longer_is_refused(void **state)
{
	struct test_chain prefix;

	(void)state;
	CHECK_OK(accept(&t));
	remember(&t, 1);
	CHECK_OK(accept(&t));
	test_chain_branch(&prefix, &t, 1);
	CHECK_RC(BERTH_E_REPLAY, accept(&prefix));
	/* as long, or longer, but without those bytes */
	test_chain_sell(&w, &prefix, &w.a, &w.c);
	CHECK_RC(BERTH_E_AUTHZ, accept(&prefix));
	test_chain_sell(&w, &prefix, &w.c, &w.d);
	CHECK_RC(BERTH_E_AUTHZ, accept(&prefix));
	/* and what extends them */
	test_chain_sell(&w, &t, &w.b, &w.c);
	CHECK_OK(accept(&t));
	CHECK(result.seq == 2);
	test_chain_free(&prefix);
}

static void prefix_first_and_longer_within_the_window(void **state)
{
	struct test_chain prefix;
	struct berth_chain *chains[2];
	struct berth_chain_fork fork;
	size_t best, at;

	(void)state;
	test_chain_branch(&prefix, &t, 1);
	chains[0] = test_chain_parsed(&prefix);
	chains[1] = test_chain_parsed(&t);
	for (size_t i = 0; i < 2; i++)
		CHECK_OK(berth_chain_accept(&result, chains[i], &policy));
	CHECK_OK(berth_chain_longest(&best, (const struct berth_chain *const *)chains, 2, &fork));
	CHECK(best == 1);
	CHECK(berth_chain_compare(chains[0], chains[1], &at) == BERTH_CHAIN_PREFIX && at == 1);
	CHECK(berth_chain_compare(chains[1], chains[0], &at) == BERTH_CHAIN_EXTENDS && at == 1);
	CHECK(berth_chain_compare(chains[1], chains[1], &at) == BERTH_CHAIN_SAME && at == 2);
	CHECK_RC(BERTH_E_NOMATCH, berth_chain_longest(&best, NULL, 0, &fork));
	berth_chain_free(chains[0]);
	berth_chain_free(chains[1]);
	test_chain_free(&prefix);
}

static void receipt_for(struct berth_receipt *out, const struct test_party *device, enum berth_receipt_role role,
			int64_t epoch, const struct berth_hash *tip, char **token)
{
	struct berth_receipt r;
	struct berth_buf b = BERTH_BUF_INIT;

	memset(&r, 0, sizeof(r));
	r.role = role;
	r.owner = w.a.did;
	r.epoch = epoch;
	r.tip = *tip;
	memset(r.nonce, 7, sizeof(r.nonce));
	r.erasure = BERTH_ERASURE_OVERWRITTEN;
	CHECK_OK(berth_receipt_build(&b, w.kr, device->kid, &r));
	*token = test_take(&b);
	CHECK_OK(berth_receipt_parse(out, *token, strlen(*token)));
	CHECK(out->role == role && !strcmp(out->owner, w.a.did) && out->nonce[31] == 7);
}

static enum berth_err check_receipt(enum berth_chain_taken *taken, const struct test_party *device,
				    enum berth_receipt_role role, int64_t epoch, const struct berth_hash *tip)
{
	struct berth_chain *c = test_chain_parsed(&t);
	struct berth_receipt r;
	enum berth_err rc;
	char *token;

	receipt_for(&r, device, role, epoch, tip, &token);
	rc = berth_chain_check_receipt(taken, c, &r);
	berth_object_free(&r.obj);
	free(token);
	berth_chain_free(c);
	return rc;
}

static void prefix_alone_is_reported_by_the_later_owners_import(void **state)
{
	struct test_chain prefix;
	struct berth_hash foreign = { { 9 } };
	enum berth_chain_taken taken;

	(void)state;
	test_chain_branch(&prefix, &t, 1);
	CHECK_OK(accept(&prefix));	/* a fresh device cannot know better */
	CHECK_OK(check_receipt(&taken, &w.device, BERTH_RECEIPT_OWNERSHIP, 1, &prefix.hash[0]));
	CHECK(taken == BERTH_CHAIN_TAKEN_BY_EARLIER);
	CHECK(!strcmp(berth_chain_taken_name(taken), "taken-by-earlier-owner"));
	CHECK_OK(check_receipt(&taken, &w.device, BERTH_RECEIPT_OWNERSHIP, 1, &t.hash[1]));
	CHECK(taken == BERTH_CHAIN_OURS);
	CHECK_OK(check_receipt(&taken, &w.device, BERTH_RECEIPT_OWNERSHIP, 1, &foreign));
	CHECK(taken == BERTH_CHAIN_TAKEN_BY_OTHER);
	CHECK_OK(check_receipt(&taken, &w.device, BERTH_RECEIPT_RELEASED, 1, &t.hash[0]));
	CHECK(taken == BERTH_CHAIN_FREE);
	CHECK_OK(check_receipt(&taken, &w.device, BERTH_RECEIPT_OWNERSHIP, 0, &t.hash[0]));
	CHECK(taken == BERTH_CHAIN_FREE);
	CHECK_RC(BERTH_E_HOLDER, check_receipt(&taken, &w.device2, BERTH_RECEIPT_OWNERSHIP, 1, &t.hash[0]));
	test_chain_free(&prefix);
}

/* ---- (c): forks ---- */

struct fork {
	struct test_chain other;	/* root -> A -> C: the other side */
	struct berth_hash entries[2];
};

static void make_fork(struct fork *f)
{
	struct berth_chain *chains[2];
	struct berth_chain_fork found;
	size_t best;

	test_chain_branch(&f->other, &t, 1);
	test_chain_sell(&w, &f->other, &w.a, &w.c);
	chains[0] = test_chain_parsed(&t);
	chains[1] = test_chain_parsed(&f->other);
	CHECK(berth_chain_compare(chains[0], chains[1], &best) == BERTH_CHAIN_FORK && best == 1);
	CHECK_RC(BERTH_E_AUTHZ, berth_chain_longest(&best, (const struct berth_chain *const *)chains, 2, &found));
	CHECK(found.at == 1 && berth_hash_equal(&found.entry[0], &t.hash[1]) &&
	      berth_hash_equal(&found.entry[1], &f->other.hash[1]));
	memcpy(f->entries, found.entry, sizeof(f->entries));
	policy.forked = f->entries;
	policy.n_forked = 2;
	berth_chain_free(chains[0]);
	berth_chain_free(chains[1]);
}

/* The resolution as somebody signs it. */
static char *resolution_by(const struct test_party *by, const struct berth_hash *chosen,
			   const struct berth_hash *refused)
{
	struct berth_resolution r;
	struct berth_buf b = BERTH_BUF_INIT;

	memset(&r, 0, sizeof(r));
	r.device = w.device.did;
	r.device_credential = t.dc_hash;
	r.chosen = *chosen;
	r.refused[0] = *refused;
	r.n_refused = 1;
	CHECK_OK(berth_resolution_build(&b, w.kr, by->kid, &r));
	return test_take(&b);
}

static enum berth_err resolved(const struct test_party *by, const struct berth_hash *chosen,
			       const struct berth_hash *refused)
{
	char *token = resolution_by(by, chosen, refused);
	struct berth_ownership oc;
	enum berth_err rc;

	test_chain_next(&w, &t, &w.d, &oc);
	oc.resolution = token;
	rc = accept_with(&w.b, &oc);
	free(token);
	return rc;
}

static void fork_is_refused_on_both_sides(void **state)
{
	struct fork f;
	struct berth_ownership oc;

	(void)state;
	make_fork(&f);
	CHECK_RC(BERTH_E_AUTHZ, accept(&t));
	CHECK_RC(BERTH_E_AUTHZ, accept(&f.other));
	test_chain_next(&w, &t, &w.d, &oc);	/* neither does growing help */
	CHECK_RC(BERTH_E_AUTHZ, accept_with(&w.b, &oc));
	policy.forked = NULL;
	policy.n_forked = 0;
	CHECK_OK(accept(&t));
	test_chain_free(&f.other);
}

static void fork_resolved_by_the_root(void **state)
{
	struct fork f;

	(void)state;
	make_fork(&f);
	CHECK_OK(resolved(&w.root, &f.entries[0], &f.entries[1]));
	CHECK(result.seq == 2);
	CHECK_RC(BERTH_E_AUTHZ, resolved(&w.root, &f.entries[1], &f.entries[0]));	/* the other side */
	CHECK_RC(BERTH_E_AUTHZ, resolved(&w.a, &f.entries[0], &f.entries[1]));		/* not the root */
	CHECK_RC(BERTH_E_AUTHZ, resolved(&w.b, &f.entries[0], &f.entries[1]));
	test_chain_free(&f.other);
}

static void fork_resolved_only_where_recovery_was_agreed(void **state)
{
	struct berth_device_credential dc;
	struct fork f;

	(void)state;
	test_chain_free(&t);
	test_world_dc(&w, &dc);
	dc.recovery = false;
	test_chain_start(&t, test_build_dc(&w, &w.maker, &dc));
	test_chain_sell(&w, &t, &w.root, &w.a);
	test_chain_sell(&w, &t, &w.a, &w.b);
	make_fork(&f);
	CHECK_RC(BERTH_E_AUTHZ, resolved(&w.root, &f.entries[0], &f.entries[1]));
	test_chain_free(&f.other);
}

static void fork_resolved_by_the_operator(void **state)
{
	struct fork f;
	struct berth_ownership oc;

	(void)state;
	make_fork(&f);
	policy.accept_tip = &f.other.hash[1];
	CHECK_OK(accept(&f.other));
	CHECK_RC(BERTH_E_AUTHZ, accept(&t));
	policy.accept_tip = &t.hash[1];
	CHECK_OK(accept(&t));
	test_chain_next(&w, &t, &w.d, &oc);	/* and what grows from it */
	CHECK_OK(accept_with(&w.b, &oc));
	policy.accept_tip = &t.hash[0];		/* that says nothing about the fork */
	CHECK_RC(BERTH_E_AUTHZ, accept(&t));
	/* the operator cannot undo what was accepted */
	remember(&t, 1);
	policy.accept_tip = &f.other.hash[1];
	CHECK_RC(BERTH_E_AUTHZ, accept(&f.other));
	CHECK_OK(accept(&t));			/* decided is decided */
	test_chain_free(&f.other);
}

static void two_first_entries_are_a_fork_too(void **state)
{
	struct test_chain other;
	struct berth_chain *x = test_chain_parsed(&t), *y;
	size_t at = 7;

	(void)state;
	test_chain_branch(&other, &t, 0);
	test_chain_sell(&w, &other, &w.root, &w.c);
	y = test_chain_parsed(&other);
	CHECK(berth_chain_compare(x, y, &at) == BERTH_CHAIN_FORK && at == 0);
	berth_chain_free(x);
	berth_chain_free(y);
	test_chain_free(&other);
}

static void unrelated_chains(void **state)
{
	struct berth_device_credential dc;
	struct test_chain other;
	struct berth_chain *chains[2];
	struct berth_chain_fork fork;
	size_t best;

	(void)state;
	test_world_dc(&w, &dc);
	dc.serial = "SN-0002";
	test_chain_start(&other, test_build_dc(&w, &w.maker, &dc));
	test_chain_sell(&w, &other, &w.root, &w.a);
	chains[0] = test_chain_parsed(&t);
	chains[1] = test_chain_parsed(&other);
	CHECK(berth_chain_compare(chains[0], chains[1], NULL) == BERTH_CHAIN_UNRELATED);
	CHECK_RC(BERTH_E_HOLDER, berth_chain_longest(&best, (const struct berth_chain *const *)chains, 2, &fork));
	berth_chain_free(chains[0]);
	berth_chain_free(chains[1]);
	test_chain_free(&other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(prefix_after_longer_is_refused), T(prefix_first_and_longer_within_the_window),
		T(prefix_alone_is_reported_by_the_later_owners_import), T(fork_is_refused_on_both_sides),
		T(fork_resolved_by_the_root), T(fork_resolved_only_where_recovery_was_agreed),
		T(fork_resolved_by_the_operator), T(two_first_entries_are_a_fork_too), T(unrelated_chains),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
