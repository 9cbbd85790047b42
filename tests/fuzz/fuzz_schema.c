/* SPDX-License-Identifier: Apache-2.0 */
/* {"schema": ..., "value": ...}; and the input as a pattern over itself. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "vc/pattern.h"
#include "vc/schema.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void pattern(const uint8_t *p, size_t n)
{
	char *text = malloc(n + 1);
	struct berth_pattern *x;
	size_t budget = 1 << 20;
	bool found;

	if (!text)
		abort();
	memcpy(text, p, n);
	text[n] = '\0';
	if (!berth_pattern_parse(&x, text)) {
		if (berth_pattern_search(x, text, &budget, &found) && budget)
			abort();
		berth_pattern_free(x);
	}
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	size_t budget = 1 << 16;
	struct berth_json *doc;
	bool valid;

	pattern(p, n);
	if (berth_json_parse(&doc, (const char *)p, n, 1 << 16))
		return 0;
	if (berth_json_get(doc, "schema") && berth_json_get(doc, "value") &&
	    !berth_schema_check(berth_json_get(doc, "schema")))
		(void)!berth_schema_validate(berth_json_get(doc, "schema"), berth_json_get(doc, "value"), &budget, &valid);
	berth_json_free(doc);
	return 0;
}
