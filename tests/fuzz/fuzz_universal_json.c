/* SPDX-License-Identifier: Apache-2.0 */
/* What the universal adapter reads of somebody's JSON. */
#include "registry-adapters/universal/json.c"

#include <stdlib.h>

#include "did/base/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

/* What is JSON to the agent is to the adapter, which only asks what it is about. */
int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	uint8_t *exact = malloc(n ? n : 1);	/* so that a read behind it is seen */
	cJSON *v;

	if (!exact)
		return 0;
	memcpy(exact, p, n);
	v = uni_parse(exact, n);
	if (!v && berth_json_check((const char *)exact, n, n) == BERTH_OK)
		abort();
	(void)uni_has_private_key(v);
	cJSON_Delete(v);
	free(exact);
	return 0;
}
