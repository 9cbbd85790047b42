/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_DID_KEYSTORE_FILE_IMPL_H
#define BERTH_DID_KEYSTORE_FILE_IMPL_H

/* Private to the files of a keystore's file (file*.c). */
#include <sys/stat.h>

#include "did/keystore/file.h"

/* E_KEYSTORE for errno.  break: what is on the disk is not known from here on. */
BERTH_MUST_USE enum berth_err berth_ksfile_sys(const struct berth_ksfile *f, const char *what);
BERTH_MUST_USE enum berth_err berth_ksfile_break(struct berth_ksfile *f, const char *what);

/* Waits for a process that is just done, but not for long. */
BERTH_MUST_USE enum berth_err berth_ksfile_lock(const struct berth_ksfile *f, int fd);
/* fd, which is locked, is f's from now on. */
BERTH_MUST_USE enum berth_err berth_ksfile_adopt(struct berth_ksfile *f, int fd, const struct stat *st);
/* E_KEYSTORE: somebody has put another one in its place since it was opened. */
BERTH_MUST_USE enum berth_err berth_ksfile_check_current(const struct berth_ksfile *f);
BERTH_MUST_USE enum berth_err
berth_ksfile_write_at(const struct berth_ksfile *f, int fd, const struct berth_buf *b, size_t from);

/* Into the slot whose turn it is; the other one stays what it is. */
BERTH_MUST_USE enum berth_err berth_ksfile_write_slot(struct berth_ksfile *f, const struct berth_buf *contents);
/* The first slot alone is left.  Where that fails there are two, and the later one counts. */
void berth_ksfile_drop_second_slot(struct berth_ksfile *f);
/* A new file with these contents is what the name leads to. */
BERTH_MUST_USE enum berth_err berth_ksfile_replace(struct berth_ksfile *f, const struct berth_buf *contents);

#endif
