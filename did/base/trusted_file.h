/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_DID_BASE_TRUSTED_FILE_H
#define BERTH_DID_BASE_TRUSTED_FILE_H

#include <stddef.h>

#include "berth/err.h"

/* Opens path to load code from it, *fd owned.  It is absolute, plain (no empty,
 * "." or ".." part, no symlink anywhere), a regular file of 1 to max bytes, and
 * neither it nor a folder on the way can be changed by anybody but root and the
 * user we run as.  (A folder above the file's own may be open to others when it is
 * sticky, as /tmp is: what stands in it then belongs to its owner.)  Else code. */
BERTH_MUST_USE enum berth_err
berth_trusted_open(int *fd, const char *path, size_t max, enum berth_err code);

#endif
