/* SPDX-License-Identifier: Apache-2.0 */
/* What is inside of a backup: files that lie within it; and one for a key from the outside. */
#include <stdlib.h>

#include "agent/cli/backup.h"
#include "did/crypto/keypair.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void open_with(const uint8_t *p, size_t n)
{
	static const uint8_t scalar[32] = { 1, 2, 3 };
	struct berth_buf plain = BERTH_BUF_INIT;
	struct berth_privkey mine;

	if (berth_keypair_from_private(&mine, BERTH_KEY_X25519, scalar, sizeof(scalar)))
		abort();
	if (berth_backup_open_with(&plain, p, n, &mine) && plain.len)
		abort();
	berth_buf_free(&plain);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	const struct berth_buf plain = { .p = (uint8_t *)(uintptr_t)p, .len = n };
	struct berth_backup_file f[BERTH_BACKUP_FILES_MAX];
	size_t files;

	open_with(p, n);
	if (berth_backup_files(f, &files, &plain))
		return 0;
	for (size_t i = 0; i < files; i++)
		if (f[i].n && (f[i].p < p || f[i].p + f[i].n > p + n))
			abort();
	return 0;
}
