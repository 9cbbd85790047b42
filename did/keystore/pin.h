/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_DID_KEYSTORE_PIN_H
#define BERTH_DID_KEYSTORE_PIN_H

#include "did/keystore/secret_file.h"

#define BERTH_PIN_MAX 255

/* The PIN of a token: from the file named (ours, mode 0600), else the systemd
 * credential berth-pin.  Nothing else knows where PINs come from.  stamp changes
 * when the source does, so that a PIN that was refused is not tried again. */
BERTH_MUST_USE enum berth_err
berth_pin_read(struct berth_secret **out, const char *source, uint8_t stamp[BERTH_SECRET_STAMP_LEN]);

#endif
