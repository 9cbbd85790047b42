/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_DID_KEYCHAIN_H
#define BERTH_DID_KEYCHAIN_H

#include "berth/key.h"
#include "did/keystore/keystore.h"

/* What stands behind the installed handle, for the other parts of libberth. */

/* Borrowed until the keychain is closed. */
struct berth_keystore *berth_keychain_store(struct berth_keychain *k);
/* The key that a name of berth/key.h means. */
BERTH_MUST_USE enum berth_err
berth_keychain_find(struct berth_keychain *k, const char *name, struct berth_key_info *info);

#endif
