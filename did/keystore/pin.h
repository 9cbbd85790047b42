/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_DID_KEYSTORE_PIN_H
#define BERTH_DID_KEYSTORE_PIN_H

#include <stdbool.h>

#include "berth/err.h"
#include "did/base/secret.h"

#define BERTH_PIN_MAX 255

/* The PIN of a token: from the file named (ours, mode 0600), else the systemd
 * credential berth-pin.  Either may be a blob of `berth key seal-pin`, which the TPM at
 * tcti opens (NULL: $BERTH_TCTI, else the default).  Nothing else knows where PINs come
 * from. */
BERTH_MUST_USE enum berth_err berth_pin_read(struct berth_secret **out, const char *source, const char *tcti);

/* A token counts wrong PINs and is useless after a few, so one that was refused is not
 * tried again, by this process or the next: the file pin-refused of the folder dir
 * knows it by a salted Argon2id hash.  Whoever can read that file is the user who can
 * read the PIN. */
bool berth_pin_was_refused(int dir, const struct berth_secret *pin);
/* A failure is logged. */
void berth_pin_refused(int dir, const struct berth_secret *pin);

#endif
