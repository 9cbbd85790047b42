/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_TESTS_UNIT_VC_DI_H
#define BERTH_TESTS_UNIT_VC_DI_H

/* Data Integrity proofs, whatever their suite: what comes of text that is verified, and text
 * that is not quite the same.  Text to be verified is freed. */
#include "tests/check.h"
#include "tests/fakes/verifier.h"

static inline void expect(enum berth_err want, char *text)
{
	struct berth_report r;

	CHECK_RC(want, berth_vc_di_verify(&r, &v, text, strlen(text)));
	CHECK(r.first == want && r.verified == (want == BERTH_OK));
	CHECK((r.credential != NULL) == (r.signature == BERTH_CHECK_PASSED));
	berth_report_free(&r);
	free(text);
}

static inline void expect_vp(enum berth_err want, char *text)
{
	struct berth_report r;

	CHECK_RC(want, berth_vp_di_verify(&r, &v, text, strlen(text)));
	CHECK(r.first == want && r.verified == (want == BERTH_OK) && r.presentation);
	berth_report_free(&r);
	free(text);
}

/* The text of a document where the member at path (names with blanks between) is set to a value,
 * or removed. */
static inline char *changed(const char *text, const char *path, const char *value)
{
	struct berth_json *doc = test_json(text), *at = doc;
	struct berth_buf b = BERTH_BUF_INIT;
	char name[64];
	size_t n;

	while ((n = strcspn(path, " "))) {
		snprintf(name, sizeof(name), "%.*s", (int)n, path);
		path += n;
		if (!*path)
			break;
		path++;
		at = berth_json_get_mut(at, name);
		CHECK(at != NULL);
	}
	if (value)
		CHECK_OK(berth_json_set(at, name, test_json(value)));
	else
		berth_json_remove(at, name);
	CHECK_OK(berth_json_print(&b, doc));
	berth_json_free(doc);
	return test_take(&b);
}

#endif
