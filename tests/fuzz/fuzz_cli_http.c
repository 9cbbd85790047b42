/* SPDX-License-Identifier: Apache-2.0 */
/* What berth takes for an answer of the daemon lies within what it received. */
#include <stdlib.h>

#include "agent/cli/cli_client.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	const char *body;
	int status;
	size_t len;

	if (berth_cli_http_parse((const char *)p, n, &status, &body, &len))
		return 0;
	if (body < (const char *)p || body + len != (const char *)p + n || status > 999)
		abort();
	return 0;
}
