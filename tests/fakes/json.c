/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/check.h"
#include "tests/fakes/json.h"

struct berth_json *test_json(const char *text)
{
	struct berth_json *j;

	CHECK_OK(berth_json_parse_exact(&j, text, strlen(text), BERTH_JSON_MAX));
	return j;
}

struct berth_json *test_json_file(const char *path)
{
	struct berth_json *j;
	size_t n;
	char *text = test_read_file(path, &n);

	CHECK_OK(berth_json_parse(&j, text, n, n));
	free(text);
	return j;
}

const char *test_str(const struct berth_json *v, const char *key)
{
	return berth_json_str(berth_json_get(v, key));
}
