/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_DID_KEYSTORE_FILE_H
#define BERTH_DID_KEYSTORE_FILE_H

#include <stdbool.h>
#include <sys/types.h>

#include "did/base/buf.h"
#include "did/base/secret.h"
#include "did/keystore/slots.h"

/* The one file a keystore lives in: ours alone (regular, owner, 0600, one name,
 * no symlink), locked against a second process while open.  Every fault is E_KEYSTORE.
 *
 * Contents that take something away replace the file as a whole, so that what was there is
 * nowhere in it.  Contents that only add (keep) go into the slot whose turn it is
 * (slots.h): one write and one sync in place, where a new file costs two syncs and the
 * file system's own records.  Of these, what may get lost (later) is not synced: it goes to
 * the disk with the next that is, with the BERTH_COUNTER_LAG-th of its kind, or when the file
 * is closed.  A process that is killed loses nothing.  Closing leaves a file that was written
 * with one slot, in which no octet can change unseen. */
struct berth_ksfile {
	char *path;	/* for messages */
	char *folder;	/* where it lies */
	char *base, *tmp;
	int dir;	/* the folder */
	int fd;		/* locked; -1: there is no such file yet */
	dev_t dev;
	ino_t ino;
	struct berth_slots slots;
	bool writable;	/* fd; a file system may be read-only */
	bool written;	/* since it was opened */
	bool keep;	/* what the next write replaces has nothing that has to go; once */
	bool later;	/* with keep: the power may take it; once */
	bool broken;	/* a sync failed: what is on disk is not known */
	bool overwrite;	/* what the next write replaces is overwritten, as far as the file
			 * system and the disk do that; once */
};

/* BERTH_OK with fd == -1 when there is no file. */
BERTH_MUST_USE enum berth_err berth_ksfile_open(struct berth_ksfile *f, const char *path);
/* The file `keys` of a folder, which create makes (0700) where there is none; with
 * parents also those above it: on a machine where no daemon has run there is not even
 * /var/lib/berth.  E_KEYSTORE too when there is no such file and none is to be made. */
BERTH_MUST_USE enum berth_err
berth_ksfile_open_in(struct berth_ksfile *f, const char *dir, bool create, bool parents);
BERTH_MUST_USE enum berth_err berth_ksfile_make_folder(const char *dir, bool parents);
/* What is read is on the disk from then on. */
BERTH_MUST_USE enum berth_err berth_ksfile_read(struct berth_ksfile *f, struct berth_buf *contents);
/* Durable when it returns, unless later says otherwise.  Refuses when somebody else has replaced the file
 * since it was opened (C142: an older copy put in its place). */
BERTH_MUST_USE enum berth_err berth_ksfile_write(struct berth_ksfile *f, const struct berth_buf *contents);
void berth_ksfile_close(struct berth_ksfile *f);

/* The secret part, behind the readable head: nonce (24), XChaCha20-Poly1305 ciphertext,
 * tag (16); all before the ciphertext is authenticated with it.  unseal: head says where
 * it begins, what names the file, why_not says what a failure to open it means. */
#define BERTH_KSFILE_BOX_MORE 40
BERTH_MUST_USE enum berth_err
berth_ksfile_seal(struct berth_buf *file, const uint8_t key[32], const struct berth_buf *plain);
BERTH_MUST_USE enum berth_err
berth_ksfile_unseal(struct berth_buf *plain, const uint8_t key[32], const void *file, size_t len, size_t head,
		    const char *what, const char *why_not);

/* The passphrase of a sealed file: from the file named, else from the one that
 * $BERTH_PASSPHRASE_FILE names, else $CREDENTIALS_DIRECTORY/berth-passphrase (a
 * systemd credential).  One final newline is not part of it. */
BERTH_MUST_USE enum berth_err
berth_passphrase_read(struct berth_secret **out, const char *file);
/* Made by a machine, 256 bits or more: 64 and more hex digits, or 32 bytes as
 * base64 or base64url. */
bool berth_passphrase_is_key(const struct berth_secret *pass);

#endif
