/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_DID_KEYSTORE_SECRET_FILE_H
#define BERTH_DID_KEYSTORE_SECRET_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "berth/err.h"
#include "did/base/secret.h"

/* Files that hold one line of text for us alone: a passphrase, a PIN.  One final
 * newline is not part of it.  Every fault is E_KEYSTORE and names the file. */
struct berth_secret_file {
	const char *what;	/* "passphrase file" */
	size_t max;		/* bytes */
	/* A file that begins with these octets is none of text: it is taken whole, as it
	 * is, up to blob_max bytes.  NULL: there are no such. */
	const char *blob;
	size_t blob_max;
};
/* Whether what was read is such a blob. */
bool berth_secret_file_is_blob(const struct berth_secret_file *f, const struct berth_secret *s);

/* A regular file of ours, mode 0600, no symlink. */
BERTH_MUST_USE enum berth_err
berth_secret_file_read(struct berth_secret **out, const struct berth_secret_file *f, const char *path);
/* The systemd credential of that name.  *there false, BERTH_OK: the service
 * manager gave us no folder of credentials. */
BERTH_MUST_USE enum berth_err
berth_secret_file_credential(struct berth_secret **out, const struct berth_secret_file *f, const char *name,
			     bool *there);

#endif
