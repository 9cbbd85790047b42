/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_TESTS_FAKES_WEBVH_FORGE_H
#define BERTH_TESTS_FAKES_WEBVH_FORGE_H

#include "did/base/buf.h"
#include "did/base/key.h"

/* did:webvh logs whose hashes and signatures are right and whose contents need not be. */
struct test_webvh {
	struct berth_buf log;
	char scid[64], previous[128];	/* of the last entry: its versionId */
	unsigned n;
};

struct test_webvh_entry {
	const char *parameters, *state;	/* {SCID} stands for the SCID, also later */
	const char *time;		/* NULL: a day after the last */
	const struct berth_privkey *key;
	/* NULL: as it should be */
	const char *number;		/* of the versionId, up to and with the dash */
	const char *previous;		/* what is hashed instead of the versionId before */
	const char *method, *suite, *purpose;
	const char *more;		/* members of the proof, ",\"x\":1" */
};

/* did:key:KEY#KEY and its KEY; static storage, one of each at a time. */
const char *test_webvh_method(const struct berth_privkey *key);
const char *test_webvh_multikey(const struct berth_privkey *key);
void test_webvh_add(struct test_webvh *w, const struct test_webvh_entry *e);
void test_webvh_free(struct test_webvh *w);

/* Appends one element of did-witness.json: the approvals of n witnesses. */
void test_webvh_approve(struct berth_buf *out, const char *version_id, const struct berth_privkey *const *keys, size_t n);

#endif
