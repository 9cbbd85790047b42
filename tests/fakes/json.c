/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/check.h"
#include "tests/fakes/json.h"

struct berth_json *test_json(const char *text)
{
	struct berth_json *j;

	CHECK_OK(berth_json_parse_exact(&j, text, strlen(text), BERTH_JSON_MAX));
	return j;
}
