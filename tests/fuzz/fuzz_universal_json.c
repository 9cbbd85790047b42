/* SPDX-License-Identifier: Apache-2.0 */
/* The octets of a member, as the universal adapter cuts them out: never outside of the
 * text, and of what is JSON exactly that member. */
#include "registry-adapters/universal/json.c"

#include <stdlib.h>

#include "did/base/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void check_member(const char *text, size_t n, const struct berth_json *want)
{
	struct berth_json *got;
	size_t len = 0;
	const char *raw = uni_member(text, n, berth_json_key(want), &len);

	if (!raw) {	/* a name that is written with escapes is not found */
		if (!berth_json_is(want, BERTH_JSON_NULL) && !memchr(text, '\\', n))
			abort();
		return;
	}
	if (berth_json_parse(&got, raw, len, n))
		abort();
	if (!berth_json_equal(got, want) && !memchr(text, '\\', n))
		abort();
	berth_json_free(got);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	char *exact = malloc(n ? n : 1);	/* so that a read behind it is seen */
	struct berth_json *v = NULL;
	const char *raw;
	size_t len = 0;
	cJSON *c;

	if (!exact)
		return 0;
	memcpy(exact, p, n);
	raw = uni_member(exact, n, "didDocument", &len);
	if (raw && (raw < exact || raw + len > exact + n))
		abort();
	c = uni_parse((uint8_t *)exact, n);
	(void)uni_has_private_key(c);
	cJSON_Delete(c);
	if (berth_json_parse_object(&v, exact, n, n) == BERTH_OK)
		berth_json_each(m, v)
			check_member(exact, n, m);
	berth_json_free(v);
	free(exact);
	return 0;
}
