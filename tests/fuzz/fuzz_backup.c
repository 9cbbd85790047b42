/* SPDX-License-Identifier: Apache-2.0 */
/* What is inside of a backup: files that lie within it. */
#include <stdlib.h>

#include "agent/cli/backup.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	const struct berth_buf plain = { .p = (uint8_t *)(uintptr_t)p, .len = n };
	struct berth_backup_file f[BERTH_BACKUP_FILES_MAX];
	size_t files;

	if (berth_backup_files(f, &files, &plain))
		return 0;
	for (size_t i = 0; i < files; i++)
		if (f[i].n && (f[i].p < p || f[i].p + f[i].n > p + n))
			abort();
	return 0;
}
