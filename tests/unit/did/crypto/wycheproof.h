/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_TESTS_CRYPTO_WYCHEPROOF_H
#define BERTH_TESTS_CRYPTO_WYCHEPROOF_H

/* Runs one Wycheproof file: "valid" must be accepted with the right output,
 * "invalid" refused, "acceptable" accepted unless it has the flag that the
 * caller refuses.  A case that our interface cannot express is listed with its
 * reason and not counted. */
#include "hex.h"

#include "did/base/json.h"
#include "did/codec/base64url.h"

#define WP_FOLDER "tests/vectors/wycheproof/"
#define WP_FILE_MAX ((size_t)4 << 20)

enum wp_verdict { WP_ACCEPTED, WP_REFUSED, WP_WRONG_OUTPUT, WP_NOT_APPLICABLE };

struct wp_case {
	const struct berth_json *group, *test;
	const char *why;	/* WP_NOT_APPLICABLE */
};

typedef enum wp_verdict wp_fn(struct wp_case *c);

static inline const char *wp_text(const struct berth_json *obj, const char *key)
{
	const char *s = berth_json_str(berth_json_get(obj, key));

	if (!s)
		fail_msg("no member %s", key);
	return s;
}

static inline uint8_t *wp_hex(const struct berth_json *obj, const char *key, size_t *len)
{
	return unhex(wp_text(obj, key), len);
}

static inline bool wp_has_flag(const struct berth_json *test, const char *flag)
{
	berth_json_each(f, berth_json_get(test, "flags"))
		if (flag && !strcmp(berth_json_str(f), flag))
			return true;
	return false;
}

static inline bool wp_judge(const struct berth_json *test, enum wp_verdict v, const char *refused_flag)
{
	const char *want = wp_text(test, "result");

	if (!strcmp(want, "valid"))
		return v == WP_ACCEPTED;
	if (!strcmp(want, "invalid"))
		return v == WP_REFUSED;
	return v == (wp_has_flag(test, refused_flag) ? WP_REFUSED : WP_ACCEPTED);
}

static inline void wp_run(const char *file, wp_fn *fn, const char *refused_flag)
{
	char path[128];
	size_t n, passed = 0, total = 0, stated;
	struct berth_json *root;

	snprintf(path, sizeof(path), WP_FOLDER "%s", file);
	char *text = test_read_file(path, &n);
	CHECK_OK(berth_json_parse(&root, text, n, WP_FILE_MAX));
	stated = (size_t)berth_json_num(berth_json_get(root, "numberOfTests"));
	berth_json_each(group, berth_json_get(root, "testGroups")) {
		berth_json_each(test, berth_json_get(group, "tests")) {
			struct wp_case c = { group, test, "" };
			enum wp_verdict v = fn(&c);
			int id = (int)berth_json_num(berth_json_get(test, "tcId"));

			stated--;
			if (v == WP_NOT_APPLICABLE) {
				printf("not applicable: %s #%d (%s, %s): %s\n", file, id,
				       wp_text(test, "comment"), wp_text(test, "result"), c.why);
				continue;
			}
			total++;
			if (wp_judge(test, v, refused_flag))
				passed++;
			else
				printf("FAIL: %s #%d (%s, %s): verdict %d, %s\n", file, id,
				       wp_text(test, "comment"), wp_text(test, "result"), v, berth_err_detail());
		}
	}
	VECTORS(path + strlen("tests/vectors/"), passed, total);
	CHECK(stated == 0 && total > 0 && passed == total);
	berth_json_free(root);
	free(text);
}

#endif
