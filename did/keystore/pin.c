/* SPDX-License-Identifier: Apache-2.0 */
#include "did/keystore/pin.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "did/base/log.h"
#include "did/base/rand.h"
#include "did/crypto/pwhash.h"
#include "did/keystore/secret_file.h"
#include "did/keystore/tpm2_seal.h"

#define REFUSED_FILE "pin-refused"	/* salt, hash */
#define HASH_LEN 32
#define REFUSED_LEN (BERTH_PWHASH_SALT_LEN + HASH_LEN)
#define ARGON2_PASSES 3
#define ARGON2_KIB (16 * 1024)

static const struct berth_secret_file pin_file = {
	.what = "PIN file", .max = BERTH_PIN_MAX, .blob = BERTH_TPM2_SEALED_MAGIC, .blob_max = BERTH_TPM2_SEALED_MAX
};

static enum berth_err read_source(struct berth_secret **out, const char *source)
{
	enum berth_err rc;
	bool there;

	if (source && source[0])
		return berth_secret_file_read(out, &pin_file, source);
	rc = berth_secret_file_credential(out, &pin_file, "berth-pin", &there);
	if (!rc && !there)
		rc = berth_fail(BERTH_E_KEYSTORE, "a token needs its PIN: pin-source in [keystore] or in the URI, "
				"or the systemd credential berth-pin");
	return rc;
}

enum berth_err berth_pin_read(struct berth_secret **out, const char *source, const char *tcti)
{
	struct berth_secret *blob;
	enum berth_err rc = read_source(out, source);

	if (rc || !berth_secret_file_is_blob(&pin_file, *out))
		return rc;
	blob = *out;
	*out = NULL;
	rc = berth_tpm2_unseal_blob(out, tcti, BERTH_TPM2_LABEL_PIN, blob->b, blob->len);
	berth_secret_free(blob);
	return rc;
}

static enum berth_err hash(uint8_t out[HASH_LEN], const uint8_t *salt, const struct berth_secret *pin)
{
	return berth_argon2id(out, pin->b, pin->len, salt, ARGON2_PASSES, ARGON2_KIB);
}

bool berth_pin_was_refused(int dir, const struct berth_secret *pin)
{
	uint8_t old[REFUSED_LEN], now[HASH_LEN];
	int fd = openat(dir, REFUSED_FILE, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
	bool there = fd >= 0 && read(fd, old, sizeof(old)) == (ssize_t)sizeof(old);

	if (fd >= 0)
		close(fd);
	/* no memory for the hash: rather not tried */
	return there && (hash(now, old, pin) != BERTH_OK ||
			 berth_equal_ct(now, old + BERTH_PWHASH_SALT_LEN, sizeof(now)));
}

void berth_pin_refused(int dir, const struct berth_secret *pin)
{
	uint8_t b[REFUSED_LEN];
	int fd;

	berth_random(b, BERTH_PWHASH_SALT_LEN);
	unlinkat(dir, REFUSED_FILE, 0);
	fd = openat(dir, REFUSED_FILE, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0 || hash(b + BERTH_PWHASH_SALT_LEN, b, pin) != BERTH_OK ||
	    write(fd, b, sizeof(b)) != (ssize_t)sizeof(b) || fsync(fd) != 0)
		berth_log(BERTH_LOG_WARN, "pin", "cannot note that the PIN was refused: %m");
	if (fd >= 0)
		close(fd);
}
