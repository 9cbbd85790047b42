/* SPDX-License-Identifier: Apache-2.0 */
/* A factory's batch file, as a buyer reads it. */
#include <stdlib.h>

#include "agent/cli/cli_client.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct berth_json *file;

	if (berth_json_parse(&file, (const char *)p, n, BERTH_CLI_FILE_MAX))
		return 0;
	if (berth_cli_batch_check(file) == BERTH_OK &&
	    (!berth_cli_is_batch(file) || !berth_json_len(berth_json_get(file, "chains"))))
		abort();
	berth_json_free(file);
	return 0;
}
