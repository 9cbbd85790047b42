/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_TESTS_FAKES_WORLD_H
#define BERTH_TESTS_FAKES_WORLD_H

#include "agent/protocol/chain.h"
#include "tests/fakes/party.h"

/* A manufacturer, a root, owners A to D, a delegate and two devices. */
struct test_world {
	struct berth_keyring *kr;
	struct test_party maker, root, a, b, c, d, agent, device, device2;
};
void test_world_make(struct test_world *w);
void test_world_free(struct test_world *w);

/* What a DeviceCredential of this world says; change it before building. */
void test_world_dc(const struct test_world *w, struct berth_device_credential *dc);
char *test_build_dc(const struct test_world *w, const struct test_party *by,
		    const struct berth_device_credential *dc);

/* A package under construction. */
struct test_chain {
	char *dc;
	struct berth_hash dc_hash;
	char *entries[BERTH_CHAIN_ENTRIES_MAX + 1];
	struct berth_hash hash[BERTH_CHAIN_ENTRIES_MAX + 1];
	int64_t epoch;
	size_t n;
	char *delegation;
	struct berth_json *docs;
};
void test_chain_start(struct test_chain *t, char *dc);	/* takes dc */
void test_chain_free(struct test_chain *t);
/* The same again, to branch off: the first n entries. */
void test_chain_branch(struct test_chain *out, const struct test_chain *t, size_t n);

/* The next entry as it should be; change it, then test_chain_add(). */
void test_chain_next(const struct test_world *w, const struct test_chain *t, const struct test_party *to,
		     struct berth_ownership *oc);
void test_chain_add(const struct test_world *w, struct test_chain *t, const struct test_party *by,
		    const struct berth_ownership *oc);
/* Both in one. */
void test_chain_sell(const struct test_world *w, struct test_chain *t, const struct test_party *by,
		     const struct test_party *to);
void test_chain_delegate(const struct test_world *w, struct test_chain *t, const struct test_party *by,
			 const struct berth_delegation *d);

struct berth_chain *test_chain_parsed(const struct test_chain *t);

#endif
