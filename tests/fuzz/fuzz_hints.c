/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever is accepted is within the caps, and of a network. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "agent/protocol/hints.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct berth_hints h;

	if (berth_hints_parse(&h, (const char *)p, n))
		return 0;
	if (n > BERTH_HINTS_TEXT_MAX || h.n > BERTH_HINTS_MAX)
		abort();
	for (size_t i = 0; i < h.n; i++)
		if (strlen(h.v[i].uri) > BERTH_HINT_URI_MAX || !strstr(h.v[i].uri, "://") ||
		    strpbrk(h.v[i].uri, " \t\n") || berth_hint_is_for(&h.v[i], "") != !h.v[i].did)
			abort();
	berth_hints_free(&h);
	return 0;
}
