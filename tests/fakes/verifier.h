/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_TESTS_FAKES_VERIFIER_H
#define BERTH_TESTS_FAKES_VERIFIER_H

#include "did/resolver.h"
#include "tests/fakes/json.h"
#include "tests/fakes/party.h"
#include "vc/vc.h"

/* What tests of credentials stand on: parties over one keyring, and a verifier that
 * each test begins with as if it were new. */
#define NOW INT64_C(1795440600)	/* 2026-11-23T13:30:00Z */

extern struct berth_keyring *kr;
extern struct berth_resolver resolver;
extern struct test_party issuer, holder, other;
extern struct berth_verify v;

/* For the set-up of a group, and its end. */
void test_verifier_make(enum test_party_kind of_holder, enum test_party_kind of_other);
int test_verifier_end(void **state);

/* challenge, domain: NULL without. */
void test_verifier_fresh(const char *challenge, const char *domain);
/* For the set-up of a test: with these. */
#define CHALLENGE "n-0S6_WzA2Mj"
#define DOMAIN "https://verifier.example"
int test_verifier_asks(void **state);

#endif
