/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_AGENT_CLI_BACKUP_H
#define BERTH_AGENT_CLI_BACKUP_H

#include <stddef.h>

#include "berth/err.h"
#include "did/base/buf.h"
#include "did/base/key.h"
#include "did/base/secret.h"

/* A backup is one file, version 1:
 *
 *   magic "BERTHBAK"  version u8 = 01  passes u32  KiB u32  salt (16)
 *   nonce (24)  tag (16)  ciphertext
 *
 * or, for somebody's public key, version 2:
 *
 *   magic "BERTHBAK"  version u8 = 02  ephemeral public key (u8 + bytes)
 *   nonce (24)  tag (16)  ciphertext
 *
 * XChaCha20-Poly1305 under Argon2id of the passphrase, or under Concat KDF of the agreement of
 * the ephemeral key with the recipient's (both of its type, both in the KDF); all in front of the
 * tag is its associated data.  Inside, once for each file: name (u16 + text)  size u64  bytes. */
#define BERTH_BACKUP_MAGIC "BERTHBAK"
#define BERTH_BACKUP_TO_KEY 2
#define BERTH_BACKUP_MAX ((size_t)512 << 20)
#define BERTH_BACKUP_NAME_MAX 128
#define BERTH_BACKUP_FILES_MAX 16

struct berth_backup_file { char name[BERTH_BACKUP_NAME_MAX + 1]; const uint8_t *p; size_t n; };

/* Appends one file to what will be sealed. */
void berth_backup_add(struct berth_buf *plain, const char *name, const void *p, size_t n);
BERTH_MUST_USE enum berth_err
berth_backup_seal(struct berth_buf *out, const struct berth_buf *plain, const struct berth_secret *passphrase);
/* For whoever has the private key of `to`, which can agree: E_KEY else. */
BERTH_MUST_USE enum berth_err
berth_backup_seal_to(struct berth_buf *out, const struct berth_buf *plain, const struct berth_pubkey *to);
/* E_ENV: no backup, or one under a passphrase; E_DECRYPT: for another key, changed or cut short. */
BERTH_MUST_USE enum berth_err
berth_backup_open_with(struct berth_buf *plain, const void *p, size_t n, const struct berth_privkey *mine);
/* E_ENV: no backup, or of a version or a cost that we do not take; E_DECRYPT: another
 * passphrase, a changed byte or a cut end, without saying which. */
BERTH_MUST_USE enum berth_err
berth_backup_open(struct berth_buf *plain, const void *p, size_t n, const struct berth_secret *passphrase);
/* What berth_backup_add() put there; borrowed from plain.  E_ENV. */
BERTH_MUST_USE enum berth_err
berth_backup_files(struct berth_backup_file files[BERTH_BACKUP_FILES_MAX], size_t *n, const struct berth_buf *plain);

#endif /* BERTH_AGENT_CLI_BACKUP_H */
