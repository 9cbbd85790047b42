/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_DIDCOMM_V1_H
#define BERTH_DIDCOMM_V1_H

#include <stdbool.h>

#include "berth/err.h"
#include "did/base/json.h"

/* DIDComm v1 (Aries RFC 0019) is not spoken here.  It is recognized, once something
 * has been refused, so that people read why. */

/* Its protected header has typ JWM/1.0, or alg Authcrypt or Anoncrypt. */
bool berth_v1_is_envelope(const struct berth_json *envelope);
/* It names its type "@type". */
bool berth_v1_is_message(const struct berth_json *plaintext);

enum berth_err berth_v1_refuse(void);	/* E_ENV, with the one text */

#endif
