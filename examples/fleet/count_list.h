/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_EXAMPLES_FLEET_COUNT_LIST_H
#define BERTH_EXAMPLES_FLEET_COUNT_LIST_H

#include "did/base/key.h"
#include "did/crypto/aead.h"
#include "examples/fleet/count.h"

/* Of a primitive that count.c has seen.  header: octets that are authenticated with it. */
void list_sealed(enum berth_enc e, size_t header, const void *text, size_t n);
void list_opened(enum berth_enc e, size_t header, const void *text, size_t n, size_t sealed);
void list_signed(enum berth_key_type type, const void *msg, size_t n);
void list_verified(enum berth_key_type type, const void *msg, size_t n);
void list_key(const char *what, enum berth_key_type type);
void list_known(const struct berth_pubkey *own);	/* nobody reads that out of a document */
const char *list_type(enum berth_key_type type);

#endif
