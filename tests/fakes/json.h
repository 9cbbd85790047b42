/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_TESTS_FAKES_JSON_H
#define BERTH_TESTS_FAKES_JSON_H

#include "did/base/json.h"

/* What is JSON for sure, with numbers as they are written; berth_json_free(). */
struct berth_json *test_json(const char *text);
struct berth_json *test_json_file(const char *path);	/* of any size; numbers as they are used */
const char *test_str(const struct berth_json *v, const char *key);	/* NULL: no such text */

#endif
