/* SPDX-License-Identifier: Apache-2.0 */
/* store_secrets FILE PASSPHRASE-FILE: every secret of a sealed file, one a line, name
 * and hex: what test_memory.py then looks for where it must not be. */
#include <stdio.h>

#include "did/keystore/file.h"
#include "did/keystore/soft_file.h"
#include "tests/check.h"
#include "tests/unit/did/keystore/contents.h"

static void say(const char *name, const uint8_t *p, size_t n)
{
	printf("%s ", name);
	for (size_t i = 0; i < n; i++)
		printf("%02x", p[i]);
	printf("\n");
}

int main(int argc, char **argv)
{
	struct berth_secret *pass, *body, *key;
	struct berth_soft_kdf kdf;
	size_t n;
	char *file;

	if (argc != 3)
		return 64;
	berth_crypto_init();
	file = test_contents(argv[1], &n);
	if (berth_passphrase_read(&pass, argv[2]) || berth_soft_file_open(&body, &kdf, &key, file, n, pass)) {
		fprintf(stderr, "%s\n", berth_err_detail());
		return 1;
	}
	const struct berth_soft_body *b = berth_soft_body(body);

	say("file-key", key->b, key->len);
	say("record-key", b->kek, sizeof(b->kek));
	say("epoch-record-key", b->epoch_kek, sizeof(b->epoch_kek));
	for (size_t i = 0; i < b->n; i++)
		say(b->key[i].name, b->key[i].priv.b, b->key[i].priv.len);
	berth_secret_free(pass);
	berth_secret_free(body);
	berth_secret_free(key);
	free(file);
	return 0;
}
