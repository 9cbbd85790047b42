/* SPDX-License-Identifier: Apache-2.0 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "did/keystore/file.h"
#include "did/keystore/secret_file.h"

static const struct berth_secret_file passphrase = { .what = "passphrase file", .max = 4096 };

enum berth_err berth_passphrase_read(struct berth_secret **out, const char *file)
{
	enum berth_err rc;
	bool there;

	*out = NULL;
	if (!file)
		file = secure_getenv("BERTH_PASSPHRASE_FILE");
	if (file && file[0])
		return berth_secret_file_read(out, &passphrase, file);
	rc = berth_secret_file_credential(out, &passphrase, "berth-passphrase", &there);
	if (!rc && !there)
		rc = berth_fail(BERTH_E_KEYSTORE, "a sealed file needs a passphrase: --passphrase-file, "
				"passphrase-file in [keystore], $BERTH_PASSPHRASE_FILE, or the systemd "
				"credential berth-passphrase");
	return rc;
}

struct tally { size_t hex, b64, upper, lower, digit; };

static struct tally count(const uint8_t *p, size_t n)
{
	struct tally t = { 0 };

	for (size_t i = 0; i < n; i++) {
		t.hex += isxdigit(p[i]) != 0;
		t.upper += isupper(p[i]) != 0;
		t.lower += islower(p[i]) != 0;
		t.digit += isdigit(p[i]) != 0;
		t.b64 += isalnum(p[i]) || (p[i] && strchr("+/-_", p[i]));
	}
	return t;
}

bool berth_passphrase_is_key(const struct berth_secret *pass)
{
	size_t n = pass->len;

	if (n >= 64) {
		struct tally t = count(pass->b, n);

		return t.hex == n && t.digit && t.digit < n;
	}
	if (n == 44 && pass->b[43] == '=')
		n--;
	if (n != 43)
		return false;
	struct tally t = count(pass->b, n);

	/* a sentence without blanks is not a key */
	return t.b64 == n && t.upper > 3 && t.lower > 3 && t.digit > 1;
}
