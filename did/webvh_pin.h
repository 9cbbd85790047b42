/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_DID_WEBVH_PIN_H
#define BERTH_DID_WEBVH_PIN_H

#include "berth/err.h"
#include "did/base/buf.h"
#include "did/webvh_log.h"

/* What is kept of a log that was verified: "webvh1 SCID versionId", of its last entry, and
 * " deactivated" behind it where it is that.  The versionId holds the hash of all there
 * was, so a later log either goes on from there or is another one. */

/* pin: "" for none.  E_STORE: it is none; E_RESOLVE: log is shorter (roll-back), has another
 * entry there (fork), or is of another SCID. */
BERTH_MUST_USE enum berth_err berth_webvh_pin_check(const char *pin, const struct berth_webvh_log *log);

/* Appends the pin of log where it is further than the old one, nothing else. */
BERTH_MUST_USE enum berth_err
berth_webvh_pin_move(struct berth_buf *out, const char *old, const struct berth_webvh_log *log);

#endif /* BERTH_DID_WEBVH_PIN_H */
