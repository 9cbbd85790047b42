/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_TESTS_FAKES_LDEVID_H
#define BERTH_TESTS_FAKES_LDEVID_H

#include "did/crypto/x509_ldevid.h"
#include "tests/fakes/story.h"

/* A CA of an owner's own, for as long as a test wants it. */
struct test_ldevid {
	struct berth_x509_chain ca;
};

/* The CA's key is made in the owner's keystore, its certificate valid for life_s from now;
 * from now on the owner certifies. */
void test_ldevid_begin(struct test_ldevid *l, struct sim_node *owner, int64_t life_s);
void test_ldevid_free(struct test_ldevid *l);

/* The certificates of a "ldevid" member; berth_x509_chain_free().  False: there are none. */
bool test_ldevid_chain(struct berth_x509_chain *c, const struct berth_json *ldevid);
/* The gateway's active certificate is for its active identity: key, DID and CA. */
bool test_ldevid_is_pair(struct story *s);
/* A certificate by the owner's CA for whatever key and name, as member "certs". */
struct berth_json *test_ldevid_certs(struct sim_node *owner, const struct test_ldevid *l, const struct berth_pubkey *key,
				     const char *did);

#endif
