/* SPDX-License-Identifier: Apache-2.0 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "did/base/cur.h"
#include "did/keystore/file.h"

#define PASSPHRASE_MAX 4096
#define CREDENTIAL "berth-passphrase"

static enum berth_err sys(const char *path)
{
	int e = errno;

	return berth_fail(BERTH_E_KEYSTORE, "passphrase file %s: %s (uid %u)", path, strerror(e),
			  (unsigned)geteuid());
}

/* systemd writes credentials 0400 and lets the service's user in by an access
 * list, which shows in the group bits; everywhere else the group gets nothing. */
static enum berth_err check_mode(const char *path, int fd, bool credential)
{
	struct stat st;

	if (fstat(fd, &st) != 0)
		return sys(path);
	if (!S_ISREG(st.st_mode))
		return berth_fail(BERTH_E_KEYSTORE, "passphrase file %s: not a regular file", path);
	if (st.st_uid != geteuid() && !(credential && st.st_uid == 0))
		return berth_fail(BERTH_E_KEYSTORE, "passphrase file %s: belongs to uid %u, this is uid %u",
				  path, (unsigned)st.st_uid, (unsigned)geteuid());
	if (st.st_mode & (credential ? 0007 : 0077))
		return berth_fail(BERTH_E_KEYSTORE, "passphrase file %s: mode is %04o, must be 0600", path,
				  (unsigned)(st.st_mode & 07777));
	return BERTH_OK;
}

static size_t trimmed(const uint8_t *p, size_t n)
{
	if (n > 0 && p[n - 1] == '\n')
		n--;
	if (n > 0 && p[n - 1] == '\r')
		n--;
	return n;
}

static enum berth_err slurp(struct berth_secret **out, const char *path, int fd)
{
	struct berth_secret *raw = berth_secret_new(PASSPHRASE_MAX + 1), *pass = NULL;
	enum berth_err rc = BERTH_OK;
	size_t n = 0;
	ssize_t got = 1;

	if (!raw)
		return berth_fail(BERTH_E_NOMEM, "passphrase");
	while (got > 0 && n < raw->len)
		if ((got = read(fd, raw->b + n, raw->len - n)) > 0)
			n += (size_t)got;
	if (got < 0)
		rc = sys(path);
	else if (n > PASSPHRASE_MAX || (n = trimmed(raw->b, n)) == 0)
		rc = berth_fail(BERTH_E_KEYSTORE, "passphrase file %s: holds none, or more than %d bytes",
				path, PASSPHRASE_MAX);
	else if (!(pass = berth_secret_new(n)))
		rc = berth_fail(BERTH_E_NOMEM, "passphrase");
	else
		memcpy(pass->b, raw->b, n);
	berth_secret_free(raw);
	*out = pass;
	return rc;
}

static enum berth_err read_file(struct berth_secret **out, const char *path, bool credential)
{
	enum berth_err rc;
	int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0)
		return sys(path);
	if (!(rc = check_mode(path, fd, credential)))
		rc = slurp(out, path, fd);
	close(fd);
	return rc;
}

static enum berth_err read_credential(struct berth_secret **out)
{
	const char *dir = secure_getenv("CREDENTIALS_DIRECTORY");
	char *path = NULL;
	enum berth_err rc;

	if (!dir || !dir[0])
		return berth_fail(BERTH_E_KEYSTORE, "a sealed file needs a passphrase: --passphrase-file, "
				  "passphrase-file in [keystore], $BERTH_PASSPHRASE_FILE, or the systemd "
				  "credential " CREDENTIAL);
	if (asprintf(&path, "%s/" CREDENTIAL, dir) < 0)
		return berth_fail(BERTH_E_NOMEM, "passphrase");
	rc = read_file(out, path, true);
	free(path);
	return rc;
}

enum berth_err berth_passphrase_read(struct berth_secret **out, const char *file)
{
	*out = NULL;
	if (!file)
		file = secure_getenv("BERTH_PASSPHRASE_FILE");
	return file && file[0] ? read_file(out, file, false) : read_credential(out);
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
