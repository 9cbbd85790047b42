/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_DID_PEER_SERVICE_H
#define BERTH_DID_PEER_SERVICE_H

#include <stddef.h>

#include "berth/err.h"
#include "did/base/buf.h"
#include "did/base/json.h"

/* The service elements of did:peer:2. */

/* Appends one element, ".S" and the abbreviated JSON as base64url.  E_DID: not an
 * object, or its id is not relative. */
BERTH_MUST_USE enum berth_err
berth_peer_service_encode(struct berth_buf *did, const struct berth_json *service);

/* Pushes the service (or, in the older encoding, the array of services) that the
 * element's base64url holds.  *unnamed counts services that had no id and got
 * "#service", "#service-1" and so on.  E_DID. */
BERTH_MUST_USE enum berth_err
berth_peer_service_decode(struct berth_json *services, size_t *unnamed, const char *b64, size_t n);

/* Gives a service without an id the next of these names. */
BERTH_MUST_USE enum berth_err berth_peer_service_name(struct berth_json *service, size_t *unnamed);

#endif /* BERTH_DID_PEER_SERVICE_H */
