/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_TESTS_UNIT_DID_BASE_JSON_H
#define BERTH_TESTS_UNIT_DID_BASE_JSON_H

/* Texts that are read, checked and printed. */
#include "did/base/json.h"
#include "tests/check.h"

static const char message[] =
	"{\"id\":\"1234567890\",\"type\":\"https://didcomm.org/x/1.0/y\",\"from\":\"did:example:alice\",\"to\":"
	"[\"did:example:bob\"],\"created_time\":1516269022,\"body\":{\"a\":[true,false,null,-1.5e3,\"\\ud83d\\ude00\"]}}";

static inline enum berth_err read_all(const char *p, size_t n, size_t max)
{
	enum berth_err rc = berth_json_check(p, n, max);
	struct berth_json *tree;

	CHECK_RC(rc, berth_json_parse(&tree, p, n, max));
	CHECK(!rc == !!tree);
	berth_json_free(tree);
	return rc;
}

static inline enum berth_err check(const char *text)
{
	size_t n = strlen(text);
	char *exact = malloc(n ? n : 1);	/* ASan sees an over-read */
	enum berth_err rc;

	memcpy(exact, text, n);
	rc = read_all(exact, n, BERTH_JSON_MAX);
	free(exact);
	return rc;
}

static inline struct berth_json *parsed(const char *text)
{
	struct berth_json *v;

	CHECK_OK(berth_json_parse(&v, text, strlen(text), BERTH_JSON_MAX));
	return v;
}

static inline void prints_as(const struct berth_json *v, const char *want)
{
	struct berth_buf out = BERTH_BUF_INIT;

	CHECK_OK(berth_json_print(&out, v));
	assert_string_equal(berth_buf_cstr(&out), want);
	berth_buf_free(&out);
}

static inline void round_trip(const char *text, const char *want)
{
	struct berth_json *v = parsed(text);

	prints_as(v, want);
	berth_json_free(v);
}

#endif
