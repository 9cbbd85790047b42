/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_DID_JOSE_MULTIKEY_H
#define BERTH_DID_JOSE_MULTIKEY_H

#include <stddef.h>

#include "berth/err.h"
#include "did/base/buf.h"
#include "did/base/key.h"

#define BERTH_MULTIKEY_MAX 256	/* characters; a P-521 key takes 95 */

/* A public key as Multikey text ("z6Mk..."): multibase('z', codec || key), EC
 * points compressed.  Anything wrong with the text or the point: E_KEY (E_SIZE
 * above the cap).  out is BERTH_KEY_NONE on failure. */
BERTH_MUST_USE enum berth_err
berth_multikey_parse(struct berth_pubkey *out, const char *s, size_t n);
BERTH_MUST_USE enum berth_err
berth_multikey_format(struct berth_buf *out, const struct berth_pubkey *key);

/* The secret half ("z3u2..."): multibase('z', codec || seed or scalar), as
 * privateKeyMultibase has it.  out: berth_privkey_wipe(). */
BERTH_MUST_USE enum berth_err
berth_multikey_parse_private(struct berth_privkey *out, const char *s, size_t n);

#endif
